"""The loop that drives a turn or a comparison: it shows each event and has pending approvals decided."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

from mimo_magics.client import portal
from mimo_magics.core.events import Event, ReplyEvent
from mimo_magics.core.renderer_protocol import Renderer, TurnMeter
from mimo_magics.tools.approval import ApprovalCallback, decide, get_pending_approval


class RunningReplies(Protocol):
    """A running turn or comparison."""

    @property
    def meters(self) -> Mapping[int, TurnMeter]:
        """The meters of its replies, by their numbers."""

    def __aiter__(self) -> AsyncIterator[Event | ReplyEvent]: ...


Running = TypeVar("Running", bound=RunningReplies)


async def drive(running: RunningReplies, renderer: Renderer, approve: ApprovalCallback) -> None:
    """Show each event of a running turn or comparison, until it is over.

    Args:
        running: the turn or the comparison.
        renderer: shows the events.
        approve: decides on the tool calls that wait for approval, unless the renderer has buttons for that.
    """
    renderer.start(running.meters)
    await _show_events(running, renderer, approve)


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
    with portal.PortalStream(_start(turn, renderer), renderer.tick) as stream:
        portal.run_inline(_show_events(stream, renderer, approve))
    assert stream.source is not None
    return stream.source


@asynccontextmanager
async def _start(turn: AbstractAsyncContextManager[Running], renderer: Renderer) -> AsyncIterator[Running]:
    async with turn as running:
        renderer.start(running.meters)
        yield running


async def _show_events(
    events: AsyncIterable[Event | ReplyEvent], renderer: Renderer, approve: ApprovalCallback
) -> None:
    async for item in events:
        number, event = item if isinstance(item, ReplyEvent) else (0, item)
        renderer.show(event, number)
        if (approval := get_pending_approval(event)) and not await renderer.has_buttons():
            decide(approval, approve)
