"""The OpenAI format: chat completions (sections 3 and 4 of the API notes)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mimo_magics.core.events import (
    Annotations,
    AudioDelta,
    Event,
    Note,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    UsageUpdate,
)
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
    VideoPart,
    join_texts,
)
from mimo_magics.core.models import is_chat_model
from mimo_magics.core.secret import Secret
from mimo_magics.core.services import ServiceFields
from mimo_magics.core.settings import Auth, ThinkingForm
from mimo_magics.wire.auth import key_headers
from mimo_magics.wire.errors import frame_error, other_format_error, unreadable_error
from mimo_magics.wire.json_values import (
    parse_seconds,
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
from mimo_magics.wire.sent_calls import clean_arguments, clean_name
from mimo_magics.wire.tool_call_deltas import ToolCallDeltas

path = "/chat/completions"
requires_max_tokens = False

STOP_REASONS = {
    "stop": "end",
    "function_call": "tool_calls",
    "content_filter": "filter",
    "repetition_truncation": "repetition",
}
MISSING_TEXT_PLACEHOLDER = "(no answer)"
"""Replaces a missing reply, as content must be neither null nor empty."""

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
        "messages": [each for message in request.messages for each in _encode_message(message, request)],
        "stream": request.stream,
        **({"stream_options": {"include_usage": True}} if request.stream else {}),
        **_encode_params(params, request.fields),
        **({"tools": tools} if tools else {}),
        **(
            {"tool_choice": _encode_tool_choice(params.tool_choice)}
            if request.tools and params.tool_choice
            else {}
        ),
        **params.extra,
    }


def _encode_params(params: Params, names: ServiceFields) -> dict[str, Any]:
    fields = {
        names.max_tokens: params.max_completion_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "stop": list(params.stop) or None,
        "frequency_penalty": params.frequency_penalty,
        "presence_penalty": params.presence_penalty,
        "response_format": params.response_format,
        names.thinking: _encode_thinking(params.thinking, names.thinking),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _encode_thinking(thinking: bool | None, form: ThinkingForm) -> Any:
    if thinking is None:
        return None
    match form:
        case "chat_template_kwargs":
            return {"enable_thinking": thinking}
        case "enable_thinking":
            return thinking
        # MiMo treats low, medium and high alike (section 1.2 of the second API notes).
        case "reasoning_effort":
            return "medium" if thinking else "none"
    return encode_thinking(thinking)


def encode_thinking(thinking: bool | None) -> dict[str, str] | None:
    """Return the `thinking` field of MiMo, which both formats share."""
    return None if thinking is None else {"type": "enabled" if thinking else "disabled"}


def _encode_tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _encode_web_search(params: Params) -> Iterator[dict[str, Any]]:
    """Yield the web search tool, which the server runs (section 3.3)."""
    if params.web_search:
        yield {"type": "web_search", "force_search": params.web_search == "force"}


def _encode_tool_choice(choice: str) -> str | dict[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _encode_message(message: Message, request: Request) -> Iterator[dict[str, Any]]:
    match message.role:
        case "assistant":
            yield _encode_assistant(message, request)
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"role": "tool", "tool_call_id": part.id, "content": part.output or "(no output)"}
        case _:
            yield {"role": message.role, "content": _encode_content(message, request.params.model)}


def _encode_assistant(message: Message, request: Request) -> dict[str, Any]:
    """Encode an assistant message. MiMo refuses null content, and calls without their reasoning (section 7.1)."""
    calls = message.tool_calls
    body: dict[str, Any] = {
        "role": "assistant",
        "content": message.text or ("" if calls else MISSING_TEXT_PLACEHOLDER),
    }
    reasoning = message.reasoning or (" " if calls and request.fields.pads_reasoning else "")
    if reasoning and request.params.thinking is not False:
        body["reasoning_content"] = reasoning
    if calls:
        body["tool_calls"] = [_encode_tool_call(call) for call in calls]
    return body


def _encode_tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": clean_name(call.name), "arguments": clean_arguments(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _encode_content(message: Message, model: str) -> str | list[dict[str, Any]]:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    parts = [_encode_part(part) for part in join_texts(message.parts)]
    # MiMo refuses an image without text: "`text` is not set". A speech model refuses a text.
    if not message.text and is_chat_model(model):
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
        case VideoPart():
            return _encode_video(part)
    raise TypeError(f"a prompt cannot contain {part!r}")


def _encode_video(video: VideoPart) -> dict[str, Any]:
    """Encode a video, with the options beside its URL as documented."""
    options = {"fps": video.fps, "media_resolution": video.media_resolution}
    return {
        "type": "video_url",
        "video_url": {"url": video.url},
        **{name: value for name, value in options.items() if value},
    }


class Decoder:
    """Decoder of one stream. MiMo sends every key in every delta, with null for unused keys."""

    def __init__(self) -> None:
        self.is_done = False
        self._started: ResponseStarted | None = None
        self._is_announced = False
        self._has_deltas = False
        self._calls = ToolCallDeltas()

    def feed(self, name: str, frame: Mapping[str, Any]) -> Iterator[Event]:  # noqa: ARG002  only the Anthropic format has event names
        """Decode one JSON object of the stream.

        Raises:
            ApiError: the server reports an error within the stream.
            WireError: the object has the other format.
        """
        if error := frame_error(frame):
            raise error
        if frame.get("type") in ("message", "message_start"):
            raise other_format_error("anthropic")
        choices = read_objects(frame.get("choices"))
        events: list[Event] = []
        for choice in choices:
            # OpenRouter puts errors into a choice.
            if choice.get("error") and (error := frame_error(choice)):
                raise error
            events += self._decode_choice(choice)
        if frame.get("usage") and (usage := read_object(frame["usage"])):
            events.append(UsageUpdate(_decode_usage(usage)))
        if choices or frame.get("model"):
            self._started = self._started or ResponseStarted(
                read_name(frame.get("id")), read_name(frame.get("model"))
            )
        # Some servers send the model only after empty deltas.
        if not self._is_announced and (events or frame.get("model")):
            yield from self._announce(read_name(frame.get("model")))
        yield from events

    def flush(self) -> Iterator[Event]:
        """Return the events that were held back, at the end of the stream."""
        yield from self._announce("")
        yield from self._calls.flush()

    def _announce(self, model: str) -> Iterator[Event]:
        if self._started and not self._is_announced:
            self._is_announced = True
            yield replace(self._started, model=self._started.model or model)

    def _decode_choice(self, choice: Mapping[str, Any]) -> Iterator[Event]:
        """Decode one choice. Nearly all deltas contain one text only, so absent fields cost no call."""
        if choice.get("index") and read_index(choice["index"]):
            return  # Only one choice is requested.
        delta = self._find_delta(choice)
        # vLLM and OpenRouter use `reasoning`. Some gateways send both fields with the same text.
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            yield ReasoningDelta(read_text(reasoning))
        if content := delta.get("content") or choice.get("text"):
            if isinstance(content, str):
                yield TextDelta(content)
            else:
                yield from _decode_parts(content)
        if delta.get("audio") and isinstance(data := read_object(delta["audio"]).get("data"), str):
            yield AudioDelta(data)
        if delta.get("tool_calls") or delta.get("function_call"):
            yield from self._decode_tool_calls(delta)
        if delta.get("refusal") or delta.get("annotations") or delta.get("error_message"):
            yield from _decode_remarks(delta)
        if reason := choice.get("finish_reason"):
            yield from self._calls.flush()
            yield Stopped(read_stop_reason(reason, STOP_REASONS))

    def _find_delta(self, choice: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the delta. A few servers send full messages instead, or repeat the full message at the end."""
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if not self._has_deltas:
                self._has_deltas = any(delta[name] for name in delta if name != "role")
            if delta or self._has_deltas:
                return delta
        if isinstance(delta, str):
            return {"content": delta}
        return {} if self._has_deltas else read_delta(choice.get("message"), "content")

    def _decode_tool_calls(self, delta: Mapping[str, Any]) -> Iterator[Event]:
        for call in read_objects(delta.get("tool_calls")):
            yield from self._decode_tool_call(call)
        # This older form allows one call only.
        if function := delta.get("function_call"):
            yield from self._decode_tool_call({"function": function})

    def _decode_tool_call(self, call: Mapping[str, Any]) -> Iterator[Event]:
        index, function = read_index(call.get("index")), read_object(call.get("function")) or call
        id_, name = read_name(call.get("id")), read_name(function.get("name"))
        if id_ or name:
            yield from self._calls.open(index, id_, name)
        if arguments := read_json_text(function.get("arguments")):
            yield from self._calls.extend(index, arguments)


