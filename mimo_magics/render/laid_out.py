"""IPython in a terminal where `rich` is installed: the answer laid out while it grows."""

from __future__ import annotations

from time import monotonic
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from mimo_magics.events import Accumulator, Event, Preparing, Retrying
from mimo_magics.messages import Reply
from mimo_magics.render.terminal import printable

FRAME = 0.125
"""Seconds between two frames at the least."""


class LaidOutSurface:
    """Paints the whole reply anew with each frame, below what was printed before."""

    def __init__(self, console: Console | None = None) -> None:
        self._accumulator = Accumulator()
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="visible")
        self._status = ""
        self._changed = False
        self._next_frame = 0.0

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._accumulator.feed(event)
        self._changed = True
        match event:
            case Retrying(attempt, of, delay, reason):
                self._status = f"{reason} · again in {delay:.1f} s, attempt {attempt} of {of}"
            case Preparing(what):
                self._status = f"{what} …"
            case _:
                self._status = ""
        self.tick()

    def tick(self) -> None:
        """Paint what has changed since the last frame, when a frame is due."""
        if self._changed and monotonic() >= self._next_frame:
            self._paint()

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Leave the whole reply."""
        self._live.update(laid_out(reply), refresh=True)
        self._live.stop()

    def clear(self) -> None:
        """Leave nothing."""
        self._live.update(Text(""), refresh=True)
        self._live.stop()

    def _paint(self) -> None:
        self._next_frame = monotonic() + FRAME
        self._changed = False
        if not self._live.is_started:
            self._live.start()
        self._live.update(laid_out(self._accumulator.reply, self._status), refresh=True)


def laid_out(reply: Reply, status: str = "") -> RenderableType:
    """Return remarks, reasoning and answer as rich shows them."""
    notes = [Text(f"⚠ {printable(note)}") for note in reply.notes]
    reasoning = [Text(printable(reply.reasoning), style="dim")] if reply.reasoning else []
    line = [Text(printable(status), style="dim")] if status else []
    return Group(*notes, *reasoning, Markdown(printable(reply.text)), *line)
