"""The Anthropic format: messages made of blocks (section 5 of the API notes)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mimo_magics.core.errors import ApiError, BadOption, WireError
from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Request,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Auth
from mimo_magics.wire.auth import key_headers
from mimo_magics.wire.errors import frame_error
from mimo_magics.wire.json_values import load_object, parse_token_count, require_index, require_text
from mimo_magics.wire.openai import MISSING_TEXT_PLACEHOLDER, encode_thinking

path = "/v1/messages"
requires_max_tokens = True

API_VERSION = "2023-06-01"
STOP_REASONS = {
    "end_turn": "end",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "stop_sequence": "stop",
    "content_filter": "filter",
    "repetition_truncation": "repetition",
}
SYSTEM_ROLES = ("system", "developer")


def headers(key: Secret, auth: Auth = "api-key") -> dict[str, str]:
    """Return the headers of a call."""
    return {"anthropic-version": API_VERSION, **key_headers(key, auth)}


def encode(request: Request) -> dict[str, Any]:
    """Return the body of a call.

    Raises:
        BadOption: the request holds something that this format cannot say.
    """
    params = request.params
    if params.web_search:
        raise BadOption(
            Translatable("The Anthropic format has no web search."),
            Translatable("Use --api openai, or leave --web-search out."),
        )
    system = "\n\n".join(message.text for message in request.messages if message.role in SYSTEM_ROLES)
    tools = [_encode_tool(tool) for tool in request.tools]
    return {
        "model": params.model,
        **({"system": system} if system else {}),
        "messages": _encode_messages(request.messages, params),
        "stream": request.stream,
        **_encode_params(params),
        **({"tools": tools} if tools else {}),
        **({"tool_choice": _encode_tool_choice(params.tool_choice)} if tools and params.tool_choice else {}),
        **params.extra,
    }


def drop_refused_field(body: Mapping[str, Any], error: ApiError) -> dict[str, Any] | None:  # noqa: ARG001  the protocol's
    """Return `None`: nothing optional is sent in this format."""
    return None


def _encode_params(params: Params) -> dict[str, Any]:
    for name in ("frequency_penalty", "presence_penalty", "response_format"):
        if getattr(params, name) is not None:
            raise BadOption(
                Translatable("The Anthropic format has no {name}.", name=name),
                Translatable("Use --api openai, or leave it out."),
            )
    fields = {
        "max_tokens": params.max_completion_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "stop_sequences": list(params.stop) or None,
        "thinking": encode_thinking(params),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _encode_tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "type": "custom",
        "input_schema": tool.parameters,
    }


def _encode_tool_choice(choice: str) -> dict[str, Any]:
    types = {"auto": "auto", "none": "none", "required": "any"}
    return {"type": types[choice]} if choice in types else {"type": "tool", "name": choice}


def _encode_messages(messages: tuple[Message, ...], params: Params) -> list[dict[str, Any]]:
    """User and assistant in turns: neighbours of one role become one message, tool results a user's blocks."""
    body: list[dict[str, Any]] = []
    for message in messages:
        if message.role in SYSTEM_ROLES:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _encode_assistant(message, params) if role == "assistant" else _encode_prompt(message)
        if body and body[-1]["role"] == role:
            body[-1]["content"] += blocks
        else:
            body.append({"role": role, "content": blocks})
    return body


def _encode_assistant(message: Message, params: Params) -> list[dict[str, Any]]:
    """Reasoning goes back as it came, signed or not; it is made up where calls have lost it (7.1)."""
    parts = [part for part in message.parts if part != TextPart("")]
    if params.thinking is False:
        parts = [part for part in parts if not isinstance(part, ReasoningPart)]
    elif message.tool_calls and not any(isinstance(part, ReasoningPart) for part in parts):
        parts = [ReasoningPart(" "), *parts]
    if all(isinstance(part, ReasoningPart) for part in parts):
        parts.append(TextPart(MISSING_TEXT_PLACEHOLDER))
    return [_encode_block(part) for part in parts]


def _encode_prompt(message: Message) -> list[dict[str, Any]]:
    return [_encode_block(part) for part in message.parts]


def _encode_block(part: object) -> dict[str, Any]:
    match part:
        case TextPart(content):
            return {"type": "text", "text": content}
        case ReasoningPart(reasoning, signature):
            return {"type": "thinking", "thinking": reasoning, "signature": signature}
        case ToolCall(id_, name, arguments):
            return {"type": "tool_use", "id": id_, "name": name, "input": _encode_arguments(arguments)}
        case ToolResult():
            return _encode_tool_result(part)
        case ImagePart(url):
            return {"type": "image", "source": _encode_image_source(url)}
    raise BadOption(Translatable("The Anthropic format has no sound."), Translatable("Use --api openai."))


