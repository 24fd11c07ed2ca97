"""A run of a prompt over rows: its service, its limits, its store, and the results in the order of the rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from mimo_magics.batch.call_gate import CallGate
from mimo_magics.batch.call_limiter import CallLimiter
from mimo_magics.batch.engine import KEY_BYTES, Row, RowEngine
from mimo_magics.batch.output_estimate import OutputEstimate
from mimo_magics.batch.progress import ProgressCounter
from mimo_magics.batch.rate_window import RateLimits, RateWindow
from mimo_magics.batch.row_budget import RowBudget
from mimo_magics.batch.row_caller import RowCaller
from mimo_magics.batch.row_prompt import RowPrompt
from mimo_magics.batch.row_result import RowResult
from mimo_magics.batch.row_value import read_value
from mimo_magics.batch.store import MadeCall, RowStore, StoredRow, open_store
from mimo_magics.client import endpoint
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Usage
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.request import TurnInput, resolve_model
from mimo_magics.session.session import Session
from mimo_magics.tape import tape

DEFAULT_AT_ONCE, MAX_AT_ONCE = 64, 1_000
DEFAULT_OUTPUT_TOKENS = 500
"""Output tokens to reserve for a call until some replies have been seen."""
PROGRESS_SECONDS = 0.1
"""Interval of the snapshots of the progress."""
LAST_SECONDS = 10.0
"""How long after its last sign of life a process may have made calls, at most."""
MAX_LABEL_CHARS = 100
NOT_REACHED = Translatable("Not reached.")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run goes about its rows."""

    at_once: int = DEFAULT_AT_ONCE
    """The most calls at once."""
    limits: RateLimits | None = None
    """The rate limits; `None` for those of the service."""
    store: Path | str = ":memory:"
    """The file of the results."""


