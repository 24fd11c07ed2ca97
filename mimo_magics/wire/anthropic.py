"""The Anthropic format: messages made of blocks (section 5 of the API notes)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Stopped,
    TextDelta,
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
    VideoPart,
    join_texts,
)
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Auth
from mimo_magics.wire.auth import key_headers
from mimo_magics.wire.errors import frame_error, other_format_error, unreadable_error
from mimo_magics.wire.json_values import (
    parse_token_count,
    read_delta,
    read_index,
    read_json_text,
    read_name,
    read_object,
    read_objects,
    read_stop_reason,
    read_text,
)
from mimo_magics.wire.openai import MISSING_TEXT_PLACEHOLDER, encode_thinking
from mimo_magics.wire.sent_calls import clean_name, read_arguments
from mimo_magics.wire.tool_call_deltas import ToolCallDeltas

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
NO_TEXT_PLACEHOLDER = "(no text)"
"""Text beside images that have none. A blank text is not enough in this format."""
USE_OPENAI = Translatable("Use --api openai.")


def headers(key: Secret, auth: Auth = "api-key") -> dict[str, str]:
    """Return the headers of a call."""
    return {"anthropic-version": API_VERSION, **key_headers(key, auth)}


def encode(request: Request) -> dict[str, Any]:
    """Return the body of a call.

    Raises:
        BadOption: the request contains something that this format does not support.
    """
    params = request.params
    if params.web_search:
        raise BadOption(
            Translatable("The Anthropic format does not support web search."),
            Translatable("Use --api openai, or omit --web-search."),
        )
    system = "\n\n".join(message.text for message in request.messages if message.role in SYSTEM_ROLES)
    tools = [_encode_tool(tool) for tool in request.tools]
    return {
        "model": params.model,
        **({"system": system} if system else {}),
        "messages": _encode_messages(request),
        "stream": request.stream,
        **_encode_params(params),
        **({"tools": tools} if tools else {}),
        **({"tool_choice": _encode_tool_choice(params.tool_choice)} if tools and params.tool_choice else {}),
        **params.extra,
    }


def _encode_params(params: Params) -> dict[str, Any]:
    for name in ("frequency_penalty", "presence_penalty", "response_format"):
        if getattr(params, name) is not None:
            raise BadOption(
                Translatable("The Anthropic format does not support {name}.", name=name),
                Translatable("Use --api openai, or omit it."),
            )
    fields = {
        "max_tokens": params.max_completion_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "stop_sequences": list(params.stop) or None,
        "thinking": encode_thinking(params.thinking),
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


def _encode_messages(request: Request) -> list[dict[str, Any]]:
    """Return alternating user and assistant messages. Adjacent messages of one role are merged; tool results are user blocks."""
    body: list[dict[str, Any]] = []
    for message in request.messages:
        if message.role in SYSTEM_ROLES:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _encode_assistant(message, request) if role == "assistant" else _encode_prompt(message)
        if body and body[-1]["role"] == role:
            body[-1]["content"] += blocks
        else:
            body.append({"role": role, "content": blocks})
    return body


def _encode_assistant(message: Message, request: Request) -> list[dict[str, Any]]:
    """Send reasoning back unchanged, signed or not; add a placeholder for calls that lack it (section 7.1)."""
    parts = [part for part in message.parts if part != TextPart("")]
    has_reasoning = any(isinstance(part, ReasoningPart) for part in parts)
    if request.params.thinking is False:
        parts = [part for part in parts if not isinstance(part, ReasoningPart)]
    elif message.tool_calls and not has_reasoning and request.fields.pads_reasoning:
        parts = [ReasoningPart(" "), *parts]
    if all(isinstance(part, ReasoningPart) for part in parts):
        parts.append(TextPart(MISSING_TEXT_PLACEHOLDER))
    return [_encode_block(part) for part in parts]


def _encode_prompt(message: Message) -> list[dict[str, Any]]:
    blocks = [_encode_block(part) for part in join_texts(message.parts)]
    # MiMo refuses an image without text.
    if any(isinstance(part, ImagePart) for part in message.parts) and not message.text:
        blocks.append({"type": "text", "text": NO_TEXT_PLACEHOLDER})
    return blocks


def _encode_block(part: object) -> dict[str, Any]:
    match part:
        case TextPart(content):
            return {"type": "text", "text": content}
        case ReasoningPart(reasoning, signature):
            return {"type": "thinking", "thinking": reasoning, "signature": signature}
        case ToolCall(id_, name, arguments):
            return {
                "type": "tool_use",
                "id": id_,
                "name": clean_name(name),
                "input": read_arguments(arguments),
            }
        case ToolResult():
            return _encode_tool_result(part)
        case ImagePart(url):
            return {"type": "image", "source": _encode_image_source(url)}
        case VideoPart():
            raise BadOption(Translatable("The Anthropic format does not support video."), USE_OPENAI)
    raise BadOption(Translatable("The Anthropic format does not support audio."), USE_OPENAI)


def _encode_tool_result(result: ToolResult) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": result.id, "content": result.output or "(no output)"}
    return {**block, "is_error": True} if result.is_error else block


def _encode_image_source(url: str) -> dict[str, str]:
    head, comma, data = url.partition(";base64,")
    if not comma:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}


class Decoder:
    """Decoder of one stream."""

    def __init__(self) -> None:
        self.is_done = False
        self._id: str | None = None
        self._usage: dict[str, Any] = {}
        self._calls = ToolCallDeltas()

    def feed(self, name: str, frame: Mapping[str, Any]) -> Iterator[Event]:
        """Decode one JSON object of the stream.

        Raises:
            ApiError: the server reports an error within the stream.
            WireError: the object has the other format.
        """
        if error := frame_error(frame):
            raise error
        if "choices" in frame:
            raise other_format_error("openai")
        match frame.get("type") or name:
            case "content_block_delta":
                yield from self._decode_delta(
                    read_index(frame.get("index")), read_delta(frame.get("delta"), "text")
                )
            case "content_block_start":
                yield from self._decode_block_start(
                    read_index(frame.get("index")), read_object(frame.get("content_block"))
                )
            case "message_start":
                yield from self._decode_message_start(read_object(frame.get("message")))
            case "message_delta":
                yield from self._update_usage(frame.get("usage"))
                if reason := read_object(frame.get("delta")).get("stop_reason"):
                    yield from self._calls.flush()
                    yield Stopped(read_stop_reason(reason, STOP_REASONS))
            case "message_stop":
                self.is_done = True

    def flush(self) -> Iterator[Event]:
        """Return the events that were held back, at the end of the stream."""
        yield from self._calls.flush()

    def _decode_message_start(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Decode a start. A second start with another id restarts the reply: a gateway switched to another server."""
        id_, model = read_name(message.get("id")), read_name(message.get("model"))
        if self._id is None:
            self._id = id_
            yield ResponseStarted(id_, model)
        elif id_ and id_ != self._id:
            self._id, self._usage, self._calls = id_, {}, ToolCallDeltas()
            yield ResponseRestarted(id_, model)
        yield from self._update_usage(message.get("usage"))

    def _decode_block_start(self, index: int | None, block: Mapping[str, Any]) -> Iterator[Event]:
        """Decode the start of a block, which is usually empty but may contain text or all of the block."""
        if block.get("type") == "tool_use":
            arguments = read_json_text(block.get("input") or None)
            yield from self._calls.open(
                index, read_name(block.get("id")), read_name(block.get("name")), arguments
            )
        else:
            yield from self._decode_delta(index, block)

    def _decode_delta(self, index: int | None, delta: Mapping[str, Any]) -> Iterator[Event]:
        if text := delta.get("text"):
            yield TextDelta(read_text(text))
        if reasoning := delta.get("thinking"):
            yield ReasoningDelta(read_text(reasoning))
        if arguments := delta.get("partial_json"):
            yield from self._calls.extend(index, read_json_text(arguments))
        if signature := delta.get("signature"):
            yield ReasoningDelta("", read_name(signature))

    def _update_usage(self, usage: Any) -> Iterator[Event]:
        """Merge usage. MiMo sends zeros first and the real counts at the end; others send each count once."""
        self._usage |= {name: count for name, count in read_object(usage).items() if count}
        if self._usage:
            yield UsageUpdate(_decode_usage(self._usage))


