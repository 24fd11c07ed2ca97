"""The turn record in the metadata of an output."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from support.results import ADA, PEOPLE_SCHEMA, people_reply
from support.turns import turn

from mimo_magics.core.messages import (
    Part,
    ReasoningPart,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.core.text import replace_control_characters
from mimo_magics.session.storage.turn_record import add_notices, build_record, from_record
from mimo_magics.session.turn import Turn


def read_back(before: Turn) -> Turn:
    """Return a turn from its record and the text of its output."""
    return from_record(
        json.loads(json.dumps(build_record(before))), replace_control_characters(before.reply.text)
    )


CLOCK = ToolCall("c", "clock", "{}")


NOON = ToolResult("c", "clock", "12:00", seconds=0.5)


def test_a_record_has_the_turn_without_its_texts_and_its_history() -> None:
    record = build_record(
        turn("one", ReasoningPart("Hm."), TextPart("Hello, "), ToolCall("c", "clock"), TextPart("你好 🙂"))
    )
    assert json.loads(json.dumps(record)) == {
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


def test_a_turn_is_read_back_from_its_record_and_the_text_of_its_output() -> None:
    parts = (
        ReasoningPart("Hm.", "sig"),
        TextPart("Hello, "),
        CLOCK,
        NOON,
        TextPart("你好 🙂\u2028"),
    )
    before = turn("one", *parts, stop="interrupted")
    before = replace(
        before,
        created_at=1.5,
        reply=replace(before.reply, timing=Timing(0.5, None, 2.0), cost=0.25),
        id="0123456789ab",
        system="Be brief.",
        tools=("clock",),
        usage=Usage(30, 20),
        context_tokens=50,
        omitted_turns=2,
        summary="They said hello.",
        digest="0" * 32,
        cell="id:here",
        opens_branch=True,
    )
    assert read_back(before) == before


def test_a_record_has_the_session_and_the_parent_of_its_turn() -> None:
    before = turn("one", TextPart("1"))
    plain, placed = (
        build_record(before),
        build_record(before, parent_id="0123456789ab", session="main", is_one_off=True),
    )
    assert placed == {**plain, "after": "0123456789ab", "session": "main", "aside": True}
    assert from_record(placed, "1") == from_record(plain, "1")


def test_a_record_has_the_notices_of_its_output_and_they_are_not_read_back() -> None:
    before = turn("one", TextPart("1"))
    plain = build_record(before)
    shown = add_notices(plain, ["Asked again."])
    assert (shown, add_notices(plain, [])) == ({**plain, "notices": ["Asked again."]}, plain)
    assert from_record(shown, "1") == from_record(plain, "1")


def test_a_record_of_an_older_version_with_notices_in_its_reply_is_read() -> None:
    plain = build_record(turn("one", TextPart("1")))
    older = {**plain, "reply": {**plain["reply"], "told": ["Asked again."]}}
    assert from_record(older, "1") == from_record(plain, "1")


def test_an_empty_reply_is_read_back_from_its_record() -> None:
    before = replace(turn("one"), created_at=1.5)
    assert read_back(before) == before


def test_a_text_with_control_characters_is_read_back_unchanged() -> None:
    red, turned = TextPart("\x1b[31mred"), TextPart("\u202eevil\r")
    before = replace(turn("one", TextPart("Look: "), red, CLOCK, turned, TextPart(" Good.")), created_at=1.5)
    assert build_record(before)["reply"]["message"]["parts"] == [
        {"type": "text", "length": 6},
        {"type": "text", "text": "\x1b[31mred"},
        {"type": "tool_call", "id": "c", "name": "clock", "arguments": "{}"},
        {"type": "text", "text": "\u202eevil\r"},
        {"type": "text", "length": 6},
    ]
    assert read_back(before) == before


def test_a_reply_with_windows_line_ends_is_read_back_unchanged() -> None:
    parts = (TextPart("one\r"), TextPart("\ntwo\r\n"), CLOCK, TextPart("three"))
    before = replace(turn("one", *parts), created_at=1.5)
    assert read_back(before) == before


hostile = st.text(st.sampled_from("ab\n\t\x1b\x07\r\x85\u2028\u202e\u2066🙂🌊") | st.characters(), max_size=9)


@given(
    st.lists(
        st.one_of(st.builds(TextPart, hostile), st.builds(ReasoningPart, hostile), st.just(CLOCK)), min_size=1
    )
)
def test_any_reply_is_read_back_from_its_record(parts: list[Part]) -> None:
    before = replace(turn("one", *parts), created_at=1.5)
    assert read_back(before) == before


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
        {"api": "telegraph"},
        {"spent": 3},
        {"tools": "clock"},
        {"id": 7},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": "long"}]}}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": -9}]}}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": 1e308}]}}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": True}]}}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": "7"}]}}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": None}]}}},
        {"reply": {"message": {"role": "assistant", "parts": [{"type": "text", "length": []}]}}},
    ],
)
def test_an_invalid_record_is_an_error(damage: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_record({**build_record(turn("one", TextPart("1"))), **damage}, "1")


def test_the_record_of_a_reply_with_a_schema_has_its_text_because_the_output_is_a_table() -> None:
    before = turn("one", TextPart("{}"))
    before = replace(before, reply=replace(people_reply(ADA, errors=("Item 2: no",)), usage=Usage(3, 2)))
    record = json.loads(json.dumps(build_record(before)))
    assert record["reply"]["result"] == {"schema": PEOPLE_SCHEMA, "errors": ["Item 2: no"]}
    assert from_record(record, "name  age\nAda    36").reply == before.reply
