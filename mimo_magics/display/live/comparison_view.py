"""The live view of a comparison: a progress bar, the Stop button and a column for each reply."""

from __future__ import annotations

from mimo_magics.core.events import Event, PromptContext, ReplyEnded
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import CellControl, Document
from mimo_magics.core.text import escape_html
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.reply_body import ReplyBody
from mimo_magics.display.live.widgets import STYLE, WidgetFactory
from mimo_magics.document.comparison_cards import card_heading
from mimo_magics.document.context_html import context_html
from mimo_magics.document.reply import DisplayOptions


class ComparisonView:
    """The widgets of one comparison.

    Args:
        display_options: how to show the replies.
        progress: the status of the replies; the owner feeds it.
        cell: the running cell.
        has_columns: whether the replies are shown, and not only their number.
    """

    def __init__(
        self,
        display_options: DisplayOptions,
        progress: ComparisonProgress,
        cell: CellControl,
        *,
        has_columns: bool = True,
    ) -> None:
        self._progress = progress
        self._factory = factory = WidgetFactory()
        self._progress_bar = factory.progress_bar(
            translate("Replies"), len(progress.titles), translate("Number of complete replies")
        )
        self._summary = factory.html()
        self._elapsed = factory.html()
        self._header = factory.box(
            self._progress_bar,
            self._summary,
            self._elapsed,
            factory.stop_button(cell.stop),
            is_row=True,
            css_classes="mimo-foot",
        )
        self._columns = [
            ReplyColumn(factory, display_options, card_heading(number, title))
            for number, title in enumerate(progress.titles if has_columns else (), 1)
        ]
        self._context = factory.html()
        """The context of the prompt, which all replies share."""
        self._changed_numbers: set[int] = set()
        """Numbers of the replies with changes that were not sent."""
        grid = factory.box(*(column.box for column in self._columns), css_classes="mimo-columns")
        css_classes = "mimo-live jp-RenderedHTMLCommon"
        self.root = factory.box(
            factory.html(STYLE), self._header, self._context, grid, css_classes=css_classes
        )
        self.paint()

    @property
    def open_groups(self) -> frozenset[int]:
        """The document of a comparison has no groups."""
        return frozenset()

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event of a reply. The end of a reply is painted at once."""
        if not self._columns:
            self._update_status()
            return
        if isinstance(event, ReplyEnded):
            self._columns[number].body.end()
            self._changed_numbers.discard(number)
            self._update_status()
            return
        if isinstance(event, PromptContext):
            self._context.value = context_html(event.items)
            return
        self._columns[number].body.show(event)
        self._changed_numbers.add(number)

    def paint(self) -> int:
        """Send the changes to the page. Return the number of replies that changed."""
        for number in self._changed_numbers:
            self._columns[number].body.paint()
        painted_count = len(self._changed_numbers)
        self._changed_numbers.clear()
        self._update_status()
        return painted_count

    def end(self, document: Document) -> None:
        """Show the final state."""
        self._update_status()
        for number, column in enumerate(self._columns):
            if number not in self._progress.ended_numbers:
                column.body.end()
                column.set_status(translate("Stopped"))
        self._header.children = (self._summary, self._elapsed)

    def close(self) -> None:
        """Remove the widgets."""
        self._factory.close()

    def _update_status(self) -> None:
        """Update the progress bar, the summary and the status of each reply."""
        for number, column in enumerate(self._columns):
            column.set_status(self._progress.reply_status(number))
        self._progress_bar.value = len(self._progress.ended_numbers)
        self._summary.value = f'<span role="status">{escape_html(self._progress.summary)}</span>'
        self._elapsed.value = translate("{seconds} s", seconds=self._progress.elapsed_seconds)


class ReplyColumn:
    """One reply: its title, its content and its status line."""

    def __init__(self, factory: WidgetFactory, display_options: DisplayOptions, title: str) -> None:
        self.body = ReplyBody(factory, display_options)
        self._status_line = factory.html()
        heading = factory.html(f"<p><strong>{escape_html(title)}</strong></p>")
        self.box = factory.box(heading, self.body.box, self._status_line)

    def set_status(self, line: str) -> None:
        """Show the status line."""
        self._status_line.value = f'<p dir="auto"><small>{escape_html(line)}</small></p>'
