"""The live view: widgets while the reply comes, a document when it is whole; one output all along.

Until the page has shown that it works with widgets, and the kernel that it hears of it, the reply grows as plain
output. So no front end is left with a broken view or with a button that does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Cell
from mimo_magics.display.live.retired_views import KEPT, retire
from mimo_magics.display.live.throttle import Frames
from mimo_magics.display.live.view import View
from mimo_magics.display.live.widget_probe import Probe
from mimo_magics.display.progress import Progress
from mimo_magics.display.static import StaticSurface
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import Look

__all__ = ["KEPT", "LiveSurface"]

BEAT = 0.1
"""Seconds between two looks at whether the page has answered."""


class LiveSurface:
    """Shows a turn in a cell that awaits."""

    def __init__(self, look: Look, cell: Cell, now: Callable[[], float] = monotonic) -> None:
        self._look = look
        self._cell = cell
        self._progress = Progress(now)
        self._plain = StaticSurface(look, alone=True, now=now)
        self._probe = Probe(now)
        """Asks the page from the first tick on."""
        self._view: View | None = None
        self._events: list[Event] = []
        """What came before there was a view."""
        self._frames = Frames(now)

    async def has_buttons(self) -> bool:
        """Tell whether it shows buttons to approve tool calls, when the page has answered or was given up."""
        while self._view is None and not self._plain.parted and self._probe.waits:
            await asyncio.sleep(BEAT)
            self.tick()
        return self._view is not None

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._progress.feed(event)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._frames.come(event.text)
        elif isinstance(event, Stopped):
            self._frames.hurry()
        self._enliven()
        if self._view:
            self._view.show(event)
            self._paint()
        else:
            self._events.append(event)
            self._plain.show(event)

    def tick(self) -> None:
        """Paint what is new, when a frame is due."""
        self._probe.begin()
        self._enliven()
        if self._view:
            self._paint()
        else:
            self._plain.tick()

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Put the document in the place of what grew."""
        self._probe.close()
        if self._view is None:
            self._plain.finish(reply, record)
            return
        bundle = reply_document.bundle(reply, look=self._look, opened=self._view.opened)
        self._plain.slot.put(bundle, {"mimo": record})
        if code := self._view.wanted_code:
            self._cell.insert(code)
        self._view.end(reply_document.footer(reply))
        retire(self._view)

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self._probe.close()
        self._plain.clear()
        if self._view:
            self._view.close()

    def _enliven(self) -> None:
        """Go on with widgets as soon as it is known that they work."""
        if self._view or self._plain.parted or not self._probe.answered():
            return
        self._view = View(self._look, self._progress, self._cell)
        for event in self._events:
            self._view.show(event)
        self._events.clear()
        self._view.paint()
        self._plain.slot.put(self._view.bundle)

    def _paint(self) -> None:
        assert self._view
        if self._frames.due:
            self._frames.painted()
            self._view.paint()
