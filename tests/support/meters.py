"""The meter of a turn without a server: what measures a real turn, on a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable

from mimo_magics.core.events import Event
from mimo_magics.core.messages import Timing, Usage
from mimo_magics.session.limits.usage_meter import UsageMeter
from mimo_magics.session.timing import TurnTimer
from mimo_magics.tape import clock


class SetClock(clock.Clock):
    """A turn's clock that shows the time of a test."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now

    def now(self) -> float:
        return self._now()


class Meter:
    """Measures the events that a test feeds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._timer = TurnTimer(SetClock(now))
        self._usage_meter = UsageMeter()

    def feed(self, event: Event) -> None:
        self._timer.feed(event)
        self._usage_meter.feed(event)

    @property
    def timing(self) -> Timing:
        return self._timer.timing

    @property
    def usage(self) -> Usage:
        return self._usage_meter.usage
