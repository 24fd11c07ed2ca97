"""Turns for callers that cannot await: scripts, loops, functions, `%mimo`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING

from mimo_magics.core.events import Event
from mimo_magics.tools.approval import ApprovalCallback, decide, get_pending_approval

if TYPE_CHECKING:  # sessions offer this module's service as a method
    from mimo_magics.session.turn import Turn
    from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.client.portal import PortalCall, close_on_exit


class TurnCall(PortalCall[Event]):
    """A turn that is answered on the other thread."""

    running: RunningTurn | None

    @property
    def turn(self) -> Turn | None:
        """The turn when it is over."""
        return self.running.turn if self.running else None

    @property
    def notices(self) -> tuple[str, ...]:
        """The notices that were sent so far."""
        return self.running.notices if self.running else ()


def open_turn(
    turn_context: AbstractAsyncContextManager[RunningTurn], tick: Callable[[], None] = lambda: None
) -> AbstractContextManager[TurnCall]:
    """Do what `async with` does for the turn of a session. Arguments and errors are those of `Call` and `driven`."""
    return close_on_exit(TurnCall(turn_context, tick))


def run_turn(turn_context: AbstractAsyncContextManager[RunningTurn], approve: ApprovalCallback) -> Turn:
    """Run a turn to its end; `approve` decides on the tool calls that want it.

    Raises:
        KeyboardInterrupt: Ctrl-C or the kernel's interrupt came; what had come of the answer is kept.
        MimoError: the call failed.
    """
    with open_turn(turn_context) as call:
        for event in call:
            if approval := get_pending_approval(event):
                decide(approval, approve)
    assert call.turn
    return call.turn
