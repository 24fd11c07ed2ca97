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
    format_json,
    group_parts,
    outcome_text,
    result_html,
    summary_line,
)

THINK, SO, TEXT = ReasoningPart("Hm."), ReasoningPart("So."), TextPart("Yes.")
CLOCK, BELL, CLOCK_2 = ToolCall("1", "clock"), ToolCall("2", "bell"), ToolCall("3", "clock")


def result(call: ToolCall, **fields: bool) -> ToolResult:
    """Return the result of a call."""
    return ToolResult(call.id, call.name, "12", **fields)


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
        ((THINK, TEXT, SO), "Reasoning"),
        ((CLOCK,), "Requested clock"),
        ((CLOCK, result(CLOCK)), "Called clock"),
        ((THINK, CLOCK, result(CLOCK)), "Reasoning · 3.2 s · 1,740 tokens · called clock"),
        (
            (CLOCK, result(CLOCK), BELL, result(BELL), CLOCK_2, result(CLOCK_2)),
            "Called clock (2 times), bell",
        ),
        ((CLOCK, result(CLOCK, is_error=True)), "Failed clock"),
        ((CLOCK, result(CLOCK, is_error=True, refused=True)), "Refused clock"),
        ((CLOCK, result(CLOCK, is_error=True, invalid_arguments=True)), "Invalid arguments for clock"),
        (
            (
                CLOCK,
                BELL,
                CLOCK_2,
                result(CLOCK),
                result(BELL, is_error=True, refused=True),
                result(CLOCK_2, is_error=True),
            ),
            "Called clock · failed clock · refused bell",
        ),
    ],
)
def test_a_summary_has_the_reasoning_and_the_outcome_of_each_call(
    parts: tuple[object, ...], expected: str
) -> None:
    assert summary(*parts, usage=Usage(reasoning=1_740), timing=Timing(reasoning=3.21)) == expected


def test_a_summary_leaves_out_unknown_values() -> None:
    assert summary(THINK) == "Reasoning"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, "not run"),
        (ToolResult("1", "clock", "12"), "done"),
        (ToolResult("1", "clock", "12", seconds=1.25), "done · 1.2 s"),
        (ToolResult("1", "clock", "no", is_error=True, seconds=0.0), "failed · 0.0 s"),
        (ToolResult("1", "clock", "no", is_error=True, refused=True), "refused"),
        (ToolResult("1", "clock", "no", is_error=True, invalid_arguments=True), "invalid arguments"),
    ],
)
def test_the_outcome_of_a_call_has_its_time(result: ToolResult | None, expected: str) -> None:
    assert outcome_text(result) == expected


def test_a_result_has_its_size_and_a_limited_height() -> None:
    html = result_html(ToolResult("1", "clock", "x" * 12_345))
    assert "Result, 12,345 characters" in html
    assert 'style="max-height: 20em; overflow: auto"' in html


def test_printed_output_has_a_label() -> None:
    html = result_html(ToolResult("1", "clock", "12", log="<b>looking</b>"))
    assert html.endswith(
        '<div><small style="opacity:0.7">Printed output</small></div>'
        '<pre style="max-height: 20em; overflow: auto"><code>&lt;b&gt;looking&lt;/b&gt;</code></pre>'
    )
    assert "Printed output" not in result_html(ToolResult("1", "clock", "12"))


def test_json_is_formatted_and_other_text_is_unchanged() -> None:
    assert format_json('{"a":[1,"é"]}') == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert format_json('{"a":') == '{"a":'
    assert format_json("[" * 100_000) == "[" * 100_000
