"""The loop that drives a turn: it shows each event and gets a decision on each tool call that waits for approval."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from mimo_magics.client import portal
from mimo_magics.core.events import Event
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.tools.approval import ApprovalCallback, decide, get_pending_approval

Running = TypeVar("Running", bound=AsyncIterable[Event])


async def drive(running: AsyncIterable[Event], renderer: Renderer, approve: ApprovalCallback) -> None:
    """Show each event of a running turn, until the turn is over.

    Args:
        running: the events of the turn.
        renderer: shows them.
        approve: decides on the tool calls that wait for approval, unless the renderer has buttons for that.
    """
    async for event in running:
        renderer.show(event)
        if (approval := get_pending_approval(event)) and not await renderer.has_buttons():
            decide(approval, approve)


def drive_sync(
    turn: AbstractAsyncContextManager[Running], renderer: Renderer, approve: ApprovalCallback
) -> Running:
    """Open a turn, drive it and return it, for callers that cannot await.

    The turn runs on the portal's loop. `renderer` and `approve` are called in this thread: it may paint and read input,
    and it receives Ctrl-C and the kernel's interrupt.

    Raises:
        KeyboardInterrupt: the turn was interrupted. The partial reply is saved in the session.
        MimoError: the call failed.
    """
    with portal.PortalStream(turn, renderer.tick) as stream:
        portal.run_inline(drive(stream, renderer, approve))
    assert stream.source is not None
    return stream.source
