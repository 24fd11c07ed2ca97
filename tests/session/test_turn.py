"""Turns as values, and the messages of a history."""

from dataclasses import replace
from typing import Any

import pytest
from support.turns import turn

from mimo_magics.core.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
    user_message,
)
from mimo_magics.session.turn import MAX_COUNT, check_turn, history_messages

CLOCK = ToolCall("c", "clock", "{}")
NOON = ToolResult("c", "clock", "12:00", seconds=0.5)


def test_the_messages_are_each_prompt_and_its_reply() -> None:
    one, two = turn("one", ReasoningPart("Hm."), TextPart("1")), turn("two", TextPart("2"))
    assert list(history_messages([one, two])) == [
        user_message("one"),
        one.reply.message,
        user_message("two"),
        two.reply.message,
    ]


def test_a_reply_with_tool_calls_is_a_message_for_each_response() -> None:
    so, text = ReasoningPart("So."), TextPart("Noon.")
    assert list(history_messages([turn("one", ReasoningPart("Hm."), CLOCK, NOON, so, text)])) == [
        user_message("one"),
        Message("assistant", (ReasoningPart("Hm."), CLOCK)),
        Message("tool", (NOON,)),
        Message("assistant", (so, text)),
    ]


def test_an_empty_reply_is_a_message_too() -> None:
    assert list(history_messages([turn("one")])) == [user_message("one"), Message("assistant")]


def test_calls_without_results_are_omitted() -> None:
    sent = turn("one", TextPart("Wait."), ToolCall("c", "clock", "{}"))
    assert list(history_messages([sent]))[1] == Message("assistant", (TextPart("Wait."),))


@pytest.mark.parametrize(
    ("parts", "stop", "saved"),
    [
        ((TextPart("1"),), "end", True),
        ((), "end", True),
        ((), "length", True),
        ((), "interrupted", False),
        ((), "cut", False),
        ((), "budget", False),
        ((TextPart("1"),), "cut", True),
        ((ReasoningPart("Hm."),), "interrupted", True),
    ],
)
def test_a_call_that_failed_before_a_reply_is_not_in_the_history(
    parts: tuple[object, ...], stop: str, saved: bool
) -> None:
    assert turn("one", *parts, stop=stop).is_in_history is saved


@pytest.mark.parametrize(
    ("stop", "complete"),
    [
        ("end", True),
        ("length", True),
        ("a word of the server", True),
        ("interrupted", False),
        ("cut", False),
        ("budget", False),
        (None, False),
    ],
)
def test_an_interrupted_reply_is_not_complete(stop: str, complete: bool) -> None:
    assert turn("one", TextPart("1"), stop=stop).is_complete is complete


@pytest.mark.parametrize(
    "fields",
    [
        {"omitted_turns": -9},
        {"context_tokens": -1},
        {"context_tokens": MAX_COUNT + 1},
        {"usage": Usage(-1, 0)},
        {"usage": Usage(0, 0, 0, 10**30)},
    ],
)
def test_an_invalid_count_is_refused_when_a_turn_is_read(fields: dict[str, Any]) -> None:
    check_turn(turn("one", TextPart("1")))
    with pytest.raises(ValueError, match="a count is out of range"):
        check_turn(replace(turn("one", TextPart("1")), **fields))
