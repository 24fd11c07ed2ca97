"""One output that grows in place, without widgets.

Each frame carries the whole text, so frames become rarer as a long reply grows, by a tenth at a time: what is sent
in all stays proportional to the reply's length.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any
from uuid import uuid4

from IPython.display import display, update_display

from mimo_magics.events import Accumulator, Event, Preparing, ReasoningDelta, Retrying, TextDelta
from mimo_magics.messages import Reply
from mimo_magics.render import document
from mimo_magics.settings import Format

FRAME = 0.1
"""Seconds between two frames at the least."""
SHORT = 2_000
"""Characters up to which each frame may be painted."""
GROWTH = 1.1
"""By how much a longer reply grows between two frames."""


class StaticSurface:
    """Paints the reply, as far as it has come, into one output of the cell."""

    def __init__(self, form: Format = "markdown", now: Callable[[], float] = monotonic) -> None:
        self._form = form
        self._now = now
        self._accumulator = Accumulator()
        self._id = ""
        self._size = self._painted_size = 0
        self._next_frame = 0.0

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._accumulator.feed(event)
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self._size += len(text)
                self.tick()
            case Retrying(attempt, of, delay, reason):
                self._frame(f"{reason} · again in {delay:.1f} s, attempt {attempt} of {of}")
            case Preparing(what, done, total):
                self._frame(f"{what}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{what} …")

    def tick(self) -> None:
        """Paint what has come since the last frame, when a frame is due."""
        if self._due():
            self._frame("…")

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Replace the growing output by the document."""
        self._paint(document.bundle(reply, form=self._form), {"mimo": record})

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        if self._id:
            self._paint({"text/plain": ""}, {})

    def _due(self) -> bool:
        grown = self._size > self._painted_size
        enough = self._size <= SHORT or self._size >= self._painted_size * GROWTH
        return grown and enough and self._now() >= self._next_frame

    def _frame(self, status: str) -> None:
        self._next_frame = self._now() + FRAME
        self._painted_size = self._size
        self._paint(document.bundle(self._accumulator.reply, status, self._form), {})

    def _paint(self, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        if self._id:
            update_display(bundle, display_id=self._id, raw=True, metadata=metadata)
        else:
            self._id = uuid4().hex
            display(bundle, display_id=self._id, raw=True, metadata=metadata)
