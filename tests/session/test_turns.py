"""Turns as values: the history they make and the record that a saved output carries."""

import json

import pytest

from mimo_magics.messages import (
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    ToolCall,
    Usage,
    system,
    user,
)
from mimo_magics.session.turns import Turn, history, record


def turn(prompt: str, *parts: object, stop: str = "end") -> Turn:
    request = Request((system("Be brief."), user("before"), user(prompt)), Params("m", temperature=0.0))
    return Turn(
        request,
        Reply(Message("assistant", parts), Usage(3, 2), stop, "m", "id"),
        "mimo-v2",
        "openai",
        1.23456,
    )


def test_the_history_is_each_prompt_and_its_answer() -> None:
    one, two = turn("one", ReasoningPart("Hm."), TextPart("1")), turn("two", TextPart("2"))
    assert list(history([one, two])) == [user("one"), one.reply.message, user("two"), two.reply.message]


def test_calls_without_results_are_left_out_of_the_history() -> None:
    asked = turn("one", TextPart("Wait."), ToolCall("c", "clock", "{}"))
    assert list(history([asked]))[1] == Message("assistant", (TextPart("Wait."),))


@pytest.mark.parametrize(
    ("parts", "stop", "kept"),
    [
        ((TextPart("1"),), "end", True),
        ((), "end", True),
        ((), "length", True),
        ((), "interrupted", False),
        ((), "cut", False),
        ((TextPart("1"),), "cut", True),
        ((ReasoningPart("Hm."),), "interrupted", True),
    ],
)
def test_what_failed_before_anything_came_is_not_kept(
    parts: tuple[object, ...], stop: str, kept: bool
) -> None:
    assert turn("one", *parts, stop=stop).kept is kept


def test_a_record_holds_the_turn_but_neither_its_texts_nor_its_history() -> None:
    told = record(
        turn("one", ReasoningPart("Hm."), TextPart("Hello, "), ToolCall("c", "clock"), TextPart("你好 🙂"))
    )
    assert json.loads(json.dumps(told)) == {
        "version": 1,
        "asked": 1.235,
        "preset": "mimo-v2",
        "api": "openai",
        "params": {"model": "m", "temperature": 0.0},
        "prompt": {"role": "user", "parts": [{"type": "text", "text": "one"}]},
        "reply": {
            "message": {
                "role": "assistant",
                "parts": [
                    {"type": "reasoning", "text": "Hm."},
                    {"type": "text", "length": 7},
                    {"type": "tool_call", "id": "c", "name": "clock"},
                    {"type": "text", "length": 4},
                ],
            },
            "usage": {"input": 3, "output": 2},
            "stop": "end",
            "model": "m",
            "id": "id",
        },
    }
