"""Durations of the stages of a reply."""

from __future__ import annotations

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
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

    def feed(self, event: Event) -> None:
        """Record the time of an event."""
        if isinstance(event, ModelPreparation):
            self._start = self._clock.now()
        if self._text_start is not None or not isinstance(event, TOKEN_EVENTS):
            return
        now = self._clock.now()
        self._first_token_at = now if self._first_token_at is None else self._first_token_at
        if isinstance(event, ReasoningDelta):
            self._reasoning_start = now if self._reasoning_start is None else self._reasoning_start
        else:
            self._text_start = now

    @property
    def timing(self) -> Timing:
        """The durations until now."""
        now = self._clock.now()
        end = now if self._text_start is None else self._text_start
        return Timing(
            _elapsed_seconds(self._start, self._first_token_at),
            _elapsed_seconds(self._reasoning_start, end),
            round(now - self._start, 3),
        )


def _elapsed_seconds(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)
