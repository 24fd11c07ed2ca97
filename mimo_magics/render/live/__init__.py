"""The live view: widgets while the reply comes, a document when it is whole; one output all along.

Until the page has shown that it works with widgets, and the kernel that it hears of it, the reply grows as plain
output. So no front end is left with a broken view or with a button that does nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from mimo_magics import document
from mimo_magics.document import Look
from mimo_magics.events import Event, ReasoningDelta, Stopped, TextDelta
from mimo_magics.messages import Reply
from mimo_magics.render import Cell
from mimo_magics.render.live.probe import Probe
from mimo_magics.render.live.view import View
from mimo_magics.render.progress import Progress
from mimo_magics.render.static import StaticSurface

_ended: deque[View] = deque()
"""Views that were replaced by their documents. A page that was reloaded on the way never gets the document, but has
the widgets as long as they live."""
KEPT = 8

FRAME = 0.1
"""Seconds between two frames at the least."""
READABLE, HURRIED_FRAME = 150, 0.3
"""Characters since the last frame that a person may still be reading along; when more come, fewer frames do."""


class LiveSurface:
    """Shows a turn in a cell that awaits."""

    def __init__(self, look: Look, cell: Cell, now: Callable[[], float] = monotonic) -> None:
        self._look = look
        self._cell = cell
        self._now = now
        self._progress = Progress(now)
        self._plain = StaticSurface(look, alone=True, now=now)
        self._probe: Probe | None = None
        """Asks the page from the first tick on: what is answered at once needs no widgets, and sends none."""
        self._view: View | None = None
        self._events: list[Event] = []
        """What came before there was a view."""
        self._frame = 0.0
        """When the last one was painted."""
        self._new = 0
        """Characters since then."""

    @property
    def asks(self) -> bool | None:
        """Whether there are buttons to approve tool calls with, or may soon be."""
        if self._view is None and not self._plain.parted and (self._probe is None or self._probe.waits):
            return None
        return self._view is not None

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._progress.feed(event)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._new += len(event.text)
        elif isinstance(event, Stopped):
            self._frame = 0.0  # nothing more comes: what is there is shown at once
        self._enliven()
        if self._view:
            self._view.show(event)
            self._paint()
        else:
            self._events.append(event)
            self._plain.show(event)

    def tick(self) -> None:
        """Paint what is new, when a frame is due."""
        self._probe = self._probe or Probe(self._now)
        self._enliven()
        if self._view:
            self._paint()
        else:
            self._plain.tick()

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Put the document in the place of what grew."""
        self._close_probe()
        if self._view is None:
            self._plain.finish(reply, record)
            return
        bundle = document.bundle(reply, look=self._look, opened=self._view.opened)
        self._plain.slot.put(bundle, {"mimo": record})
        if code := self._view.wanted_code:
            self._cell.insert(code)
        self._retire(self._view, document.footer(reply))

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self._close_probe()
        self._plain.clear()
        if self._view:
            self._view.close()

    def _enliven(self) -> None:
        """Go on with widgets as soon as it is known that they work."""
        if self._view or self._plain.parted or not (self._probe and self._probe.answered()):
            return
        self._view = View(self._look, self._progress, self._cell)
        for event in self._events:
            self._view.show(event)
        self._events.clear()
        self._view.paint()
        self._plain.slot.put(self._view.bundle)

    def _close_probe(self) -> None:
        if self._probe:
            self._probe.close()

    def _paint(self) -> None:
        assert self._view
        if self._now() >= self._frame + (FRAME if self._new < READABLE else HURRIED_FRAME):
            self._frame, self._new = self._now(), 0
            self._view.paint()

    def _retire(self, view: View, footer: str) -> None:
        view.end(footer)
        _ended.append(view)
        if len(_ended) > KEPT:
            _ended.popleft().close()
