"""One prompt asked in many ways at a time, beside the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from time import monotonic

import anyio

from mimo_magics.client.retry import MAX_RETRY_AFTER
from mimo_magics.core.errors import BadOption, MimoError, RateLimited
from mimo_magics.core.events import Event, Retrying
from mimo_magics.core.i18n import Translatable
from mimo_magics.session.comparison.variants import Variant
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tape.clock import Clock

DEFAULT_RETRY_SECONDS = 60.0
"""Seconds for which nothing is begun after a service has refused a call for coming too soon, unless it says how many:
the limits of MiMo's services are told for a minute."""
MAX_ATTEMPTS = 3
"""Times that such a call is begun, with five attempts each."""

TurnFactory = Callable[[Variant], RunningTurn]
"""Begins the turn of a variant."""
TurnFinisher = Callable[[RunningTurn], Turn]
"""Ends a turn, and counts what it has spent."""


class RunningComparison:
    """A comparison that is being answered.

    Iterate over the place of a variant, from 0, and an event of its turn, or `None` when that is over.
    """

    def __init__(
        self, variants: Sequence[Variant], start_turn: TurnFactory, finish_turn: TurnFinisher, at_once: int
    ) -> None:
        if at_once < 1:
            raise BadOption(
                Translatable("{at_once} calls cannot be asked at a time.", at_once=at_once),
                Translatable("It is a number of calls from 1."),
            )
        self.variants = tuple(variants)
        self.running_turns: dict[int, RunningTurn] = {}
        """By place: those that were begun."""
        self.turns: dict[int, Turn] = {}
        """By place: what came, also when it was broken off."""
        self.failures: dict[int, MimoError] = {}
        """By place: why it failed."""
        self._start_turn = start_turn
        self._finish_turn = finish_turn
        self._semaphore = asyncio.Semaphore(at_once)
        self._queue: asyncio.Queue[tuple[int, Event | None]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._clock = Clock()
        self._next_start = 0.0
        """Until then nothing is begun."""

    @asynccontextmanager
    async def run(self) -> AsyncIterator[RunningComparison]:
        """Ask them all; leaving the block before the end breaks off those that are not over."""
        self._tasks = [asyncio.create_task(self._run_variant(index)) for index in range(len(self.variants))]
        try:
            yield self
        finally:
            for task in self._tasks:
                task.cancel()
            with anyio.CancelScope(shield=True):  # until their sockets are closed and what came is kept
                await asyncio.wait(self._tasks)

    def raise_if_all_failed(self) -> None:
        """See that something came.

        Raises:
            MimoError: all of them failed; this is what happened to the first.
        """
        if len(self.failures) == len(self.variants) and not any(
            turn.is_in_history for turn in self.turns.values()
        ):
            raise self.failures[0]

    async def __aiter__(self) -> AsyncIterator[tuple[int, Event | None]]:
        open_count = len(self.variants)
        while open_count:
            index, event = await self._queue.get()
            open_count -= event is None
            yield index, event
        for task in self._tasks:
            await task

    async def _run_variant(self, index: int) -> None:
        try:
            async with self._semaphore:
                await self._run_with_retries(index)
        except MimoError as error:
            self.failures[index] = error
        finally:
            self._queue.put_nowait((index, None))

    async def _run_with_retries(self, index: int) -> None:
        """Answer one, and begin anew when it came too soon; meanwhile none of the others begins."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            if (wait_seconds := self._next_start - monotonic()) > 0:
                await self._clock.sleep(wait_seconds)
            try:
                await self._run_turn(index)
            except RateLimited as error:
                if attempt == MAX_ATTEMPTS or self.turns[index].is_in_history:
                    raise
                retry_seconds = min(error.retry_after or DEFAULT_RETRY_SECONDS, MAX_RETRY_AFTER)
                self._put_event(index, Retrying(attempt + 1, MAX_ATTEMPTS, retry_seconds, error.message))
            else:
                break

    async def _run_turn(self, index: int) -> None:
        running = self.running_turns[index] = self._start_turn(self.variants[index])
        self._clock = running.clock
        try:
            async with aclosing(running):
                async for event in running:
                    self._put_event(index, event)
        finally:
            self.turns[index] = self._finish_turn(running)

    def _put_event(self, index: int, event: Event) -> None:
        if isinstance(event, Retrying):
            self._next_start = max(self._next_start, monotonic() + event.delay)
        self._queue.put_nowait((index, event))
