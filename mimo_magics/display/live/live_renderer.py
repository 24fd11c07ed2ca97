"""The live renderer: a static output first, then widgets in the same output, then the document.

The renderer switches to widgets when the widget probe succeeds: the page shows widgets, and the kernel handles their
messages during a cell. So no front end shows a broken view or a button without effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta
from mimo_magics.core.renderer_protocol import Document, SilentRenderer, TurnMeter
from mimo_magics.display.live.retired_views import MAX_RETIRED_VIEWS, retire
from mimo_magics.display.live.throttle import Throttle
from mimo_magics.display.live.view import View
from mimo_magics.display.live.widget_probe import WidgetProbe
from mimo_magics.display.live.widgets import widget_bundle
from mimo_magics.display.progress import Progress
from mimo_magics.display.static import StatusRenderer

__all__ = ["MAX_RETIRED_VIEWS", "LiveRenderer", "ViewRenderer"]

POLL_SECONDS = 0.1
"""Seconds between two checks of the widget probe."""


class ViewRenderer(SilentRenderer):
    """Paints a live view, often enough for reading along and no more often."""

    def __init__(self, view: View, progress: Progress, now: Callable[[], float] = monotonic) -> None:
        self.view = view
        self._progress = progress
        self._throttle = Throttle(now)

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""
        self._progress.start(meters)

    async def has_buttons(self) -> bool:
        """Return `True`."""
        return True

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event, and paint when a frame is due."""
        self._progress.feed(event, number)
        self.view.show(event, number)
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self._throttle.add_text(text)
            case Stopped():
                self._throttle.make_due()
        self.tick()

    def tick(self) -> None:
        """Paint the changes when a frame is due."""
        if self._throttle.is_due:
            self._throttle.record_frame(self.view.paint())

    def clear(self) -> None:
        """Remove the view."""
        self.view.close()


class LiveRenderer:
    """Shows a turn or a comparison in a cell that awaits.

    Args:
        fallback: shows it until the page has answered, and to the end if it never does.
        create_view: creates the widgets.
        now: returns the time in seconds.
    """

    def __init__(
        self,
        fallback: StatusRenderer,
        create_view: Callable[[], View],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._fallback = fallback
        self._create_view = create_view
        self._now = now
        self._probe = WidgetProbe(now)
        """Sends its first probe with the first tick."""
        self._widgets: ViewRenderer | None = None
        self._pending_events: list[tuple[Event, int]] = []
        """The events before there was a view."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""
        self._fallback.start(meters)

    async def has_buttons(self) -> bool:
        """Return whether it shows buttons for approvals. Wait until the page has answered or the probe has given up."""
        while self._widgets is None and not self._fallback.has_finished_parts and self._probe.is_pending:
            await asyncio.sleep(POLL_SECONDS)
            self.tick()
        return self._widgets is not None

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event, and paint when a frame is due."""
        self._switch_to_widgets()
        if self._widgets:
            self._widgets.show(event, number)
        else:
            self._pending_events.append((event, number))
            self._fallback.show(event, number)

    def tick(self) -> None:
        """Paint the changes when a frame is due."""
        self._probe.start()
        self._switch_to_widgets()
        (self._widgets or self._fallback).tick()

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Replace the view by the document."""
        self._probe.close()
        if self._widgets is None:
            self._fallback.finish(document, metadata)
            return
        view = self._widgets.view
        self._fallback.output.update(document.to_bundle(view.open_groups), metadata)
        view.end(document)
        retire(view)

    def clear(self) -> None:
        """Clear the output and remove the view."""
        self._probe.close()
        self._fallback.clear()
        if self._widgets:
            self._widgets.clear()

    def _switch_to_widgets(self) -> None:
        """Replace the static output by widgets as soon as the page has answered."""
        if self._widgets or self._fallback.has_finished_parts or not self._probe.poll():
            return
        view = self._create_view()
        for event, number in self._pending_events:
            view.show(event, number)
        self._pending_events.clear()
        view.paint()
        self._fallback.output.update(widget_bundle(view.root))
        self._widgets = ViewRenderer(view, self._fallback.progress, self._now)
