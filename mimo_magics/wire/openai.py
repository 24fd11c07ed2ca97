"""The OpenAI format: chat completions (sections 3 and 4 of the API notes)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mimo_magics.core.errors import ApiError, WireError
from mimo_magics.core.events import (
    Annotations,
    Event,
    Note,
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
    Annotation,
    AudioPart,
    ImagePart,
    Message,
    Params,
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

path = "/chat/completions"
requires_max_tokens = False

STOP_REASONS = {"stop": "end", "content_filter": "filter", "repetition_truncation": "repetition"}
MISSING_TEXT_PLACEHOLDER = "(no answer)"
"""Stands for an answer that never came, as content must be neither null nor empty."""

ANNOTATION_FIELDS = ("url", "title", "summary", "site_name", "publish_time")


def headers(key: Secret, auth: Auth = "bearer") -> dict[str, str]:
    """Return the headers of a call."""
    return key_headers(key, auth)


def encode(request: Request) -> dict[str, Any]:
    """Return the body of a call."""
    params = request.params
    tools = [*map(_encode_tool, request.tools), *_encode_web_search(params)]
    return {
        "model": params.model,
        "messages": [each for message in request.messages for each in _encode_message(message, params)],
        "stream": request.stream,
        **({"stream_options": {"include_usage": True}} if request.stream else {}),
        **_encode_params(params),
        **({"tools": tools} if tools else {}),
        **(
            {"tool_choice": _encode_tool_choice(params.tool_choice)}
            if request.tools and params.tool_choice
            else {}
        ),
        **params.extra,
    }


def drop_refused_field(body: Mapping[str, Any], error: ApiError) -> dict[str, Any] | None:
    """Return the body without the optional field that the server refused, if it was that.

    Some gateways know no `stream_options`; usage comes all the same.
    """
    if error.status == 400 and "stream_options" in body and "stream_options" in str(error):
        return {name: value for name, value in body.items() if name != "stream_options"}
    return None


def _encode_params(params: Params) -> dict[str, Any]:
    fields = {
        "max_completion_tokens": params.max_completion_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "stop": list(params.stop) or None,
        "frequency_penalty": params.frequency_penalty,
        "presence_penalty": params.presence_penalty,
        "response_format": params.response_format,
        "thinking": encode_thinking(params),
    }
    return {name: value for name, value in fields.items() if value is not None}


def encode_thinking(params: Params) -> dict[str, str] | None:
    """Return MiMo's own field, which both formats share."""
    return None if params.thinking is None else {"type": "enabled" if params.thinking else "disabled"}


def _encode_tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _encode_web_search(params: Params) -> Iterator[dict[str, Any]]:
    """Yield the tool that the server runs itself (3.3)."""
    if params.web_search:
        yield {"type": "web_search", "force_search": params.web_search == "force"}


def _encode_tool_choice(choice: str) -> str | dict[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _encode_message(message: Message, params: Params) -> Iterator[dict[str, Any]]:
    match message.role:
        case "assistant":
            yield _encode_assistant(message, params)
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"role": "tool", "tool_call_id": part.id, "content": part.output or "(no output)"}
        case _:
            yield {"role": message.role, "content": _encode_content(message)}


def _encode_assistant(message: Message, params: Params) -> dict[str, Any]:
    """MiMo refuses null content, and calls whose reasoning does not come back while it thinks (7.1)."""
    calls = message.tool_calls
    body: dict[str, Any] = {
        "role": "assistant",
        "content": message.text or ("" if calls else MISSING_TEXT_PLACEHOLDER),
    }
    reasoning = message.reasoning or (" " if calls else "")
    if reasoning and params.thinking is not False:
        body["reasoning_content"] = reasoning
    if calls:
        body["tool_calls"] = [_encode_tool_call(call) for call in calls]
    return body


def _encode_tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _encode_content(message: Message) -> str | list[dict[str, Any]]:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    parts = [_encode_part(part) for part in message.parts]
    if not message.text:  # a picture without text is refused: "`text` is not set"
        parts.append({"type": "text", "text": " "})
    return parts


