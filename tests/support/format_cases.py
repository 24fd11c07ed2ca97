"""The common features of both wire formats, so that one test can check both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from mimo_magics.core.messages import Message, Params, Part, Reply, Request, Tool, ToolCall
from mimo_magics.core.settings import Api
from mimo_magics.wire.formats import FORMATS
from support.decoded_streams import anthropic_stream, decode_stream, openai_stream

Frame = dict[str, Any]
SentMessage = tuple[str, str | None, str, tuple[tuple[str, str, Any], ...], tuple[tuple[str, str], ...]]
"""Role, reasoning, text, calls (id, name, arguments) and results (id, output) of a sent message."""


@dataclass(frozen=True)
class FormatCase:
    """The syntax of one format for the common features."""

    api: Api
    stream: Callable[..., bytes]
    """Encodes JSON objects as a stream with the end marker of the format."""
    start: Frame
    text: Callable[[str], Frame]
    call: Callable[[int, str, str], tuple[Frame, ...]]
    """Starts a call with an index, an id and a name."""
    arguments: Callable[[int, str], Frame]
    stop: Callable[[str | None], Frame]
    stops: Mapping[str, str]
    """The stop reasons of the format, and those of this package."""
    null: Frame
    error: Frame
    sent: Callable[[Frame], list[SentMessage]]
    """Reads the messages of a body."""
    full_body: Callable[[str, str, ToolCall], Frame]
    """Returns the body of a reply that is not streamed, with reasoning, text and a call."""

    def encode(self, *messages: Message, tools: tuple[Tool, ...] = (), **params: Any) -> Frame:
        request = Request(messages, Params("mimo-v2-pro", **params), tools)
        body: Frame = FORMATS[self.api].encode(request)
        return body

    def read(self, *frames: Frame) -> Reply:
        return decode_stream(self.api, self.stream(self.start, *frames))


# OpenAI


def openai_chunk(finish: str | None = None, **delta: Any) -> Frame:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "r1", "model": "mimo-v2-pro", "choices": [choice]}


def openai_call(index: int, id_: str, name: str) -> tuple[Frame, ...]:
    function = {"name": name, "arguments": ""}
    return (openai_chunk(tool_calls=[{"index": index, "id": id_, "type": "function", "function": function}]),)


def openai_sent(body: Frame) -> list[SentMessage]:
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


def openai_full_body(reasoning: str, text: str, call: ToolCall) -> Frame:
    function = {"name": call.name, "arguments": call.arguments}
    message = {
        "role": "assistant",
        "content": text,
        "reasoning_content": reasoning,
        "tool_calls": [{"id": call.id, "type": "function", "function": function}],
    }
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    return {"id": "r1", "model": "mimo-v2-pro", "choices": [choice]}


OPENAI = FormatCase(
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
    full_body=openai_full_body,
)


# Anthropic


def anthropic_block(index: int, **block: Any) -> Frame:
    return {"type": "content_block_start", "index": index, "content_block": block}


def anthropic_delta(index: int, **delta: Any) -> Frame:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def anthropic_sent(body: Frame) -> list[SentMessage]:
    return [anthropic_message(message["role"], message["content"]) for message in body["messages"]]


def anthropic_message(role: str, blocks: list[Frame]) -> SentMessage:
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


def anthropic_full_body(reasoning: str, text: str, call: ToolCall) -> Frame:
    content = [
        {"type": "thinking", "thinking": reasoning, "signature": ""},
        {"type": "text", "text": text},
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)},
    ]
    return {"id": "r1", "model": "mimo-v2-pro", "content": content, "stop_reason": "tool_use"}


ANTHROPIC = FormatCase(
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
    full_body=anthropic_full_body,
)


FORMAT_CASES = [OPENAI, ANTHROPIC]
every_format = pytest.mark.parametrize("case", FORMAT_CASES, ids=lambda case: case.api)


def assistant(*parts: Part) -> Message:
    return Message("assistant", parts)


def reply(*parts: Part, **fields: Any) -> Reply:
    return Reply(assistant(*parts), model="mimo-v2-pro", id="r1", **fields)
