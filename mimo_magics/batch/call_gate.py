"""How many calls run at once, and the pause that all calls share after a refusal.

The rule for services with unknown limits (as in inspect_ai): begin with a few calls at once; double them after each clean
round until the first refusal. Then lower them once for each episode of refusals, and raise them slowly after clean rounds.
A server that fails (5xx) has no influence, as it says nothing about limits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

INITIAL_CALLS = 20
LOWERING, RAISING = 0.8, 1.05
EPISODE_SECONDS = 15.0
"""After a refusal, further ones within this time belong to the same episode, and successes do not count."""
FIRST_PAUSE, MAX_PAUSE = 2.0, 60.0
"""Seconds. The pause doubles with each refused probe. A `Retry-After` is wrong if it is longer than a minute, or if a
probe was refused after it: then the pause is that without one, unless that is shorter."""
MAX_REFUSED_PROBES = 12
"""Refused probes in a row after which the gate closes: eight minutes or more."""


class GateClosed(Exception):
    """No further call may start, as the run is over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that may run."""

    episode: int
    """The number of refusals that the gate knew when the call started."""
    is_probe: bool = False


class CallGate:
    """Lets calls start, first in, first out. Each call enters, reports its outcome, and leaves.

    Args:
        max_calls: the most calls at once.
    """

    def __init__(self, max_calls: int) -> None:
        self._max_calls = max_calls
        self._limit = min(max_calls, INITIAL_CALLS)
        self._running = 0
        self._waiting: deque[asyncio.Future[Entry]] = deque()
        self._is_paused = False
        self._needs_probe = False
        """Whether one call must succeed before others start."""
        self._has_probe = False
        """Whether that call runs."""
        self._is_ramping = True
        """Whether no call was refused yet."""
        self._episode = 0
        self._refused_probes = 0
        self._is_closed = False
        self._successes = 0
        """Successes since the limit changed."""
        self._lowered_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """The number of calls that may run at once now."""
        return self._limit

    @property
    def is_paused(self) -> bool:
        """Whether no call may start, except for one probe at the end of a pause."""
        return self._is_paused or self._needs_probe

    @property
    def is_closed(self) -> bool:
        """Whether no further call may start: the service refused every probe, or the run is over."""
        return self._is_closed

    def close(self) -> None:
        """Let no further call start. Those that wait raise `GateClosed`."""
        self._is_closed = True
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(GateClosed())

    def is_current(self, entry: Entry) -> bool:
        """Return whether a call that was let in may still start: none was refused in the meantime."""
        return entry.episode == self._episode and not self._is_closed

    async def enter(self) -> Entry:
        """Wait until a call may start.

        Raises:
            GateClosed: it may not.
        """
        if self._is_closed:
            raise GateClosed
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._wake()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and not future.exception():
                self.leave(future.result())
            raise

    def leave(self, entry: Entry) -> None:
        """End a call."""
        self._running -= 1
        if entry.is_probe and entry.episode == self._episode:
            # A probe that failed for another reason leaves its place to the next call.
            self._has_probe = False
        self._wake()

    def report_success(self, entry: Entry) -> None:
        """Count a call that the service did not refuse."""
        if entry.is_probe:
            self._needs_probe = False
            self._refused_probes = 0
        if self._now() - self._lowered_at >= EPISODE_SECONDS:
            self._successes += 1
            if self._successes >= self._limit:
                self._raise_limit()

    def report_refusal(self, entry: Entry, retry_after: float | None) -> None:
        """Pause all calls after HTTP 429. A call that started before the last refusal was known changes nothing.

        Args:
            entry: the call.
            retry_after: the seconds that the server requires, if it does.
        """
        if entry.episode < self._episode:
            return
        self._episode += 1
        self._refused_probes += entry.is_probe
        backoff = min(FIRST_PAUSE * 2**self._refused_probes, MAX_PAUSE)
        if retry_after is not None:
            lowest = backoff if self._refused_probes else 0.0
            backoff = min(max(retry_after, lowest), MAX_PAUSE)
        self._pause(backoff)
        if self._now() - self._lowered_at >= EPISODE_SECONDS:
            self._limit, self._lowered_at = max(1, int(self._limit * LOWERING)), self._now()
        self._is_ramping, self._successes = False, 0
        if self._refused_probes >= MAX_REFUSED_PROBES:
            self.close()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _raise_limit(self) -> None:
        raised = self._limit * 2 if self._is_ramping else max(self._limit + 1, int(self._limit * RAISING))
        self._limit, self._successes = min(raised, self._max_calls), 0

    def _pause(self, seconds: float) -> None:
        self._is_paused, self._needs_probe, self._has_probe = True, True, False
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end_pause)

    def _end_pause(self) -> None:
        self._is_paused = False
        self._wake()

    def _can_start(self) -> bool:
        if self._is_paused or (self._needs_probe and self._has_probe):
            return False
        return self._running < self._limit

    def _start(self) -> Entry:
        self._running += 1
        is_probe = self._needs_probe
        self._has_probe = is_probe
        return Entry(self._episode, is_probe)

    def _wake(self) -> None:
        while self._waiting and self._can_start():
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(self._start())
