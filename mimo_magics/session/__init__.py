"""A conversation: the turns so far, and the way to the next one."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import date
from functools import reduce
from operator import add
from typing import Unpack

from mimo_magics import facade
from mimo_magics.approval import Approve, at_terminal
from mimo_magics.errors import SessionBusy
from mimo_magics.messages import Reply, Usage
from mimo_magics.session.loop import RunningTurn
from mimo_magics.session.turns import Turn, history
from mimo_magics.settings import Options, Settings
from mimo_magics.tools import Offered, as_tools


class Session:
    """A conversation with a model, kept over many prompts.

        session = Session(preset="local", system="Answer in one sentence.")
        print(session.ask("What is a list comprehension?"))
        print(session.ask("And a generator?"))

    Args:
        tools: functions that the model may call, or tools of `mimo_magics.tools`.
        options: the fields of `Settings`; each prompt may change them for itself.
    """

    def __init__(self, *, tools: Iterable[Offered] = (), **options: Unpack[Options]) -> None:
        self.settings = Settings(**options)
        self.tools = as_tools(tools)
        """What each prompt offers to the model."""
        self.trusted: set[str] = set()
        """Names of the tools that the person allowed for all of the conversation."""
        self.turns: tuple[Turn, ...] = ()
        """What was asked and answered, oldest first."""
        self.begun = date.today()  # noqa: DTZ011  the person's own day
        """The day that the system prompt tells, for all of the conversation."""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Session of {len(self.turns)} turns, {self.usage.input} tokens in, {self.usage.output} out>"

    @property
    def usage(self) -> Usage:
        """Tokens of all turns."""
        return reduce(add, (turn.reply.usage for turn in self.turns if turn.reply.usage), Usage())

    def clear(self) -> None:
        """Forget the turns."""
        self.turns = ()
        self.begun = date.today()  # noqa: DTZ011

    def ask(
        self,
        prompt: str,
        *,
        keep: bool = True,
        tools: Iterable[Offered] | None = None,
        approve: Approve = at_terminal,
        **options: Unpack[Options],
    ) -> Reply:
        """Ask and wait for the whole answer, also where an event loop is running.

        Args:
            prompt: what to say to the model.
            keep: send the conversation so far and add this turn to it.
            tools: what the model may call in this turn, instead of the session's own.
            approve: decides on each call that wants it. Unless told otherwise, a person at a terminal is asked; where
                there is none, such calls are refused.
            options: the fields of `Settings` that differ for this turn.

        Raises:
            MimoError: the call failed; `.reply` is what had come.
            SessionBusy: another turn is being answered.
            KeyboardInterrupt: Ctrl-C, or the kernel's interrupt; what had come is kept.
        """
        return facade.run(self.stream(prompt, keep=keep, tools=tools, **options), approve).reply

    @asynccontextmanager
    async def stream(
        self,
        prompt: str,
        *,
        keep: bool = True,
        tools: Iterable[Offered] | None = None,
        **options: Unpack[Options],
    ) -> AsyncIterator[RunningTurn]:
        """Ask, and get the turn while it is answered.

            async with session.stream("Tell me a story") as running:
                async for event in running:
                    print(event)

        Leaving the block before the end breaks the answer off; what had come is kept, marked `interrupted`.
        A failed call leaves the conversation as it was. Arguments and errors are those of `ask`, but nobody is
        asked for approval: when a `ToolProgress` says that a call is waiting, `running.approve` says whether it may.
        """
        with self._exclusively():
            past = tuple(history(self.turns)) if keep else ()
            offered = self.tools if tools is None else as_tools(tools)
            settings = replace(self.settings, **options)
            running = RunningTurn(prompt, past, settings, self.begun, tools=offered, trusted=self.trusted)
            try:
                async with aclosing(running):
                    yield running
            finally:
                turn = running.end()
                if keep and turn.kept:
                    self.turns += (turn,)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise SessionBusy("The session is being asked already.")
        try:
            yield
        finally:
            self._lock.release()


def ask(
    prompt: str,
    *,
    tools: Iterable[Offered] = (),
    approve: Approve = at_terminal,
    **options: Unpack[Options],
) -> Reply:
    """Ask one question, without a conversation. Arguments and errors are those of `Session.ask`."""
    return Session(tools=tools, **options).ask(prompt, approve=approve)
