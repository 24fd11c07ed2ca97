"""Live renderers with a fake page, clock and cell, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mimo_magics.core.events import Event, TextDelta
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, ToolCall
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.comparison_view import LiveComparisonRenderer
from mimo_magics.display.live.live_renderer import LiveRenderer
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.progress import Progress
from mimo_magics.document.reply import DisplayOptions
from support.comparisons import TITLES
from support.widget_page import Cell, Clock


class WatchedComparison:
    """A live renderer with its clock and its cell."""

    def __init__(self, titles: Sequence[str] = TITLES) -> None:
        self.clock = Clock()
        self.cell = Cell()
        self.renderer = LiveComparisonRenderer(
            DisplayOptions(), ComparisonProgress(titles, now=self.clock), self.cell, self.clock
        )

    def advance(self, seconds: float) -> None:
        """Advance the clock and repaint."""
        self.clock.time += seconds
        self.renderer.tick()

    def add_text(self, number: int, text: str) -> None:
        self.renderer.show(number, TextDelta(text))


CLOCK = ToolCall("i", "clock", '{"zone": "UTC"}')


def create_view(cell: Cell | None = None) -> ReplyView:
    return ReplyView(DisplayOptions(), Progress(), cell or Cell())


def feed_view(view: ReplyView, *events: Event) -> None:
    for event in events:
        view.show(event)
        view.paint()


CODE_BLOCKS = "One:\n\n```python\na = 1\n\nb = 2\n```\n\n- two:\n\n  ```\n  c\n  ```\n\n"


def create_live_renderer(*settings: Any) -> LiveRenderer:
    """Return a live renderer whose reply has not started."""
    renderer = LiveRenderer(*settings)
    renderer.tick()
    return renderer


def finish_renderer(renderer: LiveRenderer) -> None:
    renderer.finish(
        Reply(Message("assistant", (ReasoningPart("Hm."), TextPart("Hi"))), stop="end"), {"version": 1}
    )
