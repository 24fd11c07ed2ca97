"""Turns as values: the history they make and the record that a saved output carries."""

import json
from dataclasses import replace

import pytest

from mimo_magics.messages import (
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    TextPart,
    Timing,
    ToolCall,
    Usage,
    system,
    user,
)
from mimo_magics.session.turns import Turn, from_record, history, record


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


def test_a_record_and_the_text_beside_it_give_the_turn_back() -> None:
    parts = (
        ReasoningPart("Hm.", "sig"),
        TextPart("Hello, "),
        ToolCall("c", "clock", "{}"),
        TextPart("你好 🙂\u2028"),
    )
    before = turn("one", *parts, stop="interrupted")
    before = replace(before, asked=1.5, reply=replace(before.reply, timing=Timing(0.5, None, 2.0), cost=0.25))
    text = before.reply.text
    after = from_record(json.loads(json.dumps(record(before))), text)
    assert after == replace(before, request=Request((user("one"),), before.request.params))


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"version": None},
        {"reply": None},
        {"reply": {}},
        {"reply": {"message": {"parts": [{"type": "text"}]}}},
        {"reply": {"message": {"parts": [{"type": "unknown"}]}}},
        {"prompt": "hi"},
        {"params": {}},
        {"asked": None},
    ],
)
def test_a_record_that_cannot_be_read_is_an_error(damage: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_record({**record(turn("one", TextPart("1"))), **damage}, "1")
