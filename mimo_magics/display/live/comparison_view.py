"""A comparison in a cell that awaits: a line, then widgets while the replies come, a document when all are over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, TextDelta
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import CellControl
from mimo_magics.core.text import escape_html
from mimo_magics.display.comparison import StaticComparisonRenderer
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.reply_body import ReplyBody
from mimo_magics.display.live.retired_views import retire
from mimo_magics.display.live.throttle import Throttle
from mimo_magics.display.live.widget_probe import WidgetProbe
from mimo_magics.display.live.widgets import STYLE, WidgetFactory, widget_bundle
from mimo_magics.document.reply import DisplayOptions


class LiveComparisonRenderer:
    """Shows the replies side by side as they grow, once the page has shown that it works with widgets."""

    def __init__(
        self,
        display_options: DisplayOptions,
        progress: ComparisonProgress,
        cell: CellControl,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._display_options = display_options
        self._progress = progress
        self._cell = cell
        self._static_renderer = StaticComparisonRenderer(progress)
        self._probe = WidgetProbe(now)
        """Asks the page from the first tick on."""
        self._view: ComparisonView | None = None
        self._pending_events: list[tuple[int, Event]] = []
        """What came before there were columns."""
        self._throttle = Throttle(now)

    def show(self, number: int, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._progress.feed(number, event)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._throttle.add_text(event.text)
        self._switch_to_widgets()
        if self._view:
            self._view.show(number, event)
            self._paint(self._view)
        else:
            self._pending_events.append((number, event))

    def end_reply(self, number: int, note: str = "") -> None:
        """Show all of a reply, of which nothing more comes."""
        self._switch_to_widgets()
        if self._view:
            self._progress.end(number, note)
            self._view.end_reply(number)
        else:
            self._static_renderer.end_reply(number, note)

    def tick(self) -> None:
        """Paint what is new, when a frame is due."""
        self._probe.start()
        self._switch_to_widgets()
        if self._view:
            self._paint(self._view)
        else:
            self._static_renderer.tick()

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Put the document in the place of what grew."""
        self._probe.close()
        self._static_renderer.finish(bundle, metadata)
        if self._view:
            self._view.end()
            retire(self._view)

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self._probe.close()
        self._static_renderer.clear()
        if self._view:
            self._view.close()

    def _switch_to_widgets(self) -> None:
        """Go on with widgets as soon as it is known that they work."""
        if self._view or not self._probe.poll():
            return
        self._view = ComparisonView(self._display_options, self._progress, self._cell)
        for number, event in self._pending_events:
            self._view.show(number, event)
        for number in self._progress.ended_numbers:
            self._view.end_reply(number)
        self._pending_events.clear()
        self._view.paint()
        self._static_renderer.output.update(self._view.bundle)

    def _paint(self, view: ComparisonView) -> None:
        if self._throttle.is_due:
            self._throttle.record_frame(view.paint())


class ComparisonView:
    """The widgets of one comparison.

    Args:
        display_options: how to show the replies.
        progress: what their lines tell; fed by the owner.
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
