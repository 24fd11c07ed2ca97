"""IPython in a terminal where `rich` is installed: the answer laid out while it grows."""

from __future__ import annotations

from time import monotonic
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from mimo_magics.core.events import Accumulator, Event, Preparing, Retrying
from mimo_magics.core.i18n import say
from mimo_magics.core.messages import Reply
from mimo_magics.core.settings import Format
from mimo_magics.core.text import replace_control_characters

LAST = 10_000
"""Characters that fill any window."""
FRAME = 0.125
"""Seconds between two frames at the least."""


class LaidOutSurface:
    """While it grows, the end of the reply as it fits the window; then all of it, laid out."""

    def __init__(self, form: Format = "markdown", console: Console | None = None) -> None:
        self._form = form
        self._accumulator = Accumulator()
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._status = ""
        self._changed = False
        self._next_frame = 0.0

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._accumulator.feed(event)
        self._changed = True
        match event:
            case Retrying():
                self._status = say(str(event))
            case Preparing(what):
                self._status = f"{say(what)} …"
            case _:
                self._status = ""
        self.tick()

    def tick(self) -> None:
        """Paint what has changed since the last frame, when a frame is due."""
        if self._changed and monotonic() >= self._next_frame:
            self._paint()

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """Leave the whole reply."""
        self._live.stop()
        self._live.console.print(laid_out(reply, self._form))

    def clear(self) -> None:
        """Leave nothing."""
        self._live.stop()

    def _paint(self) -> None:
        self._next_frame = monotonic() + FRAME
        self._changed = False
        self._live.start()
        reply = self._accumulator.reply
        words = replace_control_characters(self._status or reply.text or reply.reasoning)[-LAST:]
        lines = Text(words, style="" if reply.text and not self._status else "dim").wrap(
            self._live.console, self._live.console.width
        )
        self._live.update(Group(*lines[-(self._live.console.height - 2) :]), refresh=True)


def laid_out(reply: Reply, form: Format = "markdown") -> RenderableType:
    """Return remarks, reasoning and answer as rich shows them; links show where they lead."""
    notes = [Text(f"⚠ {replace_control_characters(say(note))}") for note in reply.notes]
    told = [Text(replace_control_characters(say(line)), style="dim") for line in reply.told]
    reasoning = [Text(replace_control_characters(reply.reasoning), style="dim")] if reply.reasoning else []
    text = replace_control_characters(reply.text)
    answer = Markdown(text, hyperlinks=False) if form == "markdown" else Text(text)
    return Group(*notes, *told, *reasoning, answer)
