"""The record of the calls of prompt functions in this process: which version gave a reply, and what it cost."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from mimo_magics.core.messages import Usage
from mimo_magics.session.turn_runner import RunningTurn

MAX_CALLS = 10_000
"""Calls in the record. After that, the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class PromptCall:
    """One call of a prompt function that has a reply."""

    name: str
    version: str
    """The version of the function."""
    model: str
    usage: Usage
    """Empty for a cached reply."""
    cost: float | None
    """US dollars; `None` without a known price."""
    created_at: float
    """When the prompt was sent, in seconds since 1970."""
    errors: tuple[str, ...] = ()
    """What is wrong with the value; empty if it is valid."""


_calls: deque[PromptCall] = deque(maxlen=MAX_CALLS)


def record_call(name: str, version: str, running: RunningTurn) -> None:
    """Add a finished call to the record."""
    turn, reply = running.turn, running.finished_reply
    assert turn
    cost = 0.0 if running.cached else running.cost
    call = PromptCall(name, version, turn.params.model, turn.usage, cost, turn.created_at, reply.errors)
    _calls.append(call)


def find_calls(name: str, version: str) -> tuple[PromptCall, ...]:
    """Return the calls of a version of a function, oldest first."""
    # Other threads may add calls in the meantime; the copy is made at once.
    return tuple(call for call in _calls.copy() if (call.name, call.version) == (name, version))