def _encode_part(part: object) -> dict[str, Any]:
    match part:
        case TextPart(content):
            return {"type": "text", "text": content}
        case ImagePart(url):
            return {"type": "image_url", "image_url": {"url": url}}
        case AudioPart(url):
            return {"type": "input_audio", "input_audio": {"data": url}}
    raise TypeError(f"a prompt cannot hold {part!r}")


class Decoder:
    """Frames of one stream to events. MiMo sends every key in every delta, null where unused."""

    def __init__(self) -> None:
        self.is_done = False
        self._started = False
        self._call_index = 0

    def feed(self, name: str, data: str) -> Iterator[Event]:  # noqa: ARG002  the Anthropic format names its events
        """Decode one frame.

        Raises:
            ApiError: the server reports a failure in the middle of the stream.
            WireError: the frame is not JSON, or not an object.
        """
        if data == "[DONE]":
            self.is_done = True
            return
        chunk = load_object(data)
        if error := frame_error(chunk):
            raise error
        if not self._started:
            self._started = True
            yield ResponseStarted(str(chunk.get("id") or ""), str(chunk.get("model") or ""))
        for choice in chunk.get("choices") or ():
            if not choice.get("index"):  # further choices are never asked for
                yield from self._decode_choice(choice)
        if usage := chunk.get("usage"):
            yield UsageUpdate(_decode_usage(usage))

    def _decode_choice(self, choice: Mapping[str, Any]) -> Iterator[Event]:
        delta = choice.get("delta") or {}
        # vLLM and OpenRouter say `reasoning`; some gateways send both, with the same text
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            yield ReasoningDelta(require_text(reasoning))
        if content := delta.get("content"):
            yield TextDelta(require_text(content))
        if calls := delta.get("tool_calls"):
            for call in calls:
                yield from self._decode_tool_call(call)
        if annotations := delta.get("annotations"):
            yield Annotations(tuple(_decode_annotation(each) for each in annotations))
        if note := delta.get("error_message"):
            yield Note(str(note))
        if reason := choice.get("finish_reason"):
            yield Stopped(STOP_REASONS.get(reason, str(reason)))

    def _decode_tool_call(self, call: Mapping[str, Any]) -> Iterator[Event]:
        if call.get("index") is not None:
            self._call_index = require_index(call["index"])
        function = call.get("function") or {}
        if call.get("id") or function.get("name"):
            yield ToolCallStart(
                self._call_index, require_text(call.get("id") or ""), require_text(function.get("name") or "")
            )
        if arguments := function.get("arguments"):
            yield ToolCallDelta(self._call_index, require_text(arguments))


def decode_full(body: bytes) -> Iterator[Event]:
    """Decode a whole reply as one big delta, through the same decoder.

    Raises:
        ApiError: the body is an error.
        WireError: the body is no chat completion.
    """
    completion = load_object(body)
    if error := frame_error(completion):
        raise error
    if not isinstance(completion.get("choices"), list) or not completion["choices"]:
        raise WireError(Translatable("The server's answer is no chat completion."))
    choices = [_as_delta(choice) for choice in completion["choices"]]
    yield from Decoder().feed("", json.dumps({**completion, "choices": choices}))


def _as_delta(choice: Mapping[str, Any]) -> dict[str, Any]:
    message = choice.get("message") or {}
    calls = [{**call, "index": call_index} for call_index, call in enumerate(message.get("tool_calls") or ())]
    return {**choice, "delta": {**message, "tool_calls": calls}}


def _decode_usage(usage: Mapping[str, Any]) -> Usage:
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    return Usage(
        parse_token_count(usage.get("prompt_tokens")),
        parse_token_count(usage.get("completion_tokens")),
        parse_token_count(prompt.get("cached_tokens")),
        parse_token_count(completion.get("reasoning_tokens")),
        _count_web_searches(usage.get("web_search_usage")),
    )


def _count_web_searches(usage: Any) -> int:
    """Return how often the server searched; `page_usage`, the pages that it read, is not paid for."""
    count = parse_token_count(usage.get("tool_usage")) if isinstance(usage, Mapping) else 0
    return max(0, count)


def _decode_annotation(item: Mapping[str, Any]) -> Annotation:
    item = item.get("url_citation") or item
    return Annotation(*(str(item.get(name) or "") for name in ANNOTATION_FIELDS))
