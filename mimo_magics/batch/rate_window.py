"""The rate limits of a service: requests and tokens in each sliding minute.

The tokens of a call are reserved before it starts, and corrected when its usage is known. The server counts arrivals and
this module departures, so the window is longer than the minute of the server.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

WINDOW_SECONDS = 60.0
MARGIN_SECONDS = 0.5
"""How much longer the window is. With 20 to 300 ms on the way, 0.3 s were enough for no refusal in 1,000 calls."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one model and account; `None` where they are unknown."""

    requests: int | None = None
    """Requests in a minute."""
    tokens: int | None = None
    """Tokens of input and output in a minute."""


@dataclass(slots=True, eq=False)
class Permit:
    """The right to make one call now."""

    time: float
    """When it was taken, in seconds of the clock."""
    tokens: int
    """The reserved tokens; after the call those of its usage."""


class RateWindow:
    """Hands out permits so that no sliding window has more than the limits allow. Any thread may use it.

    Args:
        limits: the limits.
        clock: returns seconds that never go back.
        seconds: the length of the window of the server.
    """

    def __init__(
        self,
        limits: RateLimits,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = WINDOW_SECONDS,
    ) -> None:
        self.limits = limits
        self._clock = clock
        self.span = seconds + MARGIN_SECONDS
        """Seconds that a call counts."""
        self._permits: deque[Permit] = deque()
        self._tokens = 0
        """Tokens of all permits in the window."""
        self._lock = Lock()

    def take(self, tokens: int) -> Permit | float:
        """Return a permit for a call of about this many tokens, or the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            self._drop_expired(now)
            wait = self._compute_wait(tokens, now)
            if wait > 0:
                return wait
            permit = Permit(now, tokens)
            self._append(permit)
            return permit

    def correct(self, permit: Permit, tokens: int) -> None:
        """Replace the reserved tokens of a permit by those of the usage."""
        with self._lock:
            if self._permits and permit.time >= self._permits[0].time:
                self._tokens += tokens - permit.tokens
            permit.tokens = tokens

    def add_earlier(self, calls: Iterable[tuple[float, int]]) -> None:
        """Count calls of an earlier process: how many seconds ago they were made, and their tokens."""
        with self._lock:
            now = self._clock()
            earlier = [Permit(now - max(0.0, age), tokens) for age, tokens in calls]
            permits = sorted([*earlier, *self._permits], key=lambda each: each.time)
            self._permits, self._tokens = deque(permits), sum(each.tokens for each in permits)
            self._drop_expired(now)

    def _append(self, permit: Permit) -> None:
        self._permits.append(permit)
        self._tokens += permit.tokens

    def _drop_expired(self, now: float) -> None:
        while self._permits and self._permits[0].time <= now - self.span:
            self._tokens -= self._permits.popleft().tokens

    def _compute_wait(self, tokens: int, now: float) -> float:
        """Return the seconds until enough permits have expired; 0 if the call may start now."""
        last = max(self._find_last_excess_request(), self._find_last_excess_tokens(tokens))
        return self._permits[last].time + self.span - now if last >= 0 else 0.0

    def _find_last_excess_request(self) -> int:
        """Return the place of the newest permit that must expire before one more request; -1 for none."""
        limit = self.limits.requests
        return -1 if limit is None else min(len(self._permits) - limit, len(self._permits) - 1)

    def _find_last_excess_tokens(self, tokens: int) -> int:
        """Return the place of the newest permit that must expire before these tokens; -1 for none.

        A call above the limit waits until the window is empty.
        """
        if self.limits.tokens is None:
            return -1
        excess = self._tokens + tokens - self.limits.tokens
        last = -1
        for permit in self._permits:
            if excess <= 0:
                break
            excess, last = excess - permit.tokens, last + 1
        return last
