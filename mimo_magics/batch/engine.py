"""The engine: workers that take rows from one iterator, and one writer that saves their results.

Memory does not grow with the input: a row is read when a worker is free, and a result goes to the store. What stays is the
key of each row.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from mimo_magics.batch.call_gate import GateClosed
from mimo_magics.batch.progress import ProgressCounter
from mimo_magics.batch.row_budget import RowBudget
from mimo_magics.batch.row_caller import RowCaller, RowOutcome
from mimo_magics.batch.row_prompt import RowPrompt, RowRequest
from mimo_magics.batch.store import RowStore, StoredRow
from mimo_magics.core.errors import (
    BadOption,
    ConnectionFailed,
    Forbidden,
    InsufficientBalance,
    InvalidApiKey,
    MimoError,
    RateLimited,
    ServerBusy,
    TapeMismatch,
    UnknownModel,
)
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

COMMIT_ROWS, COMMIT_SECONDS = 64, 1.0
"""A commit follows after so many results, or so many seconds."""
YIELD_ROWS = 50
"""Rows without a call after which other tasks get a turn."""
MAX_FAILURES: Final = 20
"""Rows in a row that failed because the service did. After that the run stops, as the service is down."""
FATAL_ERRORS = (InvalidApiKey, InsufficientBalance, Forbidden, UnknownModel, TapeMismatch)
"""Errors that every further call would meet."""
SERVICE_ERRORS = (ConnectionFailed, ServerBusy)
MAX_QUOTED_CHARS = 200
KEY_BYTES = 16

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Result:
    """A result that waits for its commit to be counted."""

    outcome: RowOutcome
    equal_rows: int
    """Rows that equal this one and waited for it."""


class RowEngine:
    """Runs a prompt over rows.

    Args:
        run_id: the name of this run in the store.
        prompt: builds the request of a row.
        caller: makes its calls.
        store: takes its result.
        service: the name under which the store keeps the calls for the rate limits.
        counter: counts the rows.
        budget: allows each call, or ends the run.
    """

    def __init__(
        self,
        *,
        run_id: str,
        prompt: RowPrompt,
        caller: RowCaller,
        store: RowStore,
        service: str,
        counter: ProgressCounter,
        budget: RowBudget,
    ) -> None:
        self._run_id, self._prompt, self._caller = run_id, prompt, caller
        self._store, self._service, self._counter = store, service, counter
        self._budget = budget
        self.keys = array("B")
        """The keys of the rows in their order, `KEY_BYTES` each; zeros for a row that has none."""
        self.unsent: dict[int, str] = {}
        """Why a row could not be sent, by its place."""
        self.stopped: MimoError | None = None
        """Why the run ended before the last row; `None` if it did not."""
        self._rows: Iterator[Row] = iter(())
        self._place = 0
        self._waiting: dict[str, int] = {}
        """The rows that equal a row whose call runs, by key."""
        self._uncounted: list[_Result] = []
        self._added = self._failures = 0
        self._is_full = asyncio.Event()

    async def run(self, rows: Iterable[Row], at_once: int) -> None:
        """Run all rows. If it is cancelled, the calls are, and what arrived is saved.

        Args:
            rows: the rows, which are read one by one.
            at_once: the number of workers.

        Raises:
            BadRowStore: results cannot be saved; nothing was sent.
        """
        self._rows = iter(rows)
        self._store.begin_run(self._service)
        writer = asyncio.create_task(self._commit_regularly())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(self._work())
        finally:
            writer.cancel()
            # This blocks for one commit, so that a second cancellation cannot prevent it.
            self._store.end_run(self._service)
            self._count_results(len(self._uncounted))

    async def _work(self) -> None:
        while not self.stopped and (row := self._read_row()) is not None:
            place, self._place = self._place, self._place + 1
            if not (request := self._prepare(place, row)):
                if place % YIELD_ROWS == 0:
                    await asyncio.sleep(0)
                continue
            self._waiting[request.key] = 0
            try:
                outcome = await self._caller.call(request)
            except GateClosed:
                return
            finally:
                equal_rows = self._waiting.pop(request.key)
            self._budget.settle(request, outcome.usage, outcome.usd)
            self._take(place, request.key, outcome, equal_rows)

    def _read_row(self) -> Row | None:
        """Return the next row, or `None` after the last one."""
        try:
            return next(self._rows, None)
        except MimoError as error:
            self.stopped = error
        except Exception as error:  # noqa: BLE001  an iterator of the user can raise any error
            reason = quote(f"{type(error).__name__}: {error}", MAX_QUOTED_CHARS)
            self.stopped = BadOption(Translatable("The rows cannot be read: {reason}.", reason=reason), "")
        return None

    def _prepare(self, place: int, row: Row) -> RowRequest | None:
        """Return the request of a row; `None` if it needs no call, or none is allowed."""
        try:
            request = self._prompt.build(row)
        except MimoError as error:
            self.unsent[place] = error.message
            self.keys.extend(bytes(KEY_BYTES))
            self._counter.count_unsent()
            return None
        self.keys.extend(bytes.fromhex(request.key))
        if request.key in self._waiting:
            self._waiting[request.key] += 1
            return None
        try:
            return request if self._needs_call(request) else None
        except MimoError as error:
            self.stopped = self.stopped or error
            return None

    def _needs_call(self, request: RowRequest) -> bool:
        """Return whether there is no result yet, and reserve the cost of the call.

        Raises:
            BadRowStore: the store cannot be read.
            BudgetExceeded: a budget does not allow the call.
        """
        stored = self._store.find(request.key)
        # An error of an earlier run is tried again.
        if stored and (not stored.error or stored.run == self._run_id):
            self._counter.count_reused(is_failed=bool(stored.error))
            return False
        self._budget.reserve(request)
        return True

    def _take(self, place: int, key: str, outcome: RowOutcome, equal_rows: int) -> None:
        """Take the result of a row to the store, or stop the run if all further calls would fail."""
        failure = outcome.failure
        is_refused = isinstance(failure, RateLimited) and self._caller.is_closed
        if failure and (is_refused or isinstance(failure, FATAL_ERRORS)):
            self._stop(failure)
            return
        self._failures = self._failures + 1 if isinstance(failure, SERVICE_ERRORS) else 0
        if failure and self._failures >= MAX_FAILURES:
            self._stop(failure)
        self._store.add(
            key,
            StoredRow(
                self._run_id,
                place,
                outcome.text,
                outcome.data,
                outcome.error,
                outcome.usage,
                outcome.usd,
                outcome.seconds,
            ),
        )
        self._uncounted.append(_Result(outcome, equal_rows))
        self._added += 1
        if self._added % COMMIT_ROWS == 0:
            self._is_full.set()

    def _stop(self, failure: MimoError) -> None:
        """End the run, as further calls would fail. Calls that have started go on; those that wait are not made."""
        self.stopped = self.stopped or failure
        self._caller.close()

    async def _commit_regularly(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._is_full.wait()
            self._is_full.clear()
            added = len(self._uncounted)
            await self._store.commit_async(self._service)
            self._count_results(added)

    def _count_results(self, added: int) -> None:
        """Count the results that are saved. A row is saved before it counts."""
        results, self._uncounted = self._uncounted[:added], self._uncounted[added:]
        for result in results:
            outcome = result.outcome
            is_failed = bool(outcome.error)
            self._counter.count_called(outcome.usage, outcome.usd, text=outcome.text, is_failed=is_failed)
            for _ in range(result.equal_rows):
                self._counter.count_reused(is_failed=is_failed)
