"""Tool calls that a small model writes as its whole reply."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta, ToolCallDelta, ToolCallStart
from mimo_magics.wire.bare_tool_calls import BareToolCallFilter

CALL = '{"name": "clock", "arguments": {"zone": "UTC"}}'


def through(*events: Event) -> list[Event]:
    bare = BareToolCallFilter(["clock"])
    return [*(out for event in events for out in bare.feed(event)), *bare.flush()]


def call(number: int = 0, arguments: str = '{"zone": "UTC"}') -> list[Event]:
    return [ToolCallStart(number, f"call_bare_{number}", "clock"), ToolCallDelta(number, arguments)]


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"```json\n{CALL}\n```",
        f"```\n{CALL}```",
        f"\n {CALL}. The time in UTC is",
        CALL.replace("{", "{\n "),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_reply_that_is_a_call_becomes_a_call(text: str, size: int) -> None:
    pieces = [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]
    assert through(*pieces, Stopped("end")) == [*call(), Stopped("tool_calls")]


def test_several_calls_are_extracted() -> None:
    text = f"```json\n{CALL}\n```\n```json\n{CALL}\n```"
    assert through(TextDelta(text)) == [*call(), *call(1)]


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        '{"name": "Ada", "age": 36}',
        '{"answer": 1}',
        "```python\nprint(1)\n```",
        "{not JSON",
        "[1, 2]",
        "` code `",
        f"The call is {CALL}",
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_everything_else_stays_text(text: str, size: int) -> None:
    pieces = [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]
    events = through(ReasoningDelta("Hm."), *pieces, Stopped("end"))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text
    assert (events[0], events[-1]) == (ReasoningDelta("Hm."), Stopped("end"))
    assert not any(isinstance(event, ToolCallStart) for event in events)


def test_text_that_cannot_be_a_call_is_forwarded_at_once() -> None:
    bare = BareToolCallFilter(["clock"])
    assert list(bare.feed(TextDelta("Hel"))) == [TextDelta("Hel")]
    assert list(bare.feed(TextDelta("lo {"))) == [TextDelta("lo {")]


def test_calls_of_the_server_take_precedence() -> None:
    events = [ToolCallStart(0, "c", "clock"), TextDelta(CALL)]
    assert through(*events) == events


def test_without_tools_nothing_is_held_back() -> None:
    assert list(BareToolCallFilter([]).feed(TextDelta(CALL))) == [TextDelta(CALL)]


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.integers(1, 9))
def test_arguments_are_unchanged(arguments: dict[str, object], size: int) -> None:
    text = json.dumps({"name": "clock", "arguments": arguments})
    pieces = [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]
    *_, delta = through(*pieces)
    assert isinstance(delta, ToolCallDelta)
    assert json.loads(delta.arguments) == arguments