def _encode_arguments(arguments: str) -> dict[str, Any]:
    """This format wants an object; arguments that are none, or that JSON cannot carry, are kept as text."""
    try:
        value = json.loads(arguments or "{}")
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"unreadable": arguments}


def _encode_tool_result(result: ToolResult) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": result.id, "content": result.output or "(no output)"}
    return {**block, "is_error": True} if result.is_error else block


def _encode_image_source(url: str) -> dict[str, str]:
    head, comma, data = url.partition(";base64,")
    if not comma:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}


class Decoder:
    """Frames of one stream to events."""

    def __init__(self) -> None:
        self.is_done = False
        self._usage: dict[str, Any] = {}

    def feed(self, name: str, data: str) -> Iterator[Event]:
        """Decode one frame.

        Raises:
            ApiError: the server reports a failure in the middle of the stream.
            WireError: the frame is not JSON, or not an object.
        """
        if data == "[DONE]":  # gateways that also speak the OpenAI format append it
            return iter(())
        return self.decode_event(name, load_object(data))

    def decode_event(self, name: str, frame: Mapping[str, Any]) -> Iterator[Event]:
        """Decode one frame that is an object already."""
        if error := frame_error(frame):
            raise error
        match frame.get("type") or name:
            case "content_block_delta":
                yield from self._decode_delta(require_index(frame["index"]), frame["delta"])
            case "content_block_start":
                yield from self._decode_block_start(require_index(frame["index"]), frame["content_block"])
            case "message_start":
                yield from self._decode_message_start(frame["message"])
            case "message_delta":
                yield from self._update_usage(frame.get("usage"))
                if reason := (frame.get("delta") or {}).get("stop_reason"):
                    yield Stopped(STOP_REASONS.get(reason, str(reason)))
            case "message_stop":
                self.is_done = True

    def _decode_message_start(self, message: Mapping[str, Any]) -> Iterator[Event]:
        yield ResponseStarted(str(message.get("id") or ""), str(message.get("model") or ""))
        yield from self._update_usage(message.get("usage"))

    def _decode_block_start(self, block_index: int, block: Mapping[str, Any]) -> Iterator[Event]:
        """A block usually opens empty, but may bring its beginning or all of it."""
        if block["type"] == "tool_use":
            yield ToolCallStart(
                block_index, require_text(block.get("id") or ""), require_text(block.get("name") or "")
            )
            if block.get("input"):
                yield ToolCallDelta(block_index, json.dumps(block["input"], ensure_ascii=False))
        else:
            yield from self._decode_delta(block_index, {**block, "type": f"{block['type']}_delta"})
            if signature := block.get("signature"):
                yield ReasoningDelta("", require_text(signature))

    def _decode_delta(self, block_index: int, delta: Mapping[str, Any]) -> Iterator[Event]:
        match delta["type"]:
            case "text_delta":
                if fragment := delta["text"]:
                    yield TextDelta(require_text(fragment))
            case "thinking_delta":
                if reasoning := delta["thinking"]:
                    yield ReasoningDelta(require_text(reasoning))
            case "input_json_delta":
                if fragment := delta["partial_json"]:
                    yield ToolCallDelta(block_index, require_text(fragment))
            case "signature_delta":
                if signature := delta.get("signature"):
                    yield ReasoningDelta("", require_text(signature))

    def _update_usage(self, usage: Mapping[str, Any] | None) -> Iterator[Event]:
        """MiMo starts with zeros and tells the truth at the end; others tell each figure once."""
        self._usage |= {name: count for name, count in (usage or {}).items() if count}
        if self._usage:
            yield UsageUpdate(_decode_usage(self._usage))


def decode_full(body: bytes) -> Iterator[Event]:
    """Decode a whole reply as the frames of a stream, through the same decoder.

    Raises:
        ApiError: the body is an error.
        WireError: the body is no message.
    """
    message = load_object(body)
    if error := frame_error(message):
        raise error
    if not isinstance(message.get("content"), list):
        raise WireError(Translatable("The server's answer is no message."))
    decoder = Decoder()
    yield from decoder.decode_event("message_start", {**message, "type": "message_start", "message": message})
    for block_index, block in enumerate(message["content"]):
        yield from decoder.decode_event("content_block_start", {"index": block_index, "content_block": block})
    yield from decoder.decode_event("message_delta", {"delta": message})


def _decode_usage(usage: Mapping[str, Any]) -> Usage:
    """In this format `input_tokens` leaves out what was read from or written to the cache."""
    cache_reads = parse_token_count(usage.get("cache_read_input_tokens"))
    cache_writes = parse_token_count(usage.get("cache_creation_input_tokens"))
    uncached = parse_token_count(usage.get("input_tokens"))
    return Usage(
        uncached + cache_reads + cache_writes, parse_token_count(usage.get("output_tokens")), cache_reads
    )
