"""The live view: widgets while the reply comes, a document when it is whole; one output all along.

Until the page has shown that it works with widgets, and the kernel that it hears of it, the reply grows as plain
output. So no front end is left with a broken view or with a button that does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import CellControl
from mimo_magics.display.live.retired_views import MAX_RETIRED_VIEWS, retire
from mimo_magics.display.live.throttle import Throttle
from mimo_magics.display.live.view import ReplyView
from mimo_magics.display.live.widget_probe import WidgetProbe
from mimo_magics.display.progress import Progress
from mimo_magics.display.static import StaticRenderer
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import DisplayOptions

__all__ = ["MAX_RETIRED_VIEWS", "LiveRenderer"]

POLL_SECONDS = 0.1
"""Seconds between two looks at whether the page has answered."""


class LiveRenderer:
    """Shows a turn in a cell that awaits."""

    def __init__(
        self, display_options: DisplayOptions, cell: CellControl, now: Callable[[], float] = monotonic
    ) -> None:
        self._display_options = display_options
        self._cell = cell
        self._progress = Progress(now)
        self._static_renderer = StaticRenderer(display_options, is_only_output=True, now=now)
        self._probe = WidgetProbe(now)
        """Asks the page from the first tick on."""
        self._view: ReplyView | None = None
        self._pending_events: list[Event] = []
        """What came before there was a view."""
        self._throttle = Throttle(now)

    async def has_buttons(self) -> bool:
        """Tell whether it shows buttons to approve tool calls, when the page has answered or was given up."""
        while self._view is None and not self._static_renderer.has_finished_parts and self._probe.is_pending:
            await asyncio.sleep(POLL_SECONDS)
            self.tick()
        return self._view is not None

    def show(self, event: Event) -> None:
        """Take an event in, and paint when a frame is due."""
        self._progress.feed(event)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._throttle.add_text(event.text)
        elif isinstance(event, Stopped):
            self._throttle.make_due()
        self._switch_to_widgets()
        if self._view:
            self._view.show(event)
            self._paint()
        else:
            self._pending_events.append(event)
            self._static_renderer.show(event)

    def tick(self) -> None:
        """Paint what is new, when a frame is due."""
        self._probe.start()
        self._switch_to_widgets()
        if self._view:
            self._paint()
        else:
            self._static_renderer.tick()

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """Put the document in the place of what grew."""
        self._probe.close()
        if self._view is None:
            self._static_renderer.finish(reply, record, notices=notices, is_plain=is_plain)
            return
        options = replace(self._display_options, is_plain=is_plain)
        bundle = reply_document.reply_bundle(
            reply, display_options=options, open_groups=self._view.open_groups, notices=notices
        )
        self._static_renderer.output.update(bundle, {"mimo": record})
        if code := self._view.code_to_insert:
            self._cell.insert(code)
        self._view.end(reply_document.footer(reply))
        retire(self._view)

    def clear(self) -> None:
        """Take back what was shown, as nothing came of it."""
        self._probe.close()
        self._static_renderer.clear()
        if self._view:
            self._view.close()

    def _switch_to_widgets(self) -> None:
        """Go on with widgets as soon as it is known that they work."""
        if self._view or self._static_renderer.has_finished_parts or not self._probe.poll():
            return
        self._view = ReplyView(self._display_options, self._progress, self._cell)
        for event in self._pending_events:
            self._view.show(event)
        self._pending_events.clear()
        self._view.paint()
        self._static_renderer.output.update(self._view.bundle)

    def _paint(self) -> None:
        assert self._view
        if self._throttle.is_due:
            self._throttle.record_frame()
            self._view.paint()
