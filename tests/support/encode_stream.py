"""Encoding of a reply to the bytes that a service might send for it, in either format.

Services differ in details that the API leaves open, so a random generator chooses them: the split of the text into
deltas, null or absent fields, line endings, comments, pings, and the style of the JSON.
"""

import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from mimo_magics.core.messages import Annotation, Part, ReasoningPart, Reply, TextPart, ToolCall, Usage

OPENAI_STOPS = {"end": "stop", "filter": "content_filter", "repetition": "repetition_truncation"}
ANTHROPIC_STOPS = {
    "end": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "stop": "stop_sequence",
    "filter": "content_filter",
    "repetition": "repetition_truncation",
}

Object = dict[str, Any]


def openai_stream(reply: Reply, chance: Random) -> bytes:
    """Return chunks like those of MiMo, with or without a final [DONE]; an incomplete reply has no end."""
    frames = [("", text(chunk, chance)) for chunk in _chunks(reply, chance)]
    if reply.stop != "cut" and chance.random() < 0.8:
        frames.append(("", "[DONE]"))
    return framed(frames, chance)


def anthropic_stream(reply: Reply, chance: Random) -> bytes:
    """Return events like those of MiMo, with or without names, and with pings."""
    named = chance.random() < 0.8
    frames = []
    for event in _events(reply, chance):
        if chance.random() < 0.1:
            frames.append(("ping", '{"type": "ping"}'))
        frames.append((event["type"] if named else "", text(event, chance)))
    return framed(frames, chance)


def openai_whole(reply: Reply) -> Object:
    """Return the body of a response that is not streamed."""
    message = {
        "role": "assistant",
        "content": reply.text,
        "reasoning_content": reply.reasoning or None,
        "tool_calls": [_openai_call(call) for call in reply.tool_calls] or None,
        "annotations": [_annotation(each) for each in reply.annotations],
        "error_message": "".join(reply.notes) or None,
    }
    choice = {"index": 0, "finish_reason": _openai_stop(reply.stop), "message": message}
    return {"id": reply.id, "model": reply.model, "choices": [choice], "usage": _openai_usage(reply.usage)}


def anthropic_whole(reply: Reply, chance: Random) -> Object:
    """Return the body of a response that is not streamed."""
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [_block(part) for part in reply.message.parts],
        "stop_reason": _anthropic_stop(reply.stop),
        "usage": _anthropic_usage(reply.usage, chance),
    }


# Bytes


def text(value: Object, chance: Random) -> str:
    """Return JSON, escaped or not, on one or several lines."""
    written = json.dumps(value, ensure_ascii=False, indent=chance.choice([None, None, None, 1]))
    try:
        written.encode()
    except UnicodeEncodeError:  # A lone surrogate can only be sent escaped.
        return json.dumps(value)
    return written if chance.random() < 0.5 else json.dumps(value)


def framed(frames: Iterable[tuple[str, str]], chance: Random) -> bytes:
    """Return server-sent events with one kind of line ending."""
    end = chance.choice(["\n", "\n", "\r\n", "\r"])
    space = chance.choice([" ", " ", ""])
    lines: list[str] = []
    for name, data in frames:
        if chance.random() < 0.1:
            lines += [": still here", ""][: chance.choice([1, 2])]
        if name:
            lines.append(f"event:{space}{name}")
        lines += [f"data:{space}{line}" for line in data.split("\n")]
        lines.append("")
    if chance.random() < 0.8:
        lines.append("")  # Otherwise the last blank line is missing.
    return end.join(lines).encode()


def packets(stream: bytes, chance: Random) -> list[bytes]:
    """Return the stream in packets of random sizes, some of them empty."""
    max_size = chance.choice([1, 7, 100, 2_000])
    rest, cut = stream, []
    while rest:
        size = chance.randint(0, max_size)
        cut.append(rest[:size])
        rest = rest[size:]
    return cut


def pieces(text: str, chance: Random) -> Iterator[str]:
    """Return the text in deltas, split between UTF-16 units like some services do, even within a surrogate pair."""
    units = text.encode("utf-16-le")
    while units:
        size = 2 * chance.randint(1, chance.choice([1, 4, 40]))
        yield units[:size].decode("utf-16-le", "surrogatepass")
        units = units[size:]


# The OpenAI format


def _chunks(reply: Reply, chance: Random) -> Iterator[Object]:
    body = {"id": reply.id, "model": reply.model, "object": "chat.completion.chunk", "created": 1}
    for delta in _deltas(reply, chance):
        yield {**body, **_maybe_null(chance, "usage"), "choices": [_choice(delta, None, chance)]}
    if reply.stop != "cut":
        finish = _choice({}, _openai_stop(reply.stop), chance)
        yield {**body, "choices": [finish], **_maybe_null(chance, "usage")}
    if reply.usage:
        yield {**body, "choices": chance.choice([[], None]), "usage": _openai_usage(reply.usage)}


def _choice(delta: Object, finish: str | None, chance: Random) -> Object:
    unused = _maybe_null(chance, "content", "role", "tool_calls", "reasoning_content")
    return {"index": 0, "delta": unused | delta, "finish_reason": finish}


