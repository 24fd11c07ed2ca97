"""A reply as widgets: what grows of it, and beneath it the Stop button and a line of figures."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import CellControl
from mimo_magics.core.text import escape_html, join_surrogates
from mimo_magics.display.live.reply_body import ReplyBody
from mimo_magics.display.live.widgets import STYLE, WidgetFactory, widget_bundle
from mimo_magics.display.progress import Progress
from mimo_magics.document.reply import DisplayOptions


class ReplyView:
    """The widgets of one turn.

    Args:
        display_options: how to show the reply.
        progress: what its last line tells; fed by the owner.
        cell: the cell that it is shown in.
    """

    def __init__(self, display_options: DisplayOptions, progress: Progress, cell: CellControl) -> None:
        self._factory = WidgetFactory()
        self._progress = progress
        self._body = ReplyBody(self._factory, display_options)
        stop_button = self._factory.button(
            translate("Stop"), "stop", cell.stop, translate("Stop the answer; what has come is kept")
        )
        self._state = self._factory.html()
        self._metrics = self._factory.html()
        self._footer = self._factory.box(
            stop_button, self._state, self._metrics, is_row=True, css_classes="mimo-foot"
        )
        self._code_number: Any = None
        """The number of the code block that goes into a new cell; made when there is one."""
        css_classes = "mimo-live jp-RenderedHTMLCommon"
        self.root = self._factory.box(
            self._factory.html(STYLE), self._body.box, self._footer, css_classes=css_classes
        )
        """The widget that holds all others."""
        self.paint()

    @property
    def bundle(self) -> dict[str, Any]:
        """What shows it in a notebook."""
        return widget_bundle(self.root)

    @property
    def open_groups(self) -> frozenset[int]:
        """Numbers of the groups of steps that the person unfolded."""
        return self._body.open_groups

    @property
    def code_to_insert(self) -> str | None:
        """The code block that the person wants in a new cell."""
        number = self._code_number.value if self._code_number else 0
        codes = ["", *self._body.code_blocks]
        return join_surrogates(codes[number]).rstrip("\n") if 0 < number < len(codes) else None

    def show(self, event: Event) -> None:
        """Take an event in."""
        self._body.show(event)

    def paint(self) -> None:
        """Send what is new."""
        self._body.paint()
        self._offer_code_cell()
        self._state.value = f'<span role="status">{escape_html(self._progress.state)}</span>'
        self._metrics.value = escape_html(self._progress.metrics)

    def end(self, footer: str) -> None:
        """Nothing more comes: show all of it, also to a page that will not get the document."""
        self._body.end()
        self._metrics.value = escape_html(footer)
        self._footer.children = (self._metrics,)

    def close(self) -> None:
        """Take the widgets away."""
        self._factory.close()

    def _offer_code_cell(self) -> None:
        """Offer a new cell for code once some is there. The page changes its cells only when this one is over."""
        if self._code_number is None and self._body.has_code:
            tooltip = translate(
                "Which code block of the answer goes into a new cell below when the answer is whole; 0: none"
            )
            self._code_number = self._factory.number_field(translate("New cell with code block"), tooltip)
            self._footer.children = (*self._footer.children, self._code_number)
