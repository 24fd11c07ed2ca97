"""What both wire formats have in common: one contract, told in the words of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from support.reading import anthropic_stream, fold, openai_stream, outcome, read, read_whole

from mimo_magics.core.errors import ApiError, WireError
from mimo_magics.core.messages import (
    Message,
    Params,
    Part,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    user_message,
)
from mimo_magics.core.settings import Api
from mimo_magics.wire.formats import FORMATS, decode, decode_full

TIDE = ToolCall("call_1", "tide", '{"port": "Keelung"}')
CLOCK = ToolCall("call_2", "clock", "{}")
Frame = dict[str, Any]
Sent = tuple[str, str | None, str, tuple[tuple[str, str, Any], ...], tuple[tuple[str, str], ...]]
"""Role, reasoning, text, calls (id, name, arguments) and results (id, output) of a message as it is sent."""


@dataclass(frozen=True)
class Dialect:
    """How a format says what both can say."""

    api: Api
    stream: Callable[..., bytes]
    """Frames to a stream that ends as the format wants."""
    start: Frame
    text: Callable[[str], Frame]
    call: Callable[[int, str, str], tuple[Frame, ...]]
    """Open a call: its index, id and name."""
    arguments: Callable[[int, str], Frame]
    stop: Callable[[str | None], Frame]
    stops: Mapping[str, str]
    """The format's words for the ends of a reply, and ours."""
    null: Frame
    error: Frame
    sent: Callable[[Frame], list[Sent]]
    """Read the messages of a body."""
    whole: Callable[[str, str, ToolCall], Frame]
    """The body of a reply that is not streamed: reasoning, text and a call."""

    def encode(self, *messages: Message, tools: tuple[Tool, ...] = (), **params: Any) -> Frame:
        request = Request(messages, Params("mimo-v2-pro", **params), tools)
        body: Frame = FORMATS[self.api].encode(request)
        return body

    def read(self, *frames: Frame) -> Reply:
        return read(self.api, self.stream(self.start, *frames))


# OpenAI


def openai_chunk(finish: str | None = None, **delta: Any) -> Frame:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "r1", "model": "mimo-v2-pro", "choices": [choice]}


def openai_call(index: int, id_: str, name: str) -> tuple[Frame, ...]:
    function = {"name": name, "arguments": ""}
    return (openai_chunk(tool_calls=[{"index": index, "id": id_, "type": "function", "function": function}]),)


def openai_sent(body: Frame) -> list[Sent]:
    return [
        ("tool", None, "", (), ((message["tool_call_id"], message["content"]),))
        if message["role"] == "tool"
        else (
            message["role"],
            message.get("reasoning_content"),
            message["content"],
            tuple(
                (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
                for call in message.get("tool_calls", ())
            ),
            (),
        )
        for message in body["messages"]
    ]


def openai_whole(reasoning: str, text: str, call: ToolCall) -> Frame:
    function = {"name": call.name, "arguments": call.arguments}
    message = {
        "role": "assistant",
        "content": text,
        "reasoning_content": reasoning,
        "tool_calls": [{"id": call.id, "type": "function", "function": function}],
    }
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    return {"id": "r1", "model": "mimo-v2-pro", "choices": [choice]}


OPENAI = Dialect(
    api="openai",
    stream=openai_stream,
    start=openai_chunk(role="assistant", content=""),
    text=lambda text: openai_chunk(content=text),
    call=openai_call,
    arguments=lambda index, text: openai_chunk(
        tool_calls=[{"index": index, "function": {"arguments": text}}]
    ),
    stop=openai_chunk,
    stops={
        "stop": "end",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "filter",
        "repetition_truncation": "repetition",
        "some_new_reason": "some_new_reason",
    },
    null={"id": None, "model": None, "choices": None, "usage": None, "error": None},
    error={"choices": [], "error": {"code": "429", "message": "Too many requests"}},
    sent=openai_sent,
    whole=openai_whole,
)


# Anthropic


def anthropic_block(index: int, **block: Any) -> Frame:
    return {"type": "content_block_start", "index": index, "content_block": block}


def anthropic_delta(index: int, **delta: Any) -> Frame:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def anthropic_sent(body: Frame) -> list[Sent]:
    return [anthropic_message(message["role"], message["content"]) for message in body["messages"]]


def anthropic_message(role: str, blocks: list[Frame]) -> Sent:
    kinds = {kind: [block for block in blocks if block["type"] == kind] for kind in ("thinking", "text")}
    calls = tuple(
        (block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"
    )
    results = tuple(
        (block["tool_use_id"], block["content"]) for block in blocks if block["type"] == "tool_result"
    )
    return (
        "tool" if results else role,
        kinds["thinking"][0]["thinking"] if kinds["thinking"] else None,
        "".join(block["text"] for block in kinds["text"]),
        calls,
        results,
    )


def anthropic_whole(reasoning: str, text: str, call: ToolCall) -> Frame:
    content = [
        {"type": "thinking", "thinking": reasoning, "signature": ""},
        {"type": "text", "text": text},
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)},
    ]
    return {"id": "r1", "model": "mimo-v2-pro", "content": content, "stop_reason": "tool_use"}