def decode_full(body: Mapping[str, Any]) -> Iterator[Event]:
    """Decode a full reply as the events of a stream, with the same decoder.

    Raises:
        ApiError: the body is an error.
        WireError: the body is not a message.
    """
    if error := frame_error(body):
        raise error
    if "choices" in body:
        raise other_format_error("openai")
    blocks = _read_blocks(body.get("content"))
    if blocks is None:
        raise unreadable_error(json.dumps(body).encode())
    decoder = Decoder()
    yield from decoder.feed("message_start", {"message": body})
    for index, block in enumerate(blocks):
        yield from decoder.feed("content_block_start", {"index": index, "content_block": block})
    yield from decoder.feed("message_delta", {"delta": body})
    yield from decoder.flush()


def _read_blocks(content: Any) -> list[Mapping[str, Any]] | None:
    """Return the blocks of a message, or `None` if it has no content."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = read_objects(content) if isinstance(content, list) else []
    return blocks if blocks or content == [] else None


def _decode_usage(usage: Mapping[str, Any]) -> Usage:
    """Return the usage. In this format `input_tokens` excludes tokens that were read from or written to the cache."""
    cache_reads = parse_token_count(usage.get("cache_read_input_tokens"))
    cache_writes = parse_token_count(usage.get("cache_creation_input_tokens"))
    uncached = parse_token_count(usage.get("input_tokens"))
    return Usage(
        uncached + cache_reads + cache_writes, parse_token_count(usage.get("output_tokens")), cache_reads
    )
