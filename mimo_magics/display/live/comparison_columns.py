"""A comparison as widgets: how far it is, the Stop button, and a grid of the replies on their way."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import say
from mimo_magics.core.renderer_protocol import Cell
from mimo_magics.core.text import escape_html
from mimo_magics.display.comparison_progress import Tally
from mimo_magics.display.live.reply_body import Body
from mimo_magics.display.live.widgets import STYLE, Parts, showing
from mimo_magics.document.reply import Look


class Columns:
    """The widgets of one comparison.

    Args:
        look: how to show the replies.
        tally: what their lines tell; fed by the owner.
        cell: the cell that they are shown in.
    """

    def __init__(self, look: Look, tally: Tally, cell: Cell) -> None:
        self._tally = tally
        self._parts = parts = Parts()
        self._bar = parts.bar(say("Replies"), len(tally.titles), say("How many of the replies are over"))
        self._words = parts.html()
        self._seconds = parts.html()
        stop = parts.button(say("Stop"), "stop", cell.stop, say("Stop the answers; what has come is kept"))
        self._head = parts.box(self._bar, self._words, self._seconds, stop, row=True, names="mimo-foot")
        self._columns = [
            Column(parts, look, f"{number} · {title}") for number, title in enumerate(tally.titles, 1)
        ]
        self._changed: set[int] = set()
        """Numbers of those with something that was not sent."""
        grid = parts.box(*(column.box for column in self._columns), names="mimo-columns")
        names = "mimo-live jp-RenderedHTMLCommon"
        self.root = parts.box(parts.html(STYLE), self._head, grid, names=names)
        """The widget that holds all others."""
        self.paint()

    @property
    def bundle(self) -> dict[str, Any]:
        """What shows it in a notebook."""
        return showing(self.root)

    def show(self, number: int, event: Event) -> None:
        """Take an event of a reply in."""
        self._columns[number].body.show(event)
        self._changed.add(number)

    def over(self, number: int) -> None:
        """Send what is left of a reply."""
        self._columns[number].body.end()
        self._changed.discard(number)
        self._tell()

    def paint(self) -> int:
        """Send what is new, and tell of how many replies there was something."""
        for number in self._changed:
            self._columns[number].body.paint()
        painted = len(self._changed)
        self._changed.clear()
        self._tell()
        return painted

    def end(self) -> None:
        """Nothing more comes: show all of it, also to a page that will not get the document."""
        self._tell()
        for number, column in enumerate(self._columns):
            if number not in self._tally.over:
                column.body.end()
                column.tell(say("Stopped"))
        self._head.children = (self._words, self._seconds)

    def close(self) -> None:
        """Take the widgets away."""
        self._parts.close()

    def _tell(self) -> None:
        """Say how far all of it is."""
        for number, column in enumerate(self._columns):
            column.tell(self._tally.told(number))
        self._bar.value = len(self._tally.over)
        self._words.value = f'<span role="status">{escape_html(self._tally.words)}</span>'
        self._seconds.value = say("{seconds} s", seconds=self._tally.seconds)


class Column:
    """One reply: its title, what has come, and a line that tells what goes on."""

    def __init__(self, parts: Parts, look: Look, title: str) -> None:
        self.body = Body(parts, look)
        self._line = parts.html()
        head = parts.html(f'<strong dir="auto">{escape_html(title)}</strong>')
        self.box = parts.box(head, self.body.box, self._line)

    def tell(self, line: str) -> None:
        """Say what goes on."""
        self._line.value = f'<p dir="auto"><small>{escape_html(line)}</small></p>'
