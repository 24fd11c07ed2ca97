"""The live view of one reply: its growing content, the Stop button and the status line."""

from __future__ import annotations

from typing import Any, Protocol

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import CellControl, Document
from mimo_magics.core.text import escape_html, join_surrogates
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
        self._body = ReplyBody(self._factory, display_options)
        self._state = self._factory.html()
        self._metrics = self._factory.html()
        stop_button = self._factory.stop_button(cell.stop)
        self._footer = self._factory.box(
            stop_button, self._state, self._metrics, is_row=True, css_classes="mimo-foot"
        )
        self._code_number: Any = None
        """The field for the number of a code block. It is created with the first code block."""
        css_classes = "mimo-live jp-RenderedHTMLCommon"
        self.root = self._factory.box(
            self._factory.html(STYLE), self._body.box, self._footer, css_classes=css_classes
        )
        self.paint()

    @property
    def open_groups(self) -> frozenset[int]:
        """Numbers of the groups of reasoning and tool calls that the user unfolded."""
        return self._body.open_groups

    @property
    def code_to_insert(self) -> str | None:
        """The code block that the user wants in a new cell."""
        number = self._code_number.value if self._code_number else 0
        codes = ["", *self._body.code_blocks]
        return join_surrogates(codes[number]).rstrip("\n") if 0 < number < len(codes) else None

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event."""
        self._body.show(event)

    def paint(self) -> int:
        """Send the changes to the page."""
        self._body.paint()
        self._offer_code_cell()
        self._state.value = f'<span role="status">{escape_html(self._progress.state)}</span>'
        self._metrics.value = escape_html(self._progress.metrics)
        return 1

    def end(self, document: Document) -> None:
        """Insert the code block that the user chose, and show the final state."""
        if code := self.code_to_insert:
            self._cell.insert(code)
        self._body.end()
        self._metrics.value = escape_html("".join(map(reply_document.footer, document.replies)))
        self._footer.children = (self._metrics,)

    def close(self) -> None:
        """Remove the widgets."""
        self._factory.close()

    def _offer_code_cell(self) -> None:
        """Offer a new cell as soon as there is code. The page inserts it when this cell is over."""
        if self._code_number is None and self._body.has_code:
            tooltip = translate(
                "Number of the code block to insert below when the reply is complete; 0 for none"
            )
            self._code_number = self._factory.number_field(translate("New cell with code block"), tooltip)
            self._footer.children = (*self._footer.children, self._code_number)
