"""Renderers without widgets: they update plain outputs.

Each frame contains the whole part that still grows. If the cell has no other output, a long reply is split into finished
parts: each stays in an output of its own, and only the rest is painted again. At the end one document replaces all of
them. Otherwise (`%mimo` in a loop) the cell may have other outputs, so there is one output only, and its frames become
rarer as it grows. Either way the number of bytes sent stays proportional to the length of the reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from IPython.display import clear_output

from mimo_magics.core.events import (
    Accumulator,
    Event,
    ModelPreparation,
    PromptContext,
    ReasoningDelta,
    ReplyEnded,
    ResponseRestarted,
    ResultExpected,
    ResultItem,
    Retrying,
    TextDelta,
)
from mimo_magics.core.messages import Message, Reply, TextPart
from mimo_magics.core.renderer_protocol import Document, SilentRenderer, TurnMeter
from mimo_magics.display.output import Output
from mimo_magics.display.progress import Progress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.context_html import context_html
from mimo_magics.document.growing_result import GrowingResult
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import DisplayOptions

FRAME_INTERVAL = 0.1
"""Minimum seconds between two frames."""
MAX_FULL_FRAME_CHARS = 2_000
"""Up to this length, each frame is painted. From this length on, finished parts get outputs of their own."""
FRAME_GROWTH_FACTOR = 1.1
"""The growth between two frames of a longer text."""


class StatusRenderer(SilentRenderer):
    """Shows a status line until the document replaces it."""

    def __init__(self, progress: Progress) -> None:
        self.output = Output()
        """The output of the status line, and later of the document."""
        self.has_finished_parts = False
        """Whether outputs with finished parts of the reply are above it."""
        self.progress = progress
        """The status, also for the renderer that takes over from this one."""
        self._painted_status = ""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""
        self.progress.start(meters)

    def show(self, event: Event, number: int = 0) -> None:
        """Update the status."""
        self.progress.feed(event, number)
        if isinstance(event, ReplyEnded):
            self.tick()

    def tick(self) -> None:
        """Paint the status line when it changed, which it does once a second."""
        if self.progress.line != self._painted_status:
            self._painted_status = line = self.progress.line
            self.output.update({"text/html": small_html(line), "text/plain": line})

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Replace the output by the document."""
        self.output.update(document.to_bundle(), metadata)

    def clear(self) -> None:
        """Clear the output."""
        self.output.clear()


class StaticRenderer(StatusRenderer):
    """Shows the growing reply, and the status line below it."""

    def __init__(
        self,
        progress: Progress,
        display_options: DisplayOptions = DisplayOptions(),
        *,
        is_only_output: bool = False,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(progress)
        self._display_options = display_options
        self._is_only_output = is_only_output
        self._now = now
        self._accumulator = Accumulator()
        self._finished_chars = 0
        """Characters of the text in finished parts."""
        self._pending_chars = self._painted_chars = 0
        """Characters after the last finished part, and how many of them are painted."""
        self._next_frame_at = 0.0
        self._head = ""
        """HTML of the context of the prompt, above the reply."""
        self._result: GrowingResult | None = None
        """The items of a reply with a schema, shown in place of its text."""

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event, and paint when a frame is due."""
        self._accumulator.feed(event)
        self.progress.feed(event, number)
        match event:
            case ResponseRestarted():
                self._finished_chars, self._pending_chars = 0, len(self._accumulator.reply.text)
                self._paint()
            case ResultExpected(schema):
                self._result = GrowingResult(schema)
            case ResultItem(value) if self._result:
                self._result.add(value)
            case TextDelta(text) | ReasoningDelta(text):
                self._pending_chars += len(text)
                self.tick()
            case PromptContext(items):
                self._head = context_html(items)
                self._paint()
            case Retrying() | ModelPreparation():
                self._paint()

    def tick(self) -> None:
        """Paint the changes when a frame is due."""
        if self._now() < self._next_frame_at:
            return
        if self._pending_chars > self._painted_chars:
            is_due = (
                self._pending_chars <= MAX_FULL_FRAME_CHARS
                or self._pending_chars >= self._painted_chars * FRAME_GROWTH_FACTOR
            )
        else:
            # Between two deltas the seconds in the status line change.
            is_due = (
                self._pending_chars <= MAX_FULL_FRAME_CHARS and self.progress.line != self._painted_status
            )
        if is_due and (self._pending_chars or self.progress.elapsed_seconds):
            self._paint()

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Replace all outputs by the document."""
        if self.has_finished_parts:
            clear_output(wait=True)
            self.output = Output()
        super().finish(document, metadata)

    def _paint(self) -> None:
        reply = self._accumulator.reply
        end = (
            find_block_end(reply.text, self._finished_chars)
            if self._is_only_output and not self._result and self._pending_chars > MAX_FULL_FRAME_CHARS
            else 0
        )
        if end:
            self.output.update(
                reply_document.reply_bundle(
                    slice_reply(reply, self._finished_chars, end),
                    " ",
                    self._display_options,
                    notices=self._growing_notices,
                    head=self._growing_head,
                )
            )
            self.output, self.has_finished_parts = Output(), True
            self._finished_chars, self._pending_chars = end, len(reply.text) - end
        self._next_frame_at = self._now() + FRAME_INTERVAL
        self._painted_chars, self._painted_status = self._pending_chars, self.progress.line
        self.output.update(self._build_result_frame(self._result) if self._result else self._build_frame())

    def _build_frame(self) -> dict[str, str]:
        """Return what grows: the reply after its finished parts."""
        return reply_document.reply_bundle(
            slice_reply(self._accumulator.reply, self._finished_chars),
            self._painted_status,
            self._display_options,
            notices=self._growing_notices,
            head=self._growing_head,
        )

    def _build_result_frame(self, result: GrowingResult) -> dict[str, str]:
        """Return the steps of the reply, and its items in place of its text."""
        reply = self._accumulator.reply
        steps = tuple(part for part in reply.message.parts if not isinstance(part, TextPart))
        body = reply_document.reply_body_html(
            replace(reply, message=Message("assistant", steps)),
            self._display_options,
            notices=self._growing_notices,
        )
        html = self._growing_head + body + result.html + small_html(self._painted_status)
        return {"text/html": reply_document.wrap_html(html), "text/plain": result.text}

    @property
    def _growing_notices(self) -> Sequence[str]:
        """The notices for the next frame. Only the first part of a reply shows them."""
        return () if self._finished_chars else self._accumulator.notices

    @property
    def _growing_head(self) -> str:
        """The context for the next frame, above the first part of a reply."""
        return "" if self._finished_chars else self._head


def slice_reply(reply: Reply, start: int, end: int | None = None) -> Reply:
    """Return a slice of the text as a reply. Only the first slice includes reasoning, tool calls and notes."""
    if not start and end is None:
        return reply
    before = () if start else tuple(part for part in reply.message.parts if not isinstance(part, TextPart))
    message = Message("assistant", (*before, TextPart(reply.text[start:end])))
    return replace(reply, message=message, notes=() if start else reply.notes)


def find_block_end(text: str, start: int) -> int:
    """Return the end of the last finished block after `start`: a blank line outside code. Return 0 if there is none."""
    end, position, in_code = 0, start, False
    for line in text[start:].splitlines(keepends=True):
        position += len(line)
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        elif not in_code and not line.strip() and position > start + MAX_FULL_FRAME_CHARS // 2:
            end = position
    return end
