"""Reasoning and tool calls of a reply."""

import pytest

from mimo_magics.core.messages import (
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
)
from mimo_magics.document.steps import (
    call_line,
    format_json,
    group_parts,
    outcome_text,
    result_html,
    summary_line,
)

THINK, SO, TEXT = ReasoningPart("Hm."), ReasoningPart("So."), TextPart("Yes.")
CLOCK, BELL = ToolCall("1", "clock"), ToolCall("2", "bell")


def summary(*parts: object, **fields: object) -> str:
    """Return the summary of the first group."""
    reply = Reply(Message("assistant", parts), **fields)
    return summary_line(next(group_parts(parts)), reply)


def test_consecutive_steps_are_a_group_and_each_text_is_separate() -> None:
    parts = (THINK, CLOCK, TEXT, TEXT, BELL)
    assert list(group_parts(parts)) == [(THINK, CLOCK), (TEXT,), (TEXT,), (BELL,)]
    assert list(group_parts(())) == []


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((THINK,), "Reasoning · 3.2 s · 1,740 tokens"),
        ((THINK, CLOCK), "Reasoning · 3.2 s · 1,740 tokens · called clock"),
        ((THINK, TEXT, SO), "Reasoning"),
        ((CLOCK,), "Called clock"),
        ((CLOCK, BELL, CLOCK), "Called clock (2 times), bell"),
    ],
)
def test_a_summary_has_the_reasoning_and_the_calls(parts: tuple[object, ...], expected: str) -> None:
    assert summary(*parts, usage=Usage(reasoning=1_740), timing=Timing(reasoning=3.21)) == expected


def test_a_summary_leaves_out_unknown_values() -> None:
    assert summary(THINK) == "Reasoning"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", "clock()"),
        ("{", "clock()"),
        ('{"zone": "Asia/To', 'clock("zone": "Asia/To)'),
        ('{\n  "zone": "UTC",\n  "day": 1\n}', 'clock("zone": "UTC", "day": 1)'),
        ('{"text": "' + "x" * 500 + '"}', 'clock("text": "' + "x" * 50 + "…)"),
        ('{"a": "\u202e"}', 'clock("a": "⟨U+202E⟩")'),
    ],
)
def test_a_call_on_one_line_is_truncated(arguments: str, expected: str) -> None:
    assert call_line(ToolCall("1", "clock", arguments)) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, "not run"),
        (ToolResult("1", "clock", "12"), "done"),
        (ToolResult("1", "clock", "12", seconds=1.25), "done · 1.2 s"),
        (ToolResult("1", "clock", "no", is_error=True, seconds=0.0), "failed · 0.0 s"),
        (ToolResult("1", "clock", "no", is_error=True, refused=True), "refused"),
    ],
)
def test_the_outcome_of_a_call_has_its_time(result: ToolResult | None, expected: str) -> None:
    assert outcome_text(result) == expected


def test_a_result_has_its_size_and_a_limited_height() -> None:
    html = result_html(ToolResult("1", "clock", "x" * 12_345))
    assert "Result, 12,345 characters" in html
    assert 'style="max-height: 20em; overflow: auto"' in html


def test_json_is_formatted_and_other_text_is_unchanged() -> None:
    assert format_json('{"a":[1,"é"]}') == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert format_json('{"a":') == '{"a":'
    assert format_json("[" * 100_000) == "[" * 100_000
