"""Outputs that grow in place, without widgets.

Each frame carries all of what still grows. In a cell of its own, a long reply is shown by finished parts: a part
stays, only the rest goes on growing, and at the end one document takes the place of all. Elsewhere (`%mimo` in a
loop) other outputs may stand in the cell, so there is one output only, and the longer it is, the rarer its frames.
Either way what is sent in all stays proportional to the reply's length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from IPython.display import clear_output

from mimo_magics.core.events import (
    Accumulator,
    Event,
    ModelPreparation,
    ReasoningDelta,
    ResponseRestarted,
    Retrying,
    TextDelta,
)
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.display.output import Output
from mimo_magics.display.progress import Progress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import DisplayOptions

FRAME_INTERVAL = 0.1
"""Seconds between two frames at the least."""
MAX_FULL_FRAME_CHARS = 2_000
"""Characters up to which each frame may be painted, and from which on a finished part is put aside."""
FRAME_GROWTH_FACTOR = 1.1
"""By how much something longer grows between two frames."""


class StaticRenderer:
    """Paints the reply, as far as it has come, into the outputs of its cell."""

    def __init__(
        self,
        display_options: DisplayOptions = DisplayOptions(),
        *,
        is_only_output: bool = False,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.output = Output()
        """Where the rest grows, and the document will be."""
        self.has_finished_parts = False
        """Whether finished parts stand above it."""
        self._display_options = display_options
        self._is_only_output = is_only_output
        self._now = now
        self._accumulator = Accumulator()
        self._progress = Progress(now)
        self._finished_chars = 0
        """Characters of the answer in finished parts."""
        self._pending_chars = self._painted_chars = 0
        """Characters that have come since the last finished part, and those of them that are painted."""
        self._painted_status = ""
        self._next_frame_at = 0.0

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._accumulator.feed(event)
        self._progress.feed(event)
        match event:
            case ResponseRestarted():
                self._finished_chars, self._pending_chars = 0, len(self._accumulator.reply.text)
                self._paint()
            case TextDelta(text) | ReasoningDelta(text):
                self._pending_chars += len(text)
                self.tick()
            case Retrying() | ModelPreparation():
                self._paint()

    def tick(self) -> None:
        """Paint what has come since the last frame, when a frame is due."""
        if self._now() < self._next_frame_at:
            return
        if self._pending_chars > self._painted_chars:
            is_due = (
                self._pending_chars <= MAX_FULL_FRAME_CHARS
                or self._pending_chars >= self._painted_chars * FRAME_GROWTH_FACTOR
            )
        else:  # while nothing comes, the line beneath goes on counting
            is_due = (
                self._pending_chars <= MAX_FULL_FRAME_CHARS and self._progress.line != self._painted_status
            )
        if is_due and (self._pending_chars or self._progress.elapsed_seconds):
            self._paint()

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """Replace what grew by the document."""
        if self.has_finished_parts:
            clear_output(wait=True)
            self.output = Output()
        options = replace(self._display_options, is_plain=is_plain)
        bundle = reply_document.reply_bundle(reply, display_options=options, notices=notices)
        self.output.update(bundle, {"mimo": record})

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self.output.clear()

    def _paint(self) -> None:
        reply = self._accumulator.reply
        end = (
            find_block_end(reply.text, self._finished_chars)
            if self._is_only_output and self._pending_chars > MAX_FULL_FRAME_CHARS
            else 0
        )
        if end:
            self.output.update(
                reply_document.reply_bundle(
                    slice_reply(reply, self._finished_chars, end),
                    " ",
                    self._display_options,
                    notices=self._growing_notices,
                )
            )
            self.output, self.has_finished_parts = Output(), True
            self._finished_chars, self._pending_chars = end, len(reply.text) - end
        self._next_frame_at = self._now() + FRAME_INTERVAL
        self._painted_chars, self._painted_status = self._pending_chars, self._progress.line
        self.output.update(
            reply_document.reply_bundle(
                slice_reply(reply, self._finished_chars),
                self._painted_status,
                self._display_options,
                notices=self._growing_notices,
            )
        )

    @property
    def _growing_notices(self) -> Sequence[str]:
        """The notices for the next frame. Only the first part of a reply shows them."""
        return () if self._finished_chars else self._accumulator.notices


def slice_reply(reply: Reply, start: int, end: int | None = None) -> Reply:
    """Return a stretch of the answer as a reply; all that stands before it belongs to the first stretch."""
    if not start and end is None:
        return reply
    before = () if start else tuple(part for part in reply.message.parts if not isinstance(part, TextPart))
    message = Message("assistant", (*before, TextPart(reply.text[start:end])))
    return replace(reply, message=message, notes=() if start else reply.notes)


def find_block_end(text: str, start: int) -> int:
    """Return where the last finished block from `start` on ends: a blank line outside code; 0 if none does."""
    end, position, in_code = 0, start, False
    for line in text[start:].splitlines(keepends=True):
        position += len(line)
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        elif not in_code and not line.strip() and position > start + MAX_FULL_FRAME_CHARS // 2:
            end = position
    return end
