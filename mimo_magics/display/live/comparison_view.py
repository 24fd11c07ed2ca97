"""A comparison in a cell that awaits: a line, then widgets while the replies come, a document when all are over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, TextDelta
from mimo_magics.core.renderer_protocol import Cell
from mimo_magics.display.comparison import ComparingInPlace
from mimo_magics.display.comparison_progress import Tally
from mimo_magics.display.live.comparison_columns import Columns
from mimo_magics.display.live.retired_views import retire
from mimo_magics.display.live.throttle import Frames
from mimo_magics.display.live.widget_probe import Probe
from mimo_magics.document.reply import Look


class ComparingLive:
    """Shows the replies side by side as they grow, once the page has shown that it works with widgets."""

    def __init__(self, look: Look, tally: Tally, cell: Cell, now: Callable[[], float] = monotonic) -> None:
        self._look = look
        self._tally = tally
        self._cell = cell
        self._plain = ComparingInPlace(tally)
        self._probe = Probe(now)
        """Asks the page from the first tick on."""
        self._columns: Columns | None = None
        self._events: list[tuple[int, Event]] = []
        """What came before there were columns."""
        self._frames = Frames(now)

    def show(self, number: int, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._tally.feed(number, event)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._frames.come(event.text)
        self._enliven()
        if self._columns:
            self._columns.show(number, event)
            self._paint(self._columns)
        else:
            self._events.append((number, event))

    def over(self, number: int, note: str = "") -> None:
        """Show all of a reply, of which nothing more comes."""
        self._enliven()
        if self._columns:
            self._tally.end(number, note)
            self._columns.over(number)
        else:
            self._plain.over(number, note)

    def tick(self) -> None:
        """Paint what is new, when a frame is due."""
        self._probe.begin()
        self._enliven()
        if self._columns:
            self._paint(self._columns)
        else:
            self._plain.tick()

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Put the document in the place of what grew."""
        self._probe.close()
        self._plain.finish(bundle, metadata)
        if self._columns:
            self._columns.end()
            retire(self._columns)

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self._probe.close()
        self._plain.clear()
        if self._columns:
            self._columns.close()

    def _enliven(self) -> None:
        """Go on with widgets as soon as it is known that they work."""
        if self._columns or not self._probe.answered():
            return
        self._columns = Columns(self._look, self._tally, self._cell)
        for number, event in self._events:
            self._columns.show(number, event)
        for number in self._tally.over:
            self._columns.over(number)
        self._events.clear()
        self._columns.paint()
        self._plain.slot.put(self._columns.bundle)

    def _paint(self, columns: Columns) -> None:
        if self._frames.due:
            self._frames.painted(columns.paint())
