"""Whether a tool call may run: what a person is asked, and what holds where nobody can be."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Coroutine

from mimo_magics.core.errors import BadOption
from mimo_magics.core.events import Approval, Event, PendingApproval, ToolProgress
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import ToolCall
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.document.approval_text import PAGE_COLUMNS, PAGE_ROWS, call_text, more_text, split_pages

ApprovalCallback = Callable[[ToolCall], Approval | bool]
"""Decides on a call; may ask the user, and block."""
QUESTION_ROWS = 4
"""Rows of a terminal that are left to the question below a page."""


def get_pending_approval(event: Event) -> PendingApproval | None:
    """Return the approval that an event waits for, if it does."""
    return event.approval if isinstance(event, ToolProgress) else None


def decide(pending: PendingApproval, approve: ApprovalCallback) -> None:
    """Let `approve` decide on the call that waits.

    Raises:
        BadOption: it did not decide, as an async function does not.
    """
    approval: object = approve(pending.call)
    if isinstance(approval, bool):
        approval = Approval(approval)
    if not isinstance(approval, Approval):
        if isinstance(approval, Coroutine):
            approval.close()
        raise BadOption(
            Translatable("approve returned a {name} object.", name=type(approval).__name__),
            Translatable("It must return True, False or an Approval, and cannot be async."),
        )
    pending.decide(approval)


def refuse_unattended(call: ToolCall) -> Approval:
    """Refuse, as nobody can be asked, and say how the tool is allowed."""
    advice = f"Who wrote the notebook can allow this tool: %mimo_tools confirm {call.name}=none"
    return Approval(allowed=False, reason=f"nobody is there to be asked. {advice}")


def ask_at_terminal(call: ToolCall) -> Approval:
    """Ask whoever sits at the terminal, if somebody does."""
    return ask_in_window(call, input) if sys.stdin and sys.stdin.isatty() else refuse_unattended(call)


def ask_in_window(call: ToolCall, input_function: Callable[[str], str]) -> Approval:
    """Ask by a line of text, in pages as large as the window of this process."""
    window = shutil.get_terminal_size((PAGE_COLUMNS, PAGE_ROWS + QUESTION_ROWS))
    rows = max(window.lines - QUESTION_ROWS, 1)
    return ask_by_input(call, input_function, rows=rows, columns=max(window.columns, 2))


def ask_by_input(
    call: ToolCall,
    input_function: Callable[[str], str],
    *,
    rows: int = PAGE_ROWS,
    columns: int = PAGE_COLUMNS,
) -> Approval:
    """Ask by a line of text: yes, always, or anything else as the reason for a no.

    A long call comes in pages. It can be refused at each of them, and approved when all were shown.

    Args:
        call: what is asked about.
        input_function: shows a text and returns what is typed.
        rows: of a page.
        columns: of a row.
    """
    *first_pages, last_page = split_pages(call_text(call), rows, columns)
    for number, page in enumerate(first_pages, 1):
        rest = "".join((*first_pages[number:], last_page))
        answer = _ask(input_function, f"{page}\n{_more_question(rest)}")
        if answer:
            return _refusal(answer)
    question = translate("Run it? [y]es, [a]lways in this session, [n]o, or why not: ")
    answer = _ask(input_function, f"{last_page}\n{question}")
    match answer.lower():
        case "y" | "yes":
            return Approval(allowed=True)
        case "a" | "always":
            return Approval(allowed=True, for_session=True)
    return _refusal(answer)


def _ask(input_function: Callable[[str], str], question: str) -> str:
    """Ask; characters that the terminal lacks are spelled out, as the person decides on them."""
    return input_function(replace_unencodable_characters(question, "backslashreplace")).strip()


def _more_question(rest: str) -> str:
    return translate("{more}. Enter shows them, [n]o, or why not: ", more=more_text(rest))


def _refusal(answer: str) -> Approval:
    """Refuse; whatever is neither a letter of the question nor empty is the reason."""
    is_letter = answer.lower() in ("", "n", "no", "y", "yes", "a", "always")
    return Approval(allowed=False, reason="" if is_letter else answer)
