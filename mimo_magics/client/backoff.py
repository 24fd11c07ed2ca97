"""How long a service wants no calls: one back-off for each service, shared by the calls that are under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ApiError, MimoError
from mimo_magics.tape.clock import Clock
from mimo_magics.tape.tape import is_replaying


@dataclass(slots=True)
class Backoff:
    """Until when a service is not called, and why."""

    resume_at: float = 0.0
    """On the clock of the calls, in seconds."""
    reason: str = ""
    call_count: int = 0
    """Calls that are under way."""

    def get_wait(self, clock: Clock) -> float:
        """Return the seconds until calls may begin; 0 or less when they may."""
        return self.resume_at - clock.now()

    def plan_wait(self, delay: float, failure: MimoError, clock: Clock) -> float:
        """Return the seconds that a failed call waits: its own delay, or a longer one of another call.

        What the service itself said holds for all calls; a broken connection concerns one.
        """
        now = clock.now()
        seconds = max(delay, self.resume_at - now)
        if isinstance(failure, ApiError):
            self.resume_at, self.reason = now + seconds, failure.message
        return seconds


_backoffs: dict[str, Backoff] = {}
"""By host."""


@contextmanager
def share_backoff(endpoint: Endpoint) -> Iterator[Backoff]:
    """Hold the back-off of a service during a call. It ends with the last call: who stopped all may try at once.

    A replay keeps the waits of its tape, which concern no other call.
    """
    if is_replaying(endpoint.tapes):
        yield Backoff()
        return
    backoff = _backoffs.setdefault(endpoint.host, Backoff())
    backoff.call_count += 1
    try:
        yield backoff
    finally:
        backoff.call_count -= 1
        if not backoff.call_count:
            _backoffs.pop(endpoint.host, None)