def decode_full(body: Mapping[str, Any]) -> Iterator[Event]:
    """Decode a full reply as one large delta, with the same decoder.

    Raises:
        ApiError: the body is an error.
        WireError: the body is not a chat completion.
    """
    decoder = Decoder()
    choices = [_as_delta(choice) for choice in read_objects(body.get("choices"))]
    yield from decoder.feed("", {**body, "choices": choices})
    if not choices and isinstance(body.get("content"), list):
        raise other_format_error("anthropic")
    if not choices:
        raise unreadable_error(json.dumps(body).encode())
    yield from decoder.flush()


def _as_delta(choice: Mapping[str, Any]) -> dict[str, Any]:
    message = read_delta(choice.get("message") or choice.get("delta"), "content")
    calls = [
        {**call, "index": call_index}
        for call_index, call in enumerate(read_objects(message.get("tool_calls")))
    ]
    return {**choice, "delta": {**message, "tool_calls": calls}}


def _decode_parts(content: Any) -> Iterator[Event]:
    """Decode a list of parts, some of which are reasoning (Mistral), or a single part."""
    for part in content if isinstance(content, list) else [content]:
        kind = read_text(read_object(part).get("type"))
        if text := read_text(part):
            is_reasoning = "thinking" in kind or "reasoning" in kind
            yield ReasoningDelta(text) if is_reasoning else TextDelta(text)


def _decode_remarks(delta: Mapping[str, Any]) -> Iterator[Event]:
    """Decode a refusal, the results of a web search, and the error of a web search."""
    if refusal := read_text(delta.get("refusal")):
        yield TextDelta(refusal)
    if annotations := read_objects(delta.get("annotations")):
        yield Annotations(tuple(_decode_annotation(each) for each in annotations))
    if note := read_name(delta.get("error_message")):
        yield Note(note)


def _decode_usage(usage: Mapping[str, Any]) -> Usage:
    prompt = read_object(usage.get("prompt_tokens_details"))
    completion = read_object(usage.get("completion_tokens_details"))
    return Usage(
        parse_token_count(usage.get("prompt_tokens")),
        parse_token_count(usage.get("completion_tokens")),
        parse_token_count(prompt.get("cached_tokens")),
        parse_token_count(completion.get("reasoning_tokens")),
        _count_web_searches(usage.get("web_search_usage")),
        parse_seconds(usage.get("seconds")),
    )


def _count_web_searches(usage: Any) -> int:
    """Return the number of web searches. `page_usage`, the pages that the server read, is not billed."""
    return parse_token_count(read_object(usage).get("tool_usage"))


def _decode_annotation(item: Mapping[str, Any]) -> Annotation:
    item = read_object(item.get("url_citation")) or item
    return Annotation(*(read_name(item.get(name)) for name in ANNOTATION_FIELDS))
