"""The live view of one reply: its growing content, the Stop button and the status line."""

from __future__ import annotations

from typing import Any, Protocol

from mimo_magics.core.events import Event
from mimo_magics.core.renderer_protocol import CellControl, Document
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.code_cells import CodeCells
from mimo_magics.display.live.reply_body import ReplyBody
from mimo_magics.display.live.widgets import STYLE, WidgetFactory
from mimo_magics.display.progress import ReplyProgress
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import DisplayOptions


class View(Protocol):
    """The widgets of a turn or of a comparison."""

    root: Any
    """The widget that holds all others."""

    @property
    def open_groups(self) -> frozenset[int]:
        """Numbers of the groups of reasoning and tool calls that the user unfolded."""

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event of the reply with this number."""

    def paint(self) -> int:
        """Send the changes to the page. Return the number of replies that changed."""

    def end(self, document: Document) -> None:
        """Show the final state, for a page that is reloaded and never receives the document. Insert the chosen code."""

    def close(self) -> None:
        """Remove the widgets."""


class ReplyView:
    """The widgets of one turn.

    Args:
        display_options: how to show the reply.
        progress: the status; the owner feeds it.
        cell: the running cell.
    """

    def __init__(self, display_options: DisplayOptions, progress: ReplyProgress, cell: CellControl) -> None:
        self._factory = WidgetFactory()
        self._progress = progress
        self._cell = cell
        self._code_cells = CodeCells(self._factory)
        self._body = ReplyBody(self._factory, display_options, self._code_cells)
        self._state = self._factory.html()
        self._metrics = self._factory.html()
        stop_button = self._factory.stop_button(cell.stop)
        self._footer = self._factory.box(
            stop_button, self._state, self._metrics, is_row=True, css_classes="mimo-foot"
        )
        css_classes = "mimo-live jp-RenderedHTMLCommon"
        self.root = self._factory.box(
            self._factory.html(STYLE), self._body.box, self._footer, css_classes=css_classes
        )
        self.paint()

    @property
    def open_groups(self) -> frozenset[int]:
        """Numbers of the groups of reasoning and tool calls that the user unfolded."""
        return self._body.open_groups

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event."""
        self._body.show(event)

    def paint(self) -> int:
        """Send the changes to the page."""
        self._body.paint()
        self._state.value = f'<span role="status">{escape_html(self._progress.state)}</span>'
        self._metrics.value = escape_html(self._progress.metrics)
        return 1

    def end(self, document: Document) -> None:
        """Insert the code block that the user chose, and show the final state."""
        if code := self._code_cells.code:
            self._cell.insert(code)
        self._code_cells.is_closed = True
        self._body.end()
        # The buttons have no effect any more.
        self.root.add_class("mimo-ended")
        self._metrics.value = escape_html("".join(map(reply_document.footer, document.replies)))
        self._footer.children = (self._metrics,)

    def close(self) -> None:
        """Remove the widgets."""
        self._factory.close()
