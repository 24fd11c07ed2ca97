"""A reply as widgets: what grows of it, and beneath it the Stop button and a line of figures."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import say
from mimo_magics.core.messages import whole_characters
from mimo_magics.core.renderer_protocol import Cell
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.reply_body import Body
from mimo_magics.display.live.widgets import STYLE, Parts, showing
from mimo_magics.display.progress import Progress
from mimo_magics.document.reply import Look


class View:
    """The widgets of one turn.

    Args:
        look: how to show the reply.
        progress: what its last line tells; fed by the owner.
        cell: the cell that it is shown in.
    """

    def __init__(self, look: Look, progress: Progress, cell: Cell) -> None:
        self._parts = Parts()
        self._progress = progress
        self._body = Body(self._parts, look)
        button = self._parts.button(
            say("Stop"), "stop", cell.stop, say("Stop the answer; what has come is kept")
        )
        self._state = self._parts.html()
        self._figures = self._parts.html()
        self._foot = self._parts.box(button, self._state, self._figures, row=True, names="mimo-foot")
        self._codes: Any = None
        """The number of the code block that goes into a new cell; made when there is one."""
        names = "mimo-live jp-RenderedHTMLCommon"
        self.root = self._parts.box(self._parts.html(STYLE), self._body.box, self._foot, names=names)
        """The widget that holds all others."""
        self.paint()

    @property
    def bundle(self) -> dict[str, Any]:
        """What shows it in a notebook."""
        return showing(self.root)

    @property
    def opened(self) -> frozenset[int]:
        """Numbers of the groups of steps that the person unfolded."""
        return self._body.opened

    @property
    def wanted_code(self) -> str | None:
        """The code block that the person wants in a new cell."""
        number = self._codes.value if self._codes else 0
        codes = ["", *self._body.codes]
        return whole_characters(codes[number]).rstrip("\n") if 0 < number < len(codes) else None

    def show(self, event: Event) -> None:
        """Take an event in."""
        self._body.show(event)

    def paint(self) -> None:
        """Send what is new."""
        self._body.paint()
        self._offer()
        self._state.value = f'<span role="status">{escape_html(self._progress.state)}</span>'
        self._figures.value = escape_html(self._progress.figures)

    def end(self, footer: str) -> None:
        """Nothing more comes: show all of it, also to a page that will not get the document."""
        self._body.end()
        self._figures.value = escape_html(footer)
        self._foot.children = (self._figures,)

    def close(self) -> None:
        """Take the widgets away."""
        self._parts.close()

    def _offer(self) -> None:
        """Offer a new cell for code once some is there. The page changes its cells only when this one is over."""
        if self._codes is None and self._body.shows_code:
            tooltip = say(
                "Which code block of the answer goes into a new cell below when the answer is whole; 0: none"
            )
            self._codes = self._parts.number(say("New cell with code block"), tooltip)
            self._foot.children = (*self._foot.children, self._codes)
