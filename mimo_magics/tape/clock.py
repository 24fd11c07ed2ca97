"""Time and chance as a turn meets them: the machine's own, or those that a tape brings back.

Whatever is told of a turn in seconds comes from its clock, so that a replayed turn tells what was recorded.
"""

from __future__ import annotations

import random
import time

import anyio

from mimo_magics.core.settings import Pace

PACES: dict[Pace, float] = {"real": 1.0, "fast": 0.1, "once": 0.0}
"""How much of the time that passes on a tape passes for the person too."""


class Clock:
    """The machine's."""

    def __init__(self) -> None:
        self.timestamp = time.time()
        """When the turn was asked, in seconds since 1970."""

    def now(self) -> float:
        """Return the seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        """Return a number by chance."""
        return random.uniform(low, high)  # noqa: S311  no secret


class TapeClock(Clock):
    """One that a tape puts forward.

    Args:
        pace: how much of the time that passes on the tape passes for the person too.
        tape_only: whether nothing else puts it forward, as where nothing is asked of a service.
    """

    def __init__(self, pace: Pace, *, tape_only: bool) -> None:
        super().__init__()
        self._pace = PACES[pace]
        self._tape_only = tape_only
        self._offset = 0.0
        self._has_timestamp = False

    def now(self) -> float:
        """Return the seconds that passed on the tape, and beside it where calls are made, too."""
        return self._offset + (0.0 if self._tape_only else super().now())

    def set_timestamp(self, timestamp: float) -> None:
        """Take the date of a recorded call over; the first one is that of the turn."""
        if not self._has_timestamp:
            self.timestamp, self._has_timestamp = timestamp, True

    async def advance(self, seconds: float) -> None:
        """Let time pass as it did when the tape was recorded."""
        await super().sleep(seconds * self._pace)
        self._offset += seconds * (1 if self._tape_only else 1 - self._pace)

    async def sleep(self, seconds: float) -> None:
        """Wait; where all is replayed, at its pace."""
        await (self.advance(seconds) if self._tape_only else super().sleep(seconds))

    def uniform(self, low: float, high: float) -> float:
        """Leave nothing to chance where all is replayed."""
        return high if self._tape_only else super().uniform(low, high)
