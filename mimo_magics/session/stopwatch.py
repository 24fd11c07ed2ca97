"""How long the stages of a reply took."""

from __future__ import annotations

from time import monotonic

from mimo_magics.events import Event, Preparing, ReasoningDelta, TextDelta, ToolCallDelta, ToolCallStart
from mimo_magics.messages import Timing

TOKENS = (TextDelta, ReasoningDelta, ToolCallStart, ToolCallDelta)


class Stopwatch:
    """Listens to the events of one turn.

    A wait before another attempt counts, the preparation of the embedded model does not.
    """

    def __init__(self) -> None:
        self._start = monotonic()
        self._first: float | None = None
        self._thought: float | None = None
        self._answered: float | None = None

    def feed(self, event: Event) -> None:
        """Note when the event came."""
        if isinstance(event, Preparing):
            self._start = monotonic()
        if self._answered is not None or not isinstance(event, TOKENS):
            return
        now = monotonic()
        self._first = self._first or now
        if isinstance(event, ReasoningDelta):
            self._thought = self._thought or now
        else:
            self._answered = now

    @property
    def timing(self) -> Timing:
        """The figures up to now."""
        now = monotonic()
        return Timing(
            _seconds(self._start, self._first),
            _seconds(self._thought, self._answered or now),
            round(now - self._start, 3),
        )


def _seconds(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)