class BatchRun:
    """A run. Iterate over `watch` to run it, then read `results`.

    Args:
        prompt: the prompt of all rows.
        rows: the rows, which are read once.
        session: counts the usage; its history is not sent.
        options: how to go about it.
        total: number of rows, if known.
    """

    def __init__(
        self,
        prompt: RowPrompt,
        rows: Iterable[Row],
        session: Session,
        options: RunOptions,
        total: int | None = None,
    ) -> None:
        self._prompt = prompt
        self._rows = rows
        self._session = session
        self._options = options
        self._run_id = uuid4().hex[:12]
        self._counter = ProgressCounter(total)
        self._engine: RowEngine | None = None
        self._limiter: CallLimiter | None = None
        self._store: RowStore | None = None
        self._preparation = ""

    @property
    def progress(self) -> RunProgress:
        """The progress until now."""
        progress = self._counter.progress
        if not self._limiter:
            return replace(progress, preparation=self._preparation)
        gate = self._limiter.gate
        problem = self._store.problem if self._store else ""
        return replace(progress, calls_at_once=gate.limit, is_paused=gate.is_paused, problem=problem)

    @property
    def stopped(self) -> MimoError | None:
        """Why the run ended before the last row; `None` if it did not, or was cancelled."""
        return self._engine.stopped if self._engine else None

    @property
    def mean_output_tokens(self) -> float | None:
        """The mean output of the replies, reasoning included; `None` without one."""
        return self._limiter.output.mean if self._limiter else None

    async def watch(self) -> AsyncGenerator[RunProgress]:
        """Run all rows, and yield the progress now and then. Closing the generator cancels the calls.

        Raises:
            BadRowStore: results cannot be saved; nothing was sent.
            MimoError: the service cannot be called at all, such as without a key.
        """
        task = asyncio.create_task(self._run())
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=PROGRESS_SECONDS)
                yield self.progress
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                # The consumer was left by another error, which is shown.
                task.exception()

    async def _run(self) -> None:
        turn_input = self._prompt.turn_input
        settings = turn_input.settings
        self._store = store = open_store(self._options.store)
        tapes = tape.resolve_tapes(settings.tape)
        async for step in endpoint.prepare_endpoint(settings, tapes):
            self._preparation = str(step)
        service_endpoint = endpoint.resolve_endpoint(settings, tapes)
        prompt = replace(self._prompt, turn_input=await resolve_model(turn_input, service_endpoint))
        clock = tape.create_clock(tapes, settings.tape_pace)
        self._limiter = limiter = self._create_limiter(prompt, service_endpoint, store)
        budget = RowBudget(prompt.turn_input, self._find_spending(), limiter.output)
        self._engine = engine = RowEngine(
            run_id=self._run_id,
            prompt=prompt,
            caller=RowCaller(prompt.turn_input, service_endpoint, limiter, clock),
            store=store,
            service=_name_service(prompt, service_endpoint),
            counter=self._counter,
            budget=budget,
        )
        try:
            await engine.run(self._rows, self._options.at_once)
        finally:
            progress = self._counter.progress
            if progress.usage != Usage():
                label = translate("{count:,} rows", count=progress.called)
                run = f"{label}: {' '.join(prompt.text.split())}"[:MAX_LABEL_CHARS]
                self._session.count_unrecorded(progress.usage, progress.usd, run, prompt.turn_input.model)

    def _find_spending(self) -> Spending:
        settings = self._prompt.turn_input.settings
        return self._session.compute_spending(settings) if settings.budget else Spending()

    def _create_limiter(self, prompt: RowPrompt, service_endpoint: Endpoint, store: RowStore) -> CallLimiter:
        service = _name_service(prompt, service_endpoint)
        replays = tape.is_replaying(service_endpoint.tapes)
        limits = RateLimits() if replays else self._options.limits or choose_limits(prompt.turn_input)
        window = _windows.setdefault(service, RateWindow(limits))
        window.limits = limits
        calls, alive_at = store.find_calls(service)
        window.add_earlier(_iter_earlier_calls(calls, alive_at, limits, window.span))
        output = OutputEstimate(
            min(
                prompt.turn_input.params.max_completion_tokens or DEFAULT_OUTPUT_TOKENS, DEFAULT_OUTPUT_TOKENS
            )
        )

        def record(tokens: int) -> None:
            store.add_call(service, MadeCall(time.time(), tokens))

        return CallLimiter(CallGate(self._options.at_once), window, output, record)

    @property
    def row_count(self) -> int:
        """Rows that were read."""
        return len(self._engine.keys) // KEY_BYTES if self._engine else 0

    def iter_results(self) -> Iterator[RowResult]:
        """Yield the result of each row that was read, in the order of the rows. Memory does not grow with their number."""
        engine, store = self._engine, self._store
        if not engine or not store:
            return
        for place in range(self.row_count):
            key = bytes(engine.keys[place * KEY_BYTES : (place + 1) * KEY_BYTES])
            if place in engine.unsent:
                yield RowResult(place, error=engine.unsent[place])
            elif stored := store.find(key.hex()):
                yield self._build_result(place, stored)
            else:
                yield RowResult(place, error=NOT_REACHED)

    def _build_result(self, place: int, stored: StoredRow) -> RowResult:
        """Return the result of a row. The usage counts for the one row that was sent in this run."""
        is_own = stored.run == self._run_id and stored.place == place
        value, data, error = read_value(stored, self._prompt.turn_input.schema)
        return RowResult(
            place,
            value,
            data,
            stored.text,
            error,
            stored.usage if is_own else Usage(),
            stored.usd if is_own else 0.0,
            stored.seconds if is_own else 0.0,
            is_reused=not is_own,
        )

    def close(self) -> None:
        """Close the store. Read the results before."""
        if self._store:
            self._store.close()


_windows: dict[str, RateWindow] = {}
"""The windows by service. All runs of this process share them."""


def choose_limits(turn_input: TurnInput) -> RateLimits:
    """Return the documented limits of a service."""
    service = turn_input.service
    return RateLimits(service.requests_per_minute, service.tokens_per_minute)


def _name_service(prompt: RowPrompt, service_endpoint: Endpoint) -> str:
    return f"{service_endpoint.host} {prompt.turn_input.model}"


def _iter_earlier_calls(
    calls: Iterable[MadeCall], alive_at: float | None, limits: RateLimits, span: float
) -> Iterator[tuple[float, int]]:
    """Yield the ages and tokens of the calls of earlier processes.

    The calls of the last moment of a process that was killed are unknown. As many as the limits allowed may have been made.
    """
    now = time.time()
    calls = tuple(calls)
    yield from ((now - call.time, call.tokens) for call in calls)
    if alive_at is None:
        return
    last_at = alive_at + LAST_SECONDS
    age = max(now - last_at, 0.0)
    # The limits allowed these calls and the unknown ones together.
    recent = [call.tokens for call in calls if call.time > last_at - span]
    unknown_requests = max(0, (limits.requests or 0) - len(recent))
    unknown_tokens = max(0, (limits.tokens or 0) - sum(recent))
    if unknown_requests or unknown_tokens:
        yield age, unknown_tokens
        yield from ((age, 0) for _ in range(unknown_requests - 1))
