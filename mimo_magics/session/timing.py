"""How long the stages of a reply took."""

from __future__ import annotations

from mimo_magics.core.events import Event, Preparing, ReasoningDelta, TextDelta, ToolCallDelta, ToolCallStart
from mimo_magics.core.messages import Timing
from mimo_magics.tape.clock import Clock

TOKENS = (TextDelta, ReasoningDelta, ToolCallStart, ToolCallDelta)


class Stopwatch:
    """Listens to the events of one turn.

    A wait before another attempt counts, the preparation of the embedded model does not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.now()
        self._first: float | None = None
        self._thought: float | None = None
        self._answered: float | None = None

    def feed(self, event: Event) -> None:
        """Note when the event came."""
        if isinstance(event, Preparing):
            self._start = self._clock.now()
        if self._answered is not None or not isinstance(event, TOKENS):
            return
        now = self._clock.now()
        self._first = now if self._first is None else self._first
        if isinstance(event, ReasoningDelta):
            self._thought = now if self._thought is None else self._thought
        else:
            self._answered = now

    @property
    def timing(self) -> Timing:
        """The figures up to now."""
        now = self._clock.now()
        end = now if self._answered is None else self._answered
        return Timing(
            _seconds(self._start, self._first),
            _seconds(self._thought, end),
            round(now - self._start, 3),
        )


def _seconds(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)