def _deltas(reply: Reply, chance: Random) -> Iterator[Object]:
    sources = [_annotation(each) for each in reply.annotations]
    yield {"role": "assistant", "content": "", **({"annotations": sources} if sources else {})}
    for note in reply.notes:
        yield {"error_message": note}
    late: list[list[Object]] = []
    place = 0
    for part in reply.message.parts:
        if isinstance(part, ToolCall):
            opening, *more = _call_deltas(part, place, chance)
            yield {"tool_calls": [opening]}
            if chance.random() < 0.2:
                late.append(more)
            else:
                yield from ({"tool_calls": [_perhaps_unplaced(call, chance)]} for call in more)
            place += 1
        else:
            key = (
                "content" if isinstance(part, TextPart) else chance.choice(["reasoning_content", "reasoning"])
            )
            yield from ({key: piece} for piece in pieces(part.text, chance))
    while late := [calls for calls in late if calls]:  # Deltas of parallel calls may alternate.
        yield {"tool_calls": [chance.choice(late).pop(0)]}


def _call_deltas(call: ToolCall, place: int, chance: Random) -> Iterator[Object]:
    yield {
        "index": place,
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    for piece in pieces(call.arguments, chance):
        unused = {**_maybe_null(chance, "id", "type"), **chance.choice([{}, {"id": ""}, {"id": call.id}])}
        name = chance.choice([{}, {"name": None}, {"name": ""}, {"name": call.name}])
        yield {"index": place, **unused, "function": {**name, "arguments": piece}}


def _perhaps_unplaced(call: Object, chance: Random) -> Object:
    """Return a delta, without an index if it directly follows the start of its call."""
    if chance.random() < 0.3:
        return {name: value for name, value in call.items() if name != "index"}
    return call


def _openai_call(call: ToolCall) -> Object:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _openai_stop(stop: str | None) -> str | None:
    return None if stop is None else OPENAI_STOPS.get(stop, stop)


def _openai_usage(usage: Usage | None) -> Object | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached} if usage.cached else None,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning} if usage.reasoning else {},
    }


def _annotation(source: Annotation) -> Object:
    return {
        "type": "url_citation",
        "url": source.url,
        "title": source.title or None,
        "summary": source.summary,
        "site_name": source.site_name or None,
        "publish_time": source.publish_time,
        "logo_url": None,
    }


# The Anthropic format


def _events(reply: Reply, chance: Random) -> Iterator[Object]:
    message = {"id": reply.id, "type": "message", "role": "assistant", "model": reply.model, "content": []}
    zeros = chance.choice([{}, {"usage": None}, {"usage": {"input_tokens": 0, "output_tokens": 0}}])
    yield {"type": "message_start", "message": {**message, **zeros}}
    for place, part in enumerate(reply.message.parts):
        yield from _block_events(place, part, chance)
    usage = _anthropic_usage(reply.usage, chance)
    usage_field = _maybe_null(chance, "usage") if usage is None else {"usage": usage}
    stop = None if reply.stop == "cut" else _anthropic_stop(reply.stop)
    yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, **usage_field}
    if stop:
        yield {"type": "message_stop"}


def _block_events(place: int, part: Part, chance: Random) -> Iterator[Object]:
    def delta(**fields: str) -> Object:
        return {"type": "content_block_delta", "index": place, "delta": fields}

    full_block = _block(part)
    if chance.random() < 0.2 and not isinstance(part, ToolCall):  # A block may contain its full content.
        yield {"type": "content_block_start", "index": place, "content_block": full_block}
        return
    empty = {"text": "", "thinking": "", "signature": "", "input": {}}
    opening = {name: empty.get(name, value) for name, value in full_block.items()}
    yield {"type": "content_block_start", "index": place, "content_block": opening}
    match part:
        case TextPart(words):
            yield from (delta(type="text_delta", text=piece) for piece in pieces(words, chance))
        case ReasoningPart(thought, signature):
            yield from (delta(type="thinking_delta", thinking=piece) for piece in pieces(thought, chance))
            yield delta(type="signature_delta", signature=signature)
        case ToolCall(arguments=arguments):
            yield from (
                delta(type="input_json_delta", partial_json=piece) for piece in pieces(arguments, chance)
            )
    yield {"type": "content_block_stop", "index": place}


def _block(part: Part) -> Object:
    match part:
        case TextPart(words):
            return {"type": "text", "text": words}
        case ReasoningPart(thought, signature):
            return {"type": "thinking", "thinking": thought, "signature": signature}
        case ToolCall(id_, name, arguments):
            return {"type": "tool_use", "id": id_, "name": name, "input": _object(arguments)}
    raise TypeError(f"a reply cannot hold {part!r}")


def _object(arguments: str) -> Object:
    """Return the arguments object of a full block. In a stream the block starts empty and this object is not sent."""
    try:
        return dict(json.loads(arguments or "{}"))
    except (ValueError, TypeError):
        return {}


def _anthropic_stop(stop: str | None) -> str | None:
    return None if stop is None else ANTHROPIC_STOPS.get(stop, stop)


def _anthropic_usage(usage: Usage | None, chance: Random) -> Object | None:
    """Return the usage. In this format the input excludes tokens that were read from or written to the cache."""
    if usage is None:
        return None
    written = chance.randint(0, usage.input - usage.cached)
    return {
        "input_tokens": usage.input - usage.cached - written,
        "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cached or None,
        "cache_creation_input_tokens": written,
    }


def _maybe_null(chance: Random, *names: str) -> Object:
    """Return each of these fields as null or absent."""
    return {name: None for name in names if chance.random() < 0.5}