ANTHROPIC = Dialect(
    api="anthropic",
    stream=lambda *frames: anthropic_stream(*frames, {"type": "message_stop"}),
    start={"type": "message_start", "message": {"id": "r1", "model": "mimo-v2-pro"}},
    text=lambda text: anthropic_delta(0, type="text_delta", text=text),
    call=lambda index, id_, name: (anthropic_block(index, type="tool_use", id=id_, name=name, input={}),),
    arguments=lambda index, text: anthropic_delta(index, type="input_json_delta", partial_json=text),
    stop=lambda reason: {"type": "message_delta", "delta": {"stop_reason": reason}},
    stops={
        "end_turn": "end",
        "max_tokens": "length",
        "tool_use": "tool_calls",
        "stop_sequence": "stop",
        "content_filter": "filter",
        "repetition_truncation": "repetition",
        "some_new_reason": "some_new_reason",
    },
    null={"type": "message_delta", "delta": None, "usage": None},
    error={"type": "error", "error": {"type": "rate_limit_error", "message": "Too many requests"}},
    sent=anthropic_sent,
    whole=anthropic_whole,
)

BOTH = [OPENAI, ANTHROPIC]
both = pytest.mark.parametrize("dialect", BOTH, ids=lambda dialect: dialect.api)


def assistant(*parts: Part) -> Message:
    return Message("assistant", parts)


def reply(*parts: Part, **fields: Any) -> Reply:
    return Reply(assistant(*parts), model="mimo-v2-pro", id="r1", **fields)


# What is sent


@both
def test_a_conversation_with_tools_goes_back_with_its_reasoning(dialect: Dialect) -> None:
    results = Message("tool", (ToolResult("call_1", "tide", "high at noon"),))
    body = dialect.encode(
        user_message("Tide?"),
        assistant(ReasoningPart("Look."), TextPart("I look."), TIDE),
        results,
        assistant(ReasoningPart("So."), TextPart("At noon.")),
        user_message("Thanks."),
    )
    assert dialect.sent(body) == [
        ("user", None, "Tide?", (), ()),
        ("assistant", "Look.", "I look.", (("call_1", "tide", {"port": "Keelung"}),), ()),
        ("tool", None, "", (), (("call_1", "high at noon"),)),
        ("assistant", "So.", "At noon.", (), ()),
        ("user", None, "Thanks.", (), ()),
    ]


@both
def test_lost_reasoning_is_padded_before_calls_and_nowhere_else(dialect: Dialect) -> None:
    calling, answering = dialect.encode(assistant(TIDE)), dialect.encode(assistant(TextPart("Hello.")))
    assert dialect.sent(calling) == [("assistant", " ", "", (("call_1", "tide", {"port": "Keelung"}),), ())]
    assert dialect.sent(answering) == [("assistant", None, "Hello.", (), ())]


@both
def test_with_thinking_off_no_reasoning_is_sent(dialect: Dialect) -> None:
    message = assistant(ReasoningPart("Hm."), TextPart("Hello."), TIDE)
    (sent,) = dialect.sent(dialect.encode(message, thinking=False))
    assert sent == ("assistant", None, "Hello.", (("call_1", "tide", {"port": "Keelung"}),), ())


@both
def test_an_empty_answer_and_an_empty_result_get_words_as_they_are_refused(dialect: Dialect) -> None:
    silent = dialect.encode(assistant(ReasoningPart("All tokens went here.")), assistant())
    assert [sent[2] for sent in dialect.sent(silent)] in (
        ["(no answer)", "(no answer)"],
        ["(no answer)(no answer)"],  # neighbors of one role are one message
    )
    (result,) = dialect.sent(dialect.encode(Message("tool", (ToolResult("call_1", "tide", ""),))))
    assert result == ("tool", None, "", (), (("call_1", "(no output)"),))


@both
def test_a_tool_choice_without_tools_is_not_sent(dialect: Dialect) -> None:
    prompt = user_message("Hello")
    assert "tool_choice" not in dialect.encode(prompt, tool_choice="auto")
    assert "tool_choice" in dialect.encode(prompt, tool_choice="auto", tools=(Tool("tide"),))


@both
def test_extra_fields_pass_untouched_and_win(dialect: Dialect) -> None:
    body = dialect.encode(user_message("Hello"), temperature=1.0, extra={"temperature": 0.2, "seed": 7})
    assert (body["temperature"], body["seed"]) == (0.2, 7)


# What is made of a stream


@both
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_packets_may_end_anywhere(dialect: Dialect, size: int) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Keelung 基隆 🌊"), dialect.stop("length"))
    packets = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert outcome(dialect.api, packets)[0].text == "Keelung 基隆 🌊"


