"""A clock for tests: nothing but a sleep puts it forward, and a sleep takes no time."""

from __future__ import annotations

import threading

import anyio.lowlevel
import pytest

from mimo_magics.tape import clock


class VirtualTime:
    """Stands where `mimo_magics.tape.clock` has `time` and `anyio`."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        """Seconds of every sleep, in order."""
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Return the seconds that were slept so far."""
        with self._lock:
            return sum(self.slept)

    def time(self) -> float:
        """Return the seconds since 1970; the clock begins at 2026-11-29."""
        return 1_795_910_400.0 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Note the seconds, and let other tasks run."""
        with self._lock:
            self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """Inject a clock that only sleeps put forward into every turn of this process."""
    virtual = VirtualTime()
    monkeypatch.setattr(clock, "time", virtual)
    monkeypatch.setattr(clock, "anyio", virtual)
    return virtual
