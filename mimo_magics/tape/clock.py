"""The clock and the random numbers of a turn: those of the machine, or those of a tape.

All times of a turn come from its clock, so that a replayed turn has the recorded times.
"""

from __future__ import annotations

import random
import time

import anyio

from mimo_magics.core.settings import Pace

PACES: dict[Pace, float] = {"real": 1.0, "fast": 0.1, "once": 0.0}
"""Share of the recorded time that a replay waits."""


class Clock:
    """The clock of the machine."""

    def __init__(self) -> None:
        self.timestamp = time.time()
        """Time of the turn, in seconds since 1970."""

    def now(self) -> float:
        """Return the seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number."""
        return random.uniform(low, high)  # noqa: S311


class TapeClock(Clock):
    """A clock that replayed calls advance.

    Args:
        pace: share of the recorded time that a replay waits.
        tape_only: whether only the tape advances the clock, because no calls are made.
    """

    def __init__(self, pace: Pace, *, tape_only: bool) -> None:
        super().__init__()
        self._pace = PACES[pace]
        self._tape_only = tape_only
        self._offset = 0.0
        self._has_timestamp = False

    def now(self) -> float:
        """Return the seconds that passed on the tape, plus real time where calls are made."""
        return self._offset + (0.0 if self._tape_only else super().now())

    def set_timestamp(self, timestamp: float) -> None:
        """Use the date of a recorded call. The first one is the time of the turn."""
        if not self._has_timestamp:
            self.timestamp, self._has_timestamp = timestamp, True

    async def advance(self, seconds: float) -> None:
        """Let recorded time pass."""
        await super().sleep(seconds * self._pace)
        self._offset += seconds * (1 if self._tape_only else 1 - self._pace)

    async def sleep(self, seconds: float) -> None:
        """Wait. In a replay, wait at its pace."""
        await (self.advance(seconds) if self._tape_only else super().sleep(seconds))

    def uniform(self, low: float, high: float) -> float:
        """Return a random number; in a replay the upper limit."""
        return high if self._tape_only else super().uniform(low, high)
