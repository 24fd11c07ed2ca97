"""Outputs that grow in place, without widgets.

Each frame carries all of what still grows. In a cell of its own, a long reply is shown by finished parts: a part
stays, only the rest goes on growing, and at the end one document takes the place of all. Elsewhere (`%mimo` in a
loop) other outputs may stand in the cell, so there is one output only, and the longer it is, the rarer its frames.
Either way what is sent in all stays proportional to the reply's length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import uuid4

from IPython.display import clear_output, display, update_display

from mimo_magics.events import Accumulator, Event, Preparing, ReasoningDelta, Retrying, TextDelta
from mimo_magics.messages import Message, Reply, TextPart
from mimo_magics.render import document
from mimo_magics.settings import Format

FRAME = 0.1
"""Seconds between two frames at the least."""
SHORT = 2_000
"""Characters up to which each frame may be painted, and from which on a finished part is put aside."""
GROWTH = 1.1
"""By how much something longer grows between two frames."""


class StaticSurface:
    """Paints the reply, as far as it has come, into the outputs of its cell."""

    def __init__(
        self, form: Format = "markdown", *, alone: bool = False, now: Callable[[], float] = monotonic
    ) -> None:
        self._form = form
        self._alone = alone
        self._now = now
        self._accumulator = Accumulator()
        self._id = ""
        self._finished = 0
        """Characters of the answer in finished parts."""
        self._size = self._painted_size = 0
        """Characters that have come since the last finished part, and those of them that are painted."""
        self._next_frame = 0.0

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._accumulator.feed(event)
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self._size += len(text)
                self.tick()
            case Retrying():
                self._frame(str(event))
            case Preparing(what, done, total):
                self._frame(f"{what}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{what} …")

    def tick(self) -> None:
        """Paint what has come since the last frame, when a frame is due."""
        grown = self._size > self._painted_size
        enough = self._size <= SHORT or self._size >= self._painted_size * GROWTH
        if grown and enough and self._now() >= self._next_frame:
            self._frame("…")

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Replace what grew by the document."""
        if self._finished:
            clear_output(wait=True)
            self._id = ""
        self._paint(document.bundle(reply, form=self._form), {"mimo": record})

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        if self._id:
            self._paint({"text/plain": ""}, {})

    def _frame(self, status: str) -> None:
        reply = self._accumulator.reply
        end = end_of_blocks(reply.text, self._finished) if self._alone and self._size > SHORT else 0
        if end:
            self._paint(document.bundle(between(reply, self._finished, end), " ", self._form), {})
            self._id, self._finished, self._size = "", end, len(reply.text) - end
        self._next_frame = self._now() + FRAME
        self._painted_size = self._size
        self._paint(document.bundle(between(reply, self._finished), status, self._form), {})

    def _paint(self, bundle: dict[str, str], metadata: dict[str, Any]) -> None:
        if self._id:
            update_display(bundle, display_id=self._id, raw=True, metadata=metadata)
        else:
            self._id = uuid4().hex
            display(bundle, display_id=self._id, raw=True, metadata=metadata)


def between(reply: Reply, start: int, end: int | None = None) -> Reply:
    """Return a stretch of the answer as a reply; all that stands before it belongs to the first stretch."""
    if not start and end is None:
        return reply
    before = () if start else tuple(part for part in reply.message.parts if not isinstance(part, TextPart))
    notes = () if start else reply.notes
    return replace(
        reply, message=Message("assistant", (*before, TextPart(reply.text[start:end]))), notes=notes
    )


def end_of_blocks(text: str, start: int) -> int:
    """Return where the last finished block from `start` on ends: a blank line outside code; 0 if none does."""
    end, position, code = 0, start, False
    for line in text[start:].splitlines(keepends=True):
        position += len(line)
        if line.lstrip().startswith(("```", "~~~")):
            code = not code
        elif not code and not line.strip() and position > start + SHORT // 2:
            end = position
    return end
