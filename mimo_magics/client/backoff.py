"""The backoff of a service: a wait that all running calls to one host share."""

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
    """The time until which no call to a service starts, and the reason."""

    resume_at: float = 0.0
    """Seconds on the clock of the calls."""
    reason: str = ""
    call_count: int = 0
    """Number of running calls."""

    def get_wait(self, clock: Clock) -> float:
        """Return the seconds until a call may start; 0 or less if it may start now."""
        return self.resume_at - clock.now()

    def plan_wait(self, delay: float, failure: MimoError, clock: Clock) -> float:
        """Return the seconds that a failed call waits: its own delay, or a longer one that is already set.

        An error of the service delays all its calls. A broken connection delays only its own call.
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
    """Yield the backoff of a service for the duration of a call.

    The backoff is deleted with the last running call, so a user who stops all calls can retry at once. A replay
    does not share its backoff: its waits come from the tape.
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
