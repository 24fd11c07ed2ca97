"""The live view of a run over many rows: a progress bar, the Stop button and the last replies."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import CellControl, Document
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.display.live.widgets import STYLE, WidgetFactory
from mimo_magics.display.run_status import RunStatus

BAR_STEPS = 1_000
FRAME_COST = 5
"""A frame counts as so many columns, so that there are two frames in a second."""
MAX_REPLY_CHARS = 120


class RunView:
    """The widgets of one run.

    Args:
        status: the status of the run; the owner feeds it.
        cell: the running cell.
    """

    def __init__(self, status: RunStatus, cell: CellControl) -> None:
        self._status = status
        self._factory = factory = WidgetFactory()
        self._bar = factory.progress_bar(translate("Rows"), BAR_STEPS, translate("Rows with a result"))
        self._summary = factory.html()
        self._details = factory.html()
        stop = factory.button(
            translate("Stop"), "stop", cell.stop, translate("Stop the run; the results are saved")
        )
        self._header = factory.box(
            self._bar, self._summary, self._details, stop, is_row=True, css_classes="mimo-foot"
        )
        self._replies = factory.html()
        self._text_key: object = None
        css_classes = "mimo-live jp-RenderedHTMLCommon"
        self.root: Any = factory.box(
            factory.html(STYLE), self._header, self._replies, css_classes=css_classes
        )
        self.paint()

    @property
    def open_groups(self) -> frozenset[int]:
        """The document of a run has no groups."""
        return frozenset()

    def show(self, event: Event, number: int = 0) -> None:
        """Do nothing: the status has taken the event, and the next frame shows it."""

    def paint(self) -> int:
        """Send the changes to the page. Return what the frame costs."""
        self._bar.value = round(BAR_STEPS * (self._status.share or 0.0))
        if self._status.text_key != self._text_key:
            self._paint_texts()
        self._replies.value = "".join(map(_reply_html, self._status.progress.replies))
        return FRAME_COST

    def end(self, document: Document) -> None:
        """Show the final state."""
        self.paint()
        self._paint_texts()
        self._header.children = (self._summary, self._details)
        self._replies.value = ""

    def close(self) -> None:
        """Remove the widgets."""
        self._factory.close()

    def _paint_texts(self) -> None:
        self._text_key = self._status.text_key
        self._summary.value = f'<span role="status">{escape_html(self._status.summary)}</span>'
        self._details.value = escape_html(self._status.details)


def _reply_html(text: str) -> str:
    line = escape_invisible_characters(" ".join(text.split()))
    shown = line if len(line) <= MAX_REPLY_CHARS else f"{line[:MAX_REPLY_CHARS]}…"
    return f'<div dir="auto"><small>{escape_html(shown)}</small></div>'
