"""A comparison as widgets: how far it is, the Stop button, and a grid of the replies on their way."""

from __future__ import annotations

from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import CellControl
from mimo_magics.core.text import escape_html
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.reply_body import ReplyBody
from mimo_magics.display.live.widgets import STYLE, WidgetFactory, widget_bundle
from mimo_magics.document.reply import DisplayOptions


class ComparisonView:
    """The widgets of one comparison.

    Args:
        look: how to show the replies.
        tally: what their lines tell; fed by the owner.
        cell: the cell that they are shown in.
    """

    def __init__(
        self, display_options: DisplayOptions, progress: ComparisonProgress, cell: CellControl
    ) -> None:
        self._progress = progress
        self._factory = factory = WidgetFactory()
        self._progress_bar = factory.progress_bar(
            translate("Replies"), len(progress.titles), translate("How many of the replies are over")
        )
        self._summary = factory.html()
        self._elapsed = factory.html()
        stop_button = factory.button(
            translate("Stop"), "stop", cell.stop, translate("Stop the answers; what has come is kept")
        )
        self._header = factory.box(
            self._progress_bar,
            self._summary,
            self._elapsed,
            stop_button,
            is_row=True,
            css_classes="mimo-foot",
        )
        self._columns = [
            ReplyColumn(factory, display_options, f"{number} · {title}")
            for number, title in enumerate(progress.titles, 1)
        ]
        self._changed_numbers: set[int] = set()
        """Numbers of those with something that was not sent."""
        grid = factory.box(*(column.box for column in self._columns), css_classes="mimo-columns")
        css_classes = "mimo-live jp-RenderedHTMLCommon"
        self.root = factory.box(factory.html(STYLE), self._header, grid, css_classes=css_classes)
        """The widget that holds all others."""
        self.paint()

    @property
    def bundle(self) -> dict[str, Any]:
        """What shows it in a notebook."""
        return widget_bundle(self.root)

    def show(self, number: int, event: Event) -> None:
        """Take an event of a reply in."""
        self._columns[number].body.show(event)
        self._changed_numbers.add(number)

    def end_reply(self, number: int) -> None:
        """Send what is left of a reply."""
        self._columns[number].body.end()
        self._changed_numbers.discard(number)
        self._update_status()

    def paint(self) -> int:
        """Send what is new, and tell of how many replies there was something."""
        for number in self._changed_numbers:
            self._columns[number].body.paint()
        painted_count = len(self._changed_numbers)
        self._changed_numbers.clear()
        self._update_status()
        return painted_count

    def end(self) -> None:
        """Nothing more comes: show all of it, also to a page that will not get the document."""
        self._update_status()
        for number, column in enumerate(self._columns):
            if number not in self._progress.ended_numbers:
                column.body.end()
                column.set_status(translate("Stopped"))
        self._header.children = (self._summary, self._elapsed)

    def close(self) -> None:
        """Take the widgets away."""
        self._factory.close()

    def _update_status(self) -> None:
        """Say how far all of it is."""
        for number, column in enumerate(self._columns):
            column.set_status(self._progress.reply_status(number))
        self._progress_bar.value = len(self._progress.ended_numbers)
        self._summary.value = f'<span role="status">{escape_html(self._progress.summary)}</span>'
        self._elapsed.value = translate("{seconds} s", seconds=self._progress.elapsed_seconds)


class ReplyColumn:
    """One reply: its title, what has come, and a line that tells what goes on."""

    def __init__(self, factory: WidgetFactory, display_options: DisplayOptions, title: str) -> None:
        self.body = ReplyBody(factory, display_options)
        self._status_line = factory.html()
        heading = factory.html(f'<strong dir="auto">{escape_html(title)}</strong>')
        self.box = factory.box(heading, self.body.box, self._status_line)

    def set_status(self, line: str) -> None:
        """Say what goes on."""
        self._status_line.value = f'<p dir="auto"><small>{escape_html(line)}</small></p>'
