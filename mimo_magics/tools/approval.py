"""Approvals of tool calls: the question in text, and the refusal in an unattended run."""

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
"""Decide on a call. The callback may ask the user and block."""
QUESTION_ROWS = 4
"""Rows of the terminal that the question below a page takes."""


def get_pending_approval(event: Event) -> PendingApproval | None:
    """Return the approval that an event waits for, or `None`."""
    return event.approval if isinstance(event, ToolProgress) else None


def decide(pending: PendingApproval, approve: ApprovalCallback) -> None:
    """Decide a pending approval by calling `approve`. Errors are those of `get_decision`."""
    pending.decide(get_decision(pending.call, approve))


def get_decision(call: ToolCall, approve: ApprovalCallback) -> Approval:
    """Return the decision on a call, by calling `approve`.

    Raises:
        BadOption: `approve` returned neither a bool nor an `Approval`, for example because it is async.
    """
    approval: object = approve(call)
    if isinstance(approval, bool):
        approval = Approval(approval)
    if not isinstance(approval, Approval):
        if isinstance(approval, Coroutine):
            approval.close()
        raise BadOption(
            Translatable("approve returned a {name} object.", name=type(approval).__name__),
            Translatable("It must return True, False or an Approval, and cannot be async."),
        )
    return approval


def refuse_unattended(call: ToolCall) -> Approval:
    """Refuse a call of an unattended run. The reason says how to allow the tool."""
    advice = f"The author of the notebook can allow this tool: %mimo_tools confirm {call.name}=none"
    return Approval(allowed=False, reason=f"the run is unattended. {advice}")


def ask_at_terminal(call: ToolCall) -> Approval:
    """Ask the user at the terminal. Refuse if standard input is not a terminal."""
    return ask_in_window(call, input) if sys.stdin and sys.stdin.isatty() else refuse_unattended(call)


def ask_in_window(call: ToolCall, input_function: Callable[[str], str]) -> Approval:
    """Ask in text, in pages of the size of the terminal window."""
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
    """Ask in text: yes, always, or anything else as the reason of a refusal.

    A long call is shown in pages. The user can refuse it on each page, and approve it on the last one.

    Args:
        call: the call to decide on.
        input_function: shows a text and returns what the user types, like `input`.
        rows: rows of a page.
        columns: columns of a row.
    """
    *first_pages, last_page = split_pages(call_text(call), rows, columns)
    for number, page in enumerate(first_pages, 1):
        rest = "".join((*first_pages[number:], last_page))
        answer = _ask(input_function, f"{page}\n{_more_question(rest)}")
        if answer:
            return _refusal(answer)
    question = translate("Run it? [y]es, [a]lways in this session, [n]o, or a reason to refuse: ")
    answer = _ask(input_function, f"{last_page}\n{question}")
    match answer.lower():
        case "y" | "yes":
            return Approval(allowed=True)
        case "a" | "always":
            return Approval(allowed=True, for_session=True)
    return _refusal(answer)


def _ask(input_function: Callable[[str], str], question: str) -> str:
    """Ask one question. Characters that the terminal cannot print are escaped, so that the user sees them."""
    return input_function(replace_unencodable_characters(question, "backslashreplace")).strip()


def _more_question(rest: str) -> str:
    return translate("{more}. [Enter] to show them, [n]o, or a reason to refuse: ", more=more_text(rest))


def _refusal(answer: str) -> Approval:
    """Refuse. The text is the reason, unless it is empty or one of the offered choices."""
    is_letter = answer.lower() in ("", "n", "no", "y", "yes", "a", "always")
    return Approval(allowed=False, reason="" if is_letter else answer)
