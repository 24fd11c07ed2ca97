"""A comparison in a cell that awaits: a line, then widgets while the replies come, a document when all are over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, TextDelta
from mimo_magics.core.renderer_protocol import CellControl
from mimo_magics.display.comparison import StaticComparisonRenderer
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.comparison_columns import ComparisonView
from mimo_magics.display.live.retired_views import retire
from mimo_magics.display.live.throttle import Throttle
from mimo_magics.display.live.widget_probe import WidgetProbe
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
