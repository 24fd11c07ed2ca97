"""Whether a tool call may run: what a person is asked, and what holds where nobody can be."""

from __future__ import annotations

import sys
from collections.abc import Callable

from mimo_magics.core.events import Approval, Event, PendingApproval, ToolProgress
from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import ToolCall

MAX_CALL_CHARS = 2_000
"""Characters of a call that a question shows."""


ApprovalCallback = Callable[[ToolCall], Approval | bool]
"""Decides on a call; may ask the user, and block."""


def get_pending_approval(event: Event) -> PendingApproval | None:
    """Return the approval that an event waits for, if it does."""
    return event.approval if isinstance(event, ToolProgress) else None


def decide(pending: PendingApproval, approve: ApprovalCallback) -> None:
    """Let `approve` decide on the call that waits."""
    approval = approve(pending.call)
    pending.decide(Approval(approval) if isinstance(approval, bool) else approval)


def refuse_unattended(call: ToolCall) -> Approval:
    """Refuse, as nobody can be asked, and say how the tool is allowed."""
    advice = f"Who wrote the notebook can allow this tool: %mimo_tools confirm {call.name}=none"
    return Approval(allowed=False, reason=f"nobody is there to be asked. {advice}")


def ask_at_terminal(call: ToolCall) -> Approval:
    """Ask whoever sits at the terminal, if somebody does."""
    return ask_by_input(call, input) if sys.stdin and sys.stdin.isatty() else refuse_unattended(call)


def ask_by_input(call: ToolCall, input_function: Callable[[str], str]) -> Approval:
    """Ask by a line of text: yes, always, or anything else as the reason for a no."""
    call_text = f"{call.name} {call.arguments or '{}'}"
    shown_call = (
        call_text
        if len(call_text) <= MAX_CALL_CHARS
        else translate(
            "{line}… ({count:,} characters)", line=call_text[:MAX_CALL_CHARS], count=len(call_text)
        )
    )
    answer = input_function(
        translate("{shown}\nRun it? [y]es, [a]lways in this session, [n]o, or why not: ", shown=shown_call)
    ).strip()
    match answer.lower():
        case "y" | "yes":
            return Approval(allowed=True)
        case "a" | "always":
            return Approval(allowed=True, for_session=True)
        case "n" | "no" | "":
            return Approval(allowed=False)
    return Approval(allowed=False, reason=answer)
