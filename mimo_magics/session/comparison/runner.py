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
from mimo_magics.core.i18n import Words
from mimo_magics.session.comparison.variants import Variant
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tape.clock import Clock

MINUTE = 60.0
"""Seconds for which nothing is begun after a service has refused a call for coming too soon, unless it says how many:
the limits of MiMo's services are told for a minute."""
ROUNDS = 3
"""Times that such a call is begun, with five attempts each."""

Begin = Callable[[Variant], RunningTurn]
"""Begins the turn of a variant."""
Settle = Callable[[RunningTurn], Turn]
"""Ends a turn, and counts what it has spent."""


class RunningComparison:
    """A comparison that is being answered.

    Iterate over the place of a variant, from 0, and an event of its turn, or `None` when that is over.
    """

    def __init__(self, variants: Sequence[Variant], begin: Begin, settle: Settle, at_once: int) -> None:
        if at_once < 1:
            raise BadOption(
                Words("{at_once} calls cannot be asked at a time.", at_once=at_once),
                Words("It is a number of calls from 1."),
            )
        self.variants = tuple(variants)
        self.running: dict[int, RunningTurn] = {}
        """By place: those that were begun."""
        self.turns: dict[int, Turn] = {}
        """By place: what came, also when it was broken off."""
        self.failures: dict[int, MimoError] = {}
        """By place: why it failed."""
        self._begin = begin
        self._settle = settle
        self._limit = asyncio.Semaphore(at_once)
        self._heard: asyncio.Queue[tuple[int, Event | None]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._clock = Clock()
        self._resume = 0.0
        """Until then nothing is begun."""

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[RunningComparison]:
        """Ask them all; leaving the block before the end breaks off those that are not over."""
        self._tasks = [asyncio.create_task(self._ask(place)) for place in range(len(self.variants))]
        try:
            yield self
        finally:
            for task in self._tasks:
                task.cancel()
            with anyio.CancelScope(shield=True):  # until their sockets are closed and what came is kept
                await asyncio.wait(self._tasks)

    def check(self) -> None:
        """See that something came.

        Raises:
            MimoError: all of them failed; this is what happened to the first.
        """
        if len(self.failures) == len(self.variants) and not any(turn.kept for turn in self.turns.values()):
            raise self.failures[0]

    async def __aiter__(self) -> AsyncIterator[tuple[int, Event | None]]:
        left = len(self.variants)
        while left:
            place, event = await self._heard.get()
            left -= event is None
            yield place, event
        for task in self._tasks:
            await task

    async def _ask(self, place: int) -> None:
        try:
            async with self._limit:
                await self._answer_in_time(place)
        except MimoError as error:
            self.failures[place] = error
        finally:
            self._heard.put_nowait((place, None))

    async def _answer_in_time(self, place: int) -> None:
        """Answer one, and begin anew when it came too soon; meanwhile none of the others begins."""
        for begun in range(1, ROUNDS + 1):
            if (left := self._resume - monotonic()) > 0:
                await self._clock.sleep(left)
            try:
                await self._answer(place)
            except RateLimited as error:
                if begun == ROUNDS or self.turns[place].kept:
                    raise
                seconds = min(error.retry_after or MINUTE, MAX_RETRY_AFTER)
                self._hear(place, Retrying(begun + 1, ROUNDS, seconds, error.message))
            else:
                break

    async def _answer(self, place: int) -> None:
        running = self.running[place] = self._begin(self.variants[place])
        self._clock = running.clock
        try:
            async with aclosing(running):
                async for event in running:
                    self._hear(place, event)
        finally:
            self.turns[place] = self._settle(running)

    def _hear(self, place: int, event: Event) -> None:
        if isinstance(event, Retrying):
            self._resume = max(self._resume, monotonic() + event.delay)
        self._heard.put_nowait((place, event))
