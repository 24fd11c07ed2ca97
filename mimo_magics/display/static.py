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

from IPython.display import clear_output

from mimo_magics.core.events import Accumulator, Event, Preparing, ReasoningDelta, Retrying, TextDelta
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.display.output import Slot
from mimo_magics.display.progress import Progress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import Look

FRAME = 0.1
"""Seconds between two frames at the least."""
SHORT = 2_000
"""Characters up to which each frame may be painted, and from which on a finished part is put aside."""
GROWTH = 1.1
"""By how much something longer grows between two frames."""


class StaticSurface:
    """Paints the reply, as far as it has come, into the outputs of its cell."""

    def __init__(
        self, look: Look = Look(), *, alone: bool = False, now: Callable[[], float] = monotonic
    ) -> None:
        self.slot = Slot()
        """Where the rest grows, and the document will be."""
        self.parted = False
        """Whether finished parts stand above it."""
        self._look = look
        self._alone = alone
        self._now = now
        self._accumulator = Accumulator()
        self._progress = Progress(now)
        self._finished = 0
        """Characters of the answer in finished parts."""
        self._size = self._painted_size = 0
        """Characters that have come since the last finished part, and those of them that are painted."""
        self._painted_status = ""
        self._next_frame = 0.0

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._accumulator.feed(event)
        self._progress.feed(event)
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self._size += len(text)
                self.tick()
            case Retrying() | Preparing():
                self._frame()

    def tick(self) -> None:
        """Paint what has come since the last frame, when a frame is due."""
        if self._now() < self._next_frame:
            return
        if self._size > self._painted_size:
            due = self._size <= SHORT or self._size >= self._painted_size * GROWTH
        else:  # while nothing comes, the line beneath goes on counting
            due = self._size <= SHORT and self._progress.line != self._painted_status
        if due and (self._size or self._progress.seconds):
            self._frame()

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Replace what grew by the document."""
        if self.parted:
            clear_output(wait=True)
            self.slot = Slot()
        self.slot.put(reply_document.bundle(reply, look=self._look), {"mimo": record})

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self.slot.empty()

    def _frame(self) -> None:
        reply = self._accumulator.reply
        end = end_of_blocks(reply.text, self._finished) if self._alone and self._size > SHORT else 0
        if end:
            self.slot.put(reply_document.bundle(between(reply, self._finished, end), " ", self._look))
            self.slot, self.parted = Slot(), True
            self._finished, self._size = end, len(reply.text) - end
        self._next_frame = self._now() + FRAME
        self._painted_size, self._painted_status = self._size, self._progress.line
        self.slot.put(reply_document.bundle(between(reply, self._finished), self._painted_status, self._look))


def between(reply: Reply, start: int, end: int | None = None) -> Reply:
    """Return a stretch of the answer as a reply; all that stands before it belongs to the first stretch."""
    if not start and end is None:
        return reply
    before = () if start else tuple(part for part in reply.message.parts if not isinstance(part, TextPart))
    notes, told = ((), ()) if start else (reply.notes, reply.told)
    return replace(
        reply,
        message=Message("assistant", (*before, TextPart(reply.text[start:end]))),
        notes=notes,
        told=told,
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
