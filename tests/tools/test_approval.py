"""Who decides on a tool call, and what each answer means."""

from __future__ import annotations

import io
import sys

import pytest

from mimo_magics.core.events import Approval
from mimo_magics.core.messages import ToolCall
from mimo_magics.tools.approval import MAX_CALL_CHARS, ask_at_terminal, ask_by_input, refuse_unattended

CALL = ToolCall("c1", "clock", '{"zone": "UTC"}')
REFUSED = Approval(
    allowed=False,
    reason="nobody is there to be asked. "
    "Who wrote the notebook can allow this tool: %mimo_tools confirm clock=none",
)


@pytest.mark.parametrize(
    ("answer", "approval"),
    [
        ("y", Approval(allowed=True)),
        (" YES ", Approval(allowed=True)),
        ("a", Approval(allowed=True, for_session=True)),
        ("Always", Approval(allowed=True, for_session=True)),
        ("n", Approval(allowed=False)),
        ("", Approval(allowed=False)),
        (" Not today. ", Approval(allowed=False, reason="Not today.")),
    ],
)
def test_an_answer_allows_a_call_or_is_the_reason_for_its_refusal(answer: str, approval: Approval) -> None:
    assert ask_by_input(CALL, lambda _: answer) == approval


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (CALL, 'clock {"zone": "UTC"}'),
        (ToolCall("c1", "clock", ""), "clock {}"),
        (ToolCall("c1", "clock", "x" * 3_000), f"clock {'x' * (MAX_CALL_CHARS - 6)}… (3,006 characters)"),
    ],
)
def test_the_question_shows_the_call_up_to_a_length(call: ToolCall, shown: str) -> None:
    questions: list[str] = []
    ask_by_input(call, lambda question: questions.append(question) or "n")
    assert questions == [f"{shown}\nRun it? [y]es, [a]lways in this session, [n]o, or why not: "]


def test_an_unattended_call_is_refused_with_the_line_that_allows_the_tool() -> None:
    assert refuse_unattended(CALL) == REFUSED


def test_a_process_without_a_terminal_refuses_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert ask_at_terminal(CALL) == REFUSED