@pytest.mark.parametrize(
    ("dialect", "word", "stop"),
    [(dialect, word, stop) for dialect in BOTH for word, stop in dialect.stops.items()],
    ids=lambda value: getattr(value, "api", value),
)
def test_a_stop_reason_is_named_ours_or_passed_through(dialect: Dialect, word: str, stop: str) -> None:
    assert dialect.read(dialect.text("Hi"), dialect.stop(word)) == reply(TextPart("Hi"), stop=stop)


@both
def test_a_stream_that_ends_without_a_reason_is_incomplete(dialect: Dialect) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Half"))
    unended = stream[: stream.rstrip().rindex(b"\n\n") + 2]  # without the frame that ends it
    assert read(dialect.api, unended) == reply(TextPart("Half"), stop="cut")


@both
def test_a_stream_that_breaks_off_inside_a_frame_keeps_what_was_whole(dialect: Dialect) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Half"), dialect.text(" more"))
    assert read(dialect.api, stream[: stream.index(b" more")]) == reply(TextPart("Half"), stop="cut")


@both
def test_nothing_is_read_after_the_end(dialect: Dialect) -> None:
    word = next(iter(dialect.stops))
    stream = dialect.stream(dialect.start, dialect.text("Hi"), dialect.stop(word))
    assert read(dialect.api, stream + b"data: not JSON at all\n\n") == reply(TextPart("Hi"), stop="end")


@both
def test_parallel_calls_may_grow_in_turns(dialect: Dialect) -> None:
    grown = dialect.read(
        *dialect.call(0, "call_1", "tide"),
        *dialect.call(1, "call_2", "clock"),
        dialect.arguments(0, '{"port": '),
        dialect.arguments(1, "{}"),
        dialect.arguments(0, '"Keelung"}'),
    )
    assert grown.tool_calls == (TIDE, CLOCK)


@both
def test_calls_of_one_id_or_of_none_are_calls_of_their_own(dialect: Dialect) -> None:
    opened = [dialect.call(index, id_, "clock") for index, id_ in enumerate(["same", "same", "", ""])]
    calls = dialect.read(*(frame for frames in opened for frame in frames)).tool_calls
    assert [call.name for call in calls] == ["clock"] * 4
    assert (calls[0].id, len({call.id for call in calls}), all(call.id for call in calls)) == (
        "same",
        4,
        True,
    )


@both
def test_broken_arguments_are_kept_as_they_came(dialect: Dialect) -> None:
    read_reply = dialect.read(*dialect.call(0, "call_1", "tide"), dialect.arguments(0, '{"port": "Kee'))
    assert read_reply.tool_calls == (ToolCall("call_1", "tide", '{"port": "Kee'),)


@both
def test_null_fields_are_as_if_they_were_absent(dialect: Dialect) -> None:
    word = next(iter(dialect.stops))
    assert dialect.read(dialect.null, dialect.text("Hi"), dialect.stop(word)) == reply(
        TextPart("Hi"), stop="end"
    )


@both
def test_an_error_frame_ends_a_stream_after_its_partial_text(dialect: Dialect) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Half"), dialect.error)
    assert outcome(dialect.api, [stream]) == (
        reply(TextPart("Half")),
        "RateLimited: HTTP 429: Too many requests",
    )


@both
@pytest.mark.parametrize("frame", [b"<html>", b"[1]", b"7", b'"text"', b"{oops"])
def test_a_frame_that_is_no_json_object_is_a_wire_error(dialect: Dialect, frame: bytes) -> None:
    with pytest.raises(WireError):
        list(decode(dialect.api, [b"event: message_delta\ndata: " + frame + b"\n\n"]))


# What is made of a whole reply


@both
def test_a_whole_reply_reads_as_a_stream_does(dialect: Dialect) -> None:
    assert read_whole(dialect.api, dialect.whole("Hm.", "I look.", TIDE)) == reply(
        ReasoningPart("Hm."), TextPart("I look."), TIDE, stop="tool_calls"
    )


@both
@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            b'{"error": {"code": "401", "message": "Invalid API Key", "param": "Please provide valid API Key"}}',
            "HTTP 401: Invalid API Key: Please provide valid API Key",
        ),
        (
            b'{"type": "server_error", "message": "Upstream request failed: gone"}',
            "HTTP 500: Upstream request failed: gone",
        ),
    ],
)
def test_a_whole_reply_that_is_an_error_raises_it(dialect: Dialect, body: bytes, line: str) -> None:
    with pytest.raises(ApiError, match=line):
        fold(decode_full(dialect.api, body))


@both
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"{}", b"\xff"),
        *(b'{"choices": null}', b'{"choices": [7]}', b'{"content": "Hi"}', b'{"content": [7]}'),
    ],
)
def test_a_body_that_is_no_reply_is_a_wire_error(dialect: Dialect, body: bytes) -> None:
    with pytest.raises(WireError):
        fold(decode_full(dialect.api, body))
