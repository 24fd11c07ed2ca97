"""The loop that drives a turn or a comparison: it shows each event and has pending approvals decided."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from mimo_magics.client import portal
from mimo_magics.core.events import Event, ReplyEvent
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.tools.approval import ApprovalCallback, decide, get_pending_approval

Running = TypeVar("Running", bound=AsyncIterable[Event | ReplyEvent])


async def drive(
    running: AsyncIterable[Event | ReplyEvent], renderer: Renderer, approve: ApprovalCallback
) -> None:
    """Show each event of a running turn or comparison, until it is over.

    Args:
        running: the events.
        renderer: shows them.
        approve: decides on the tool calls that wait for approval, unless the renderer has buttons for that.
    """
    async for item in running:
        number, event = item if isinstance(item, ReplyEvent) else (0, item)
        renderer.show(event, number)
        if (approval := get_pending_approval(event)) and not await renderer.has_buttons():
            decide(approval, approve)


def drive_sync(
    turn: AbstractAsyncContextManager[Running], renderer: Renderer, approve: ApprovalCallback
) -> Running:
    """Open a turn or a comparison, drive it and return it, for callers that cannot await.

    It runs on the portal's loop. `renderer` and `approve` are called in this thread, which may paint and
    read input, and which receives Ctrl-C and the kernel's interrupt.

    Raises:
        KeyboardInterrupt: Ctrl-C or the kernel's interrupt. A partial reply is saved.
        MimoError: the call failed.
    """
    with portal.PortalStream(turn, renderer.tick) as stream:
        portal.run_inline(drive(stream, renderer, approve))
    assert stream.source is not None
    return stream.source
