"""How long a service wants no calls: one back-off for each service, shared by all calls of this process."""

from __future__ import annotations

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


def get_backoff(endpoint: Endpoint) -> Backoff:
    """Return the back-off of a service; a replay keeps the waits of its tape, which concern no other call."""
    return Backoff() if is_replaying(endpoint.tapes) else _backoffs.setdefault(endpoint.host, Backoff())
