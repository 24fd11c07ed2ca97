"""A running comparison: one prompt with several settings, sent concurrently and outside the session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import anyio

from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.events import ReplyEnded, ReplyEvent
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Options
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, Variant
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_preparation import create_running_turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.registry import ToolLike

if TYPE_CHECKING:  # sessions use this module
    from mimo_magics.session.session import Session

TurnFactory = Callable[[Variant], RunningTurn]
"""Creates the turn of a variant."""
TurnFinisher = Callable[[RunningTurn], Turn]
"""Finishes a turn and counts its usage."""


class RunningComparison:
    """A running comparison.

    Iterate over its events. The last one of each variant is a `ReplyEnded`.
    """

    def __init__(
        self,
        variants: Sequence[Variant],
        start_turn: TurnFactory,
        finish_turn: TurnFinisher,
        at_once: int,
        notices: Sequence[str] = (),
    ) -> None:
        if at_once < 1:
            raise BadOption(
                Translatable(
                    "The number of concurrent calls must be at least 1, not {at_once}.", at_once=at_once
                )
            )
        self.variants = tuple(variants)
        self.running_turns: dict[int, RunningTurn] = {}
        """The turns that have started, by the number of the variant."""
        self.turns: dict[int, Turn] = {}
        """The finished turns, whole or partial, by the number of the variant."""
        self.failures: dict[int, MimoError] = {}
        """The errors, by the number of the variant."""
        self._start_turn = start_turn
        self._finish_turn = finish_turn
        self._semaphore = asyncio.Semaphore(at_once)
        self._notices = tuple(notices)
        self._queue: asyncio.Queue[ReplyEvent] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def meters(self) -> Mapping[int, RunningTurn]:
        """The meters of the replies that have started, for a renderer."""
        return self.running_turns

    @asynccontextmanager
    async def run(self) -> AsyncIterator[RunningComparison]:
        """Send the prompt with each variant. Leaving the block early cancels the calls that still run."""
        self._tasks = [asyncio.create_task(self._run_variant(index)) for index in range(len(self.variants))]
        try:
            yield self
        finally:
            for task in self._tasks:
                task.cancel()
            # Wait until the sockets are closed and the partial replies are saved.
            with anyio.CancelScope(shield=True):
                await asyncio.wait(self._tasks)

    def raise_if_all_failed(self) -> None:
        """Check that there is a reply.

        Raises:
            MimoError: all calls failed. It is the error of the first.
        """
        if len(self.failures) == len(self.variants) and not any(
            turn.is_in_history for turn in self.turns.values()
        ):
            raise self.failures[0]

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        open_count = len(self.variants)
        while open_count:
            item = await self._queue.get()
            open_count -= isinstance(item.event, ReplyEnded)
            yield item
        for task in self._tasks:
            await task

    async def _run_variant(self, index: int) -> None:
        failure = ""
        try:
            async with self._semaphore:
                await self._run_turn(index)
        except MimoError as error:
            self.failures[index] = error
            failure = error.message
        finally:
            self._queue.put_nowait(ReplyEvent(index, ReplyEnded(failure)))

    async def _run_turn(self, index: int) -> None:
        running = self.running_turns[index] = self._start_turn(self.variants[index])
        running.opening_notices = self._notices if index == 0 else ()
        try:
            async with aclosing(running):
                async for event in running:
                    self._queue.put_nowait(ReplyEvent(index, event))
        finally:
            self.turns[index] = self._finish_turn(running)


def _finish_turn(session: Session, running: RunningTurn) -> Turn:
    """Finish a turn, and count it as a call that no turn of the history holds."""
    turn = running.finish()
    session.count_unrecorded(turn.usage, running.cost)
    return turn


@asynccontextmanager
async def open_comparison(
    session: Session,
    prompt: Prompt,
    variants: Sequence[Variant],
    *,
    past: Sequence[Turn] | None = None,
    tools: Iterable[ToolLike] = (),
    at_once: int = MAX_CONCURRENT_CALLS,
    notices: Sequence[str] = (),
    schema: Any = None,
    **options: Unpack[Options],
) -> AsyncIterator[RunningComparison]:
    """Send a prompt with several settings at a time, and yield the running comparison. The session gets no turn.

    Args:
        session: a session, which is busy meanwhile.
        prompt: a text, or parts such as images with texts.
        variants: the settings to compare.
        past: turns that the prompt follows; by default those of the session.
        tools: tools that the model may call; by default none.
        at_once: number of calls that run at a time.
        notices: lines to show with the first reply.
        schema: what the replies must fit, as in `Session.ask`.
        options: fields of `Settings` to override for all replies.

    Raises:
        SessionBusy: a turn is running.
    """

    def start_turn(variant: Variant) -> RunningTurn:
        own = settings.override({**options, **variant.options})
        turns = session.turns if past is None else past
        return create_running_turn(session, prompt, turns, own, tools, schema=schema)

    with session.lock.hold():
        settings = session.settings.override(options)
        finish_turn = partial(_finish_turn, session)
        async with RunningComparison(variants, start_turn, finish_turn, at_once, notices).run() as running:
            yield running
