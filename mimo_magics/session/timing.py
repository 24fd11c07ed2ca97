"""Durations of the stages of a reply."""

from __future__ import annotations

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    ReasoningDelta,
    ResponseStarted,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.messages import Timing
from mimo_magics.tape.clock import Clock

TOKEN_EVENTS = (TextDelta, ReasoningDelta, ToolCallStart, ToolCallDelta)


class TurnTimer:
    """Measures a turn by its events.

    The wait before a retry counts. The preparation of the embedded model does not count.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.now()
        self._first_token_at: float | None = None
        self._reasoning_start: float | None = None
        self._text_start: float | None = None
        self._tool_seconds = 0.0
        self._tools_since: float | None = None
        """When the tools of the current response began to run or to wait; `None` without tools."""

    def feed(self, event: Event) -> None:
        """Record the time of an event."""
        if isinstance(event, ModelPreparation):
            self._start = self._clock.now()
        self._measure_tools(event)
        if self._text_start is not None or not isinstance(event, TOKEN_EVENTS):
            return
        now = self._clock.now()
        self._first_token_at = now if self._first_token_at is None else self._first_token_at
        if isinstance(event, ReasoningDelta):
            self._reasoning_start = now if self._reasoning_start is None else self._reasoning_start
        else:
            self._text_start = now

    def _measure_tools(self, event: Event) -> None:
        """Count the time between the first event of a tool call and the next response."""
        now = self._clock.now()
        if isinstance(event, ToolProgress) and self._tools_since is None:
            self._tools_since = now
        elif isinstance(event, ResponseStarted) and self._tools_since is not None:
            self._tool_seconds += now - self._tools_since
            self._tools_since = None

    @property
    def timing(self) -> Timing:
        """The durations until now."""
        now = self._clock.now()
        end = now if self._text_start is None else self._text_start
        return Timing(
            _elapsed_seconds(self._start, self._first_token_at),
            _elapsed_seconds(self._reasoning_start, end),
            round(now - self._start, 3),
            round(self._tool_seconds + (_elapsed_seconds(self._tools_since, now) or 0.0), 3),
        )


def _elapsed_seconds(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)
