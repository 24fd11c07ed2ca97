"""Approvals in text: each choice of the user, and unattended runs."""

from __future__ import annotations

import io
import sys

import pytest
from support.deceptive_arguments import DECEPTIVE, IDS, DeceptiveArguments

from mimo_magics.core.events import Approval
from mimo_magics.core.messages import ToolCall
from mimo_magics.document.approval_text import call_text
from mimo_magics.tools.approval import ask_at_terminal, ask_by_input, ask_in_window, refuse_unattended

CALL = ToolCall("c1", "clock", '{"zone": "UTC"}')
REFUSED = Approval(
    allowed=False,
    reason="the run is unattended. "
    "The author of the notebook can allow this tool: %mimo_tools confirm clock=none",
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
def test_the_user_approves_a_call_or_gives_the_reason_of_a_refusal(answer: str, approval: Approval) -> None:
    assert ask_by_input(CALL, lambda _: answer) == approval


QUESTION = "Run it? [y]es, [a]lways in this session, [n]o, or a reason to refuse: "


def decide_with(call: ToolCall, *answers: str) -> tuple[Approval, list[str]]:
    """Give these answers one after the other. Return the decision and the questions."""
    questions: list[str] = []
    left = list(answers)

    def answer(question: str) -> str:
        questions.append(question)
        return left.pop(0)

    return ask_by_input(call, answer), questions


@pytest.mark.parametrize(
    ("call", "shown"),
    [(CALL, 'clock {\n  "zone": "UTC"\n}'), (ToolCall("c1", "clock", ""), "clock {}")],
)
def test_the_question_shows_the_whole_call(call: ToolCall, shown: str) -> None:
    assert decide_with(call, "n")[1] == [f"{shown}\n{QUESTION}"]


LONG = ToolCall("c1", "shell", '{"cmd": "' + "x" * 4_000 + '"}')


def test_a_long_call_is_approved_when_all_pages_were_shown() -> None:
    approval, questions = decide_with(LONG, "", "", "y")
    assert approval == Approval(allowed=True)
    assert "".join(question.rpartition("\n")[0] for question in questions).count("x") == 4_000
    assert [question.rpartition("\n")[2] for question in questions] == [
        "2,493 more characters. [Enter] to show them, [n]o, or a reason to refuse: ",
        "893 more characters. [Enter] to show them, [n]o, or a reason to refuse: ",
        QUESTION,
    ]


@pytest.mark.parametrize(
    ("answer", "reason"), [("n", ""), ("y", ""), ("always", ""), ("Not today.", "Not today.")]
)
def test_a_long_call_can_only_be_refused_before_its_last_page(answer: str, reason: str) -> None:
    assert decide_with(LONG, answer)[0] == Approval(allowed=False, reason=reason)


@pytest.mark.parametrize("deceptive", DECEPTIVE, ids=IDS)
def test_deceptive_arguments_are_shown_whole_before_the_question(deceptive: DeceptiveArguments) -> None:
    call = ToolCall("c1", "shell", deceptive.text)
    approval, questions = approved(call)
    assert approval == Approval(allowed=True)
    assert (len(questions) > 1) is deceptive.is_long
    assert questions[-1].endswith(QUESTION)
    assert "".join(question.rpartition("\n")[0] for question in questions) == call_text(call)


def approved(call: ToolCall) -> tuple[Approval, list[str]]:
    """Show all pages and approve. Return the decision and the questions."""
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return "y" if question.endswith(QUESTION) else ""

    return ask_by_input(call, answer), questions


def test_pages_are_as_large_as_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "10")
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return ""

    ask_in_window(LONG, answer)
    assert len(questions) == 18
    assert {len(question.rpartition("\n")[0]) for question in questions[1:-2]} == {6 * 40}


def test_an_unattended_call_is_refused_with_the_line_that_allows_the_tool() -> None:
    assert refuse_unattended(CALL) == REFUSED


def test_a_process_without_a_terminal_refuses_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert ask_at_terminal(CALL) == REFUSED
