"""One prompt asked in many ways at a time, beside the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

import anyio

from mimo_magics.errors import BadOption, MimoError
from mimo_magics.events import Event
from mimo_magics.grid import Variant
from mimo_magics.language import Words
from mimo_magics.session.loop import RunningTurn
from mimo_magics.session.turns import Turn

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
                await self._answer(place)
        except MimoError as error:
            self.failures[place] = error
        finally:
            self._heard.put_nowait((place, None))

    async def _answer(self, place: int) -> None:
        running = self.running[place] = self._begin(self.variants[place])
        try:
            async with aclosing(running):
                async for event in running:
                    self._heard.put_nowait((place, event))
        finally:
            self.turns[place] = self._settle(running)
