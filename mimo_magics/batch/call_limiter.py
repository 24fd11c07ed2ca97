"""Admits the calls of a run: the gate decides how many run at once, the window how many start in a minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mimo_magics.batch.call_gate import CallGate, Entry
from mimo_magics.batch.output_estimate import OutputEstimate
from mimo_magics.batch.rate_window import Permit, RateWindow
from mimo_magics.core.errors import MimoError, RateLimited
from mimo_magics.core.messages import Usage

MAX_SLEEP = 0.25
"""Seconds after which a waiting call looks again: a corrected reservation may have made room."""


class AdmittedCall:
    """A call that was admitted. Report its outcome before the block ends."""

    def __init__(self, limiter: CallLimiter, entry: Entry, permit: Permit) -> None:
        self._limiter, self._entry, self._permit = limiter, entry, permit

    def succeed(self, usage: Usage) -> None:
        """Replace the reserved tokens by those of the usage."""
        limiter = self._limiter
        limiter.gate.report_success(self._entry)
        limiter.window.correct(self._permit, usage.input + usage.output)
        limiter.output.add(usage.output)

    def fail(self, failure: MimoError) -> None:
        """Pause all calls if the service refused this one because of a limit."""
        if isinstance(failure, RateLimited):
            self._limiter.gate.report_refusal(self._entry, failure.retry_after)


class CallLimiter:
    """Admits calls in the order in which they ask.

    Args:
        gate: the number of calls at once, and the shared pause.
        window: the rate limits.
        output: the expected output of a call.
        record: is called with the reserved tokens of each call that starts.
    """

    def __init__(
        self, gate: CallGate, window: RateWindow, output: OutputEstimate, record: Callable[[int], None]
    ) -> None:
        self.gate = gate
        self.window = window
        self.output = output
        self._record = record
        self._turn = asyncio.Lock()
        """Held by the call that waits for a permit, so that a large call is not overtaken forever."""

    @asynccontextmanager
    async def admit(self, input_tokens: int) -> AsyncIterator[AdmittedCall]:
        """Wait until a call may start, and run the block while it counts as running.

        Args:
            input_tokens: the estimated tokens of the request.

        Raises:
            GateClosed: it may not start, as the run is over.
        """
        entry, permit = await self._start(input_tokens)
        try:
            yield AdmittedCall(self, entry, permit)
        finally:
            self.gate.leave(entry)

    async def _start(self, input_tokens: int) -> tuple[Entry, Permit]:
        while True:
            entry = await self.gate.enter()
            try:
                permit = await self._take_permit(entry, input_tokens + self.output.tokens)
            except BaseException:
                self.gate.leave(entry)
                raise
            if permit:
                self._record(permit.tokens)
                return entry, permit
            self.gate.leave(entry)

    async def _take_permit(self, entry: Entry, tokens: int) -> Permit | None:
        """Wait for a permit and return it; `None` if another call was refused in the meantime."""
        async with self._turn:
            # A correction in another thread may make room, so there is no event to wait for.
            while self.gate.is_current(entry):
                permit = self.window.take(tokens)
                if isinstance(permit, Permit):
                    return permit
                await asyncio.sleep(min(permit, MAX_SLEEP))
        return None
