"""The coroutines of a session for callers that cannot await: scripts, loops, functions, `%mimo`.

They run on one event loop in a thread of its own, so that it works where a loop is running too and connections
are kept between calls. Events are handed to the caller's thread: that is the one that may paint, and the one
that Ctrl-C and the kernel's interrupt reach.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING

from anyio.from_thread import BlockingPortal, start_blocking_portal

from mimo_magics import client
from mimo_magics.errors import Interrupted
from mimo_magics.events import Event
from mimo_magics.messages import Reply

if TYPE_CHECKING:  # sessions offer this module's service as methods
    from mimo_magics.session.loop import RunningTurn
    from mimo_magics.session.turns import Turn


def run(
    opening: AbstractAsyncContextManager[RunningTurn], show: Callable[[Event], None] | None = None
) -> Turn:
    """Run a turn to its end and call `show` with each event, in the caller's thread.

    Raises:
        Interrupted: Ctrl-C or the kernel's interrupt came; the turn is broken off and what had come is kept.
        MimoError: the call failed.
    """
    call = _Call(opening)
    task = _portal().start_task_soon(call.run)
    try:
        while (event := call.events.get()) is not None:
            if show:
                show(event)
    except BaseException as error:
        task.cancel()
        while call.events.get() is not None:  # until the socket is closed and the turn is kept
            pass
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted("The answer was stopped.", reply=call.reply) from None
        raise
    task.result()
    assert call.turn
    return call.turn


class _Call:
    """One turn on the other thread."""

    def __init__(self, opening: AbstractAsyncContextManager[RunningTurn]) -> None:
        self.events: SimpleQueue[Event | None] = SimpleQueue()
        """On their way to the caller's thread; `None` is the last."""
        self.turn: Turn | None = None
        self._opening = opening

    async def run(self) -> None:
        running = None
        try:
            async with self._opening as running:
                async for event in running:
                    self.events.put(event)
        finally:
            self.turn = running.turn if running else None
            self.events.put(None)

    @property
    def reply(self) -> Reply | None:
        return self.turn.reply if self.turn else None


@cache
def _portal() -> BlockingPortal:
    """Start the thread on first use; it ends with the process."""
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal())
    stack.callback(portal.call, client.aclose)
    atexit.register(stack.close)
    return portal
