"""A clock for tests. Only a sleep advances it, and a sleep takes no time."""

from __future__ import annotations

import threading

import anyio.lowlevel
import pytest

from mimo_magics.tape import clock


class VirtualTime:
    """Replaces `time` and `anyio` in `mimo_magics.tape.clock`."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        """The seconds of every sleep, in order."""
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Return the total seconds of all sleeps."""
        with self._lock:
            return sum(self.slept)

    def time(self) -> float:
        """Return the seconds since 1970; the clock begins at 2026-11-29."""
        return 1_795_910_400.0 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Record the seconds, and let other tasks run."""
        with self._lock:
            self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """Inject the virtual clock into every turn of this process."""
    virtual = VirtualTime()
    monkeypatch.setattr(clock, "time", virtual)
    monkeypatch.setattr(clock, "anyio", virtual)
    return virtual
