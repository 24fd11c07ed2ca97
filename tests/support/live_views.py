"""Live renderers with a fake page, clock and cell, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

from mimo_magics.core.events import Event, TextDelta
from mimo_magics.core.messages import Message, ReasoningPart, Reply, TextPart, ToolCall
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.live.comparison_view import ComparisonView
from mimo_magics.display.live.live_renderer import LiveRenderer
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.progress import ReplyProgress
from mimo_magics.display.static import StaticRenderer, StatusRenderer
from mimo_magics.document.reply import DisplayOptions, ReplyDocument
from support.comparisons import METADATA, TITLES
from support.meters import Meter
from support.widget_page import Cell, Clock


class WatchedComparison:
    """A live renderer with its clock and its cell."""

    def __init__(self, titles: Sequence[str] = TITLES) -> None:
        self.clock = Clock()
        self.cell = Cell()
        progress = ComparisonProgress(titles)
        create_view = partial(ComparisonView, DisplayOptions(), progress, self.cell)
        self.renderer = LiveRenderer(StatusRenderer(progress), create_view, self.clock)
        self.meters = {number: Meter(self.clock) for number in range(len(titles))}
        self.renderer.start(self.meters)

    def show(self, number: int, event: Event) -> None:
        """Measure and show an event."""
        self.meters[number].feed(event)
        self.renderer.show(event, number)

    def advance(self, seconds: float) -> None:
        """Advance the clock and repaint."""
        self.clock.time += seconds
        self.renderer.tick()

    def add_text(self, number: int, text: str) -> None:
        self.show(number, TextDelta(text))


CLOCK = ToolCall("i", "clock", '{"zone": "UTC"}')


def create_view(cell: Cell | None = None) -> ReplyView:
    return ReplyView(DisplayOptions(), ReplyProgress(), cell or Cell())


def feed_view(view: ReplyView, *events: Event) -> None:
    for event in events:
        view.show(event)
        view.paint()


CODE_BLOCKS = "One:\n\n```python\na = 1\n\nb = 2\n```\n\n- two:\n\n  ```\n  c\n  ```\n\n"


def new_reply_renderer(cell: Cell | None = None, now: Callable[[], float] = monotonic) -> LiveRenderer:
    progress, cell = ReplyProgress(), cell or Cell()
    fallback = StaticRenderer(progress, is_only_output=True, now=now)
    return LiveRenderer(fallback, partial(ReplyView, DisplayOptions(), progress, cell), now)


def create_live_renderer(cell: Cell | None = None, now: Callable[[], float] = monotonic) -> LiveRenderer:
    """Return a live renderer whose reply has not started."""
    renderer = new_reply_renderer(cell, now)
    renderer.tick()
    return renderer


def finish_renderer(renderer: LiveRenderer) -> None:
    reply = Reply(Message("assistant", (ReasoningPart("Hm."), TextPart("Hi"))), stop="end")
    renderer.finish(ReplyDocument(reply), METADATA)
