"""A conversation: the turns so far, and the way to the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Unpack
from uuid import uuid4

from mimo_magics import facade
from mimo_magics.approval import Approve, at_terminal
from mimo_magics.errors import BadOption
from mimo_magics.messages import Reply
from mimo_magics.session.budget import Spent
from mimo_magics.session.continuing import GO_ON, can_go_on
from mimo_magics.session.conversation import Conversation
from mimo_magics.session.history import History
from mimo_magics.session.loop import RunningTurn
from mimo_magics.session.request import Prompt, question
from mimo_magics.session.turns import Turn, day
from mimo_magics.settings import Options, Settings
from mimo_magics.tools import Offered, as_tools

Reuse = Callable[[Turn], bool]
"""Decides whether an answer that is there already is given again."""


class Session(Conversation):
    """A conversation with a model, kept over many prompts.

        session = Session(preset="local", system="Answer in one sentence.")
        print(session.ask("What is a list comprehension?"))
        print(session.ask("And a generator?"))

    Args:
        name: of the session.
        tools: functions that the model may call, or tools of `mimo_magics.tools`.
        options: the fields of `Settings`; each prompt may change them for itself.
    """

    def __init__(
        self, *, name: str = "main", tools: Iterable[Offered] = (), **options: Unpack[Options]
    ) -> None:
        super().__init__(name, Settings(**options))
        self.tools = as_tools(tools)
        """What each prompt offers to the model."""
        self.trusted: set[str] = set()
        """Names of the tools that the person allowed for as long as the conversation goes on."""
        self.answers: dict[str, Turn] = {}
        """Turns whose answers may be given again, by the digests of their requests."""

    def __repr__(self) -> str:
        return (
            f"<Session {self.name} of {len(self.turns)} turns, "
            f"{self.usage.input} tokens in, {self.usage.output} out>"
        )

    def ask(
        self,
        prompt: Prompt | None,
        *,
        keep: bool = True,
        tools: Iterable[Offered] | None = None,
        approve: Approve = at_terminal,
        cell: str = "",
        **options: Unpack[Options],
    ) -> Reply:
        """Ask and wait for the whole answer, also where an event loop is running.

        Args:
            prompt: what to say to the model: words, or parts such as pictures with words. `None` goes on with the
                last answer, which was broken off.
            keep: send the conversation so far and add this turn to it.
            tools: what the model may call in this turn, instead of the session's own.
            approve: decides on each call that wants it. Unless told otherwise, a person at a terminal is asked; where
                there is none, such calls are refused.
            cell: a name of who asks: asked again under this name, the turn takes the place of the older one, and what
                was said after it is kept as a branch.
            options: the fields of `Settings` that differ for this turn.

        Raises:
            MimoError: the call failed; `.reply` is what had come.
            SessionBusy: another turn is being answered.
            KeyboardInterrupt: Ctrl-C, or the kernel's interrupt; what had come is kept.
        """
        opening = self.stream(prompt, keep=keep, tools=tools, cell=cell, **options)
        return facade.run(opening, approve).reply

    @asynccontextmanager
    async def stream(
        self,
        prompt: Prompt | None,
        *,
        keep: bool = True,
        tools: Iterable[Offered] | None = None,
        cell: str = "",
        append: bool = False,
        new: bool = False,
        reuse: Reuse | None = None,
        remarks: Sequence[str] = (),
        **options: Unpack[Options],
    ) -> AsyncIterator[RunningTurn]:
        """Ask, and get the turn while it is answered.

            async with session.stream("Tell me a story") as running:
                async for event in running:
                    print(event)

        Leaving the block before the end breaks the answer off; what had come is kept, marked `interrupted`.
        A failed call leaves the conversation as it was. Arguments and errors are those of `ask`, but nobody is
        asked for approval: when a `ToolProgress` says that a call is waiting, `running.approve` says whether it may.
        With `append` a turn is added also when this cell asked before, with `new` a new conversation begins in this
        session. `reuse` decides on an answer that is there for the very same request; unless it is told, the setting
        `run_all` does. `remarks` are lines to tell with the answer.
        """
        with self._exclusively():
            if prompt is None and not keep:
                raise BadOption("An answer goes on in its conversation only.", "Leave --no-history out.")
            settings = replace(self.settings, **options)
            here = self._place(prompt, cell, append=append, new=new) if keep else History()
            running = self._running(prompt, here.turns, settings, tools, cell)
            if prompt is not None:
                running.kept = self._answer_to(running.digest, reuse or _by_setting(settings))
            running.told = (*([_kept(running.kept)] if running.kept else self._told(here)), *remarks)
            try:
                async with aclosing(running):
                    yield running
            finally:
                self._take(running, here, keep=keep)

    def begin(self) -> None:
        """Begin a new conversation; the other one stays as a branch. What tools were allowed is forgotten."""
        super().begin()
        self.trusted.clear()

    def fork(self, name: str, at: int | None = None) -> Session:
        """Return a new session that begins with what was said here, up to a turn counted from 1.

        Raises:
            BadOption: there is no such turn.
        """
        turns = self.turns
        if at is not None and not 0 <= at <= len(turns):
            raise BadOption(f"There is no turn {at}.", f"The conversation has {len(turns)}.")
        other = Session(name=name, tools=self.tools)
        other.settings, other.begun, other.system = self.settings, self.begun, self.system
        other.history = reduce(History.added, turns[:at], History())
        return other

    @classmethod
    def load(cls, path: str | Path, **options: Unpack[Options]) -> Session:
        """Return the session of a file. Settings, tools and what was allowed are not in it.

        Raises:
            BadSessionFile: there is none in it, or of a newer version.
        """
        from mimo_magics.session.store import SessionFile

        saved = SessionFile(Path(path)).read()
        session = cls(name=saved.name, **options)
        session.history, session.aside, session.aside_cost = saved.history, saved.aside, saved.aside_cost
        return session

    @classmethod
    def from_notebook(cls, path: str | Path, name: str = "", **options: Unpack[Options]) -> Session:
        """Return the session that the outputs of a notebook tell of: the one of this name, or that asked last.

        Raises:
            BadSessionFile: there is none.
        """
        from mimo_magics.session import notebook

        name, history = notebook.one(notebook.read(Path(path)), name)
        session = cls(name=name, **options)
        session.history = history
        return session

    def _place(self, prompt: Prompt | None, cell: str, *, append: bool, new: bool) -> History:
        """Find what this prompt follows."""
        if prompt is None:
            if not self.turns or not can_go_on(self.turns[-1]):
                raise BadOption("The last answer was not broken off.", "Ask something.")
            return self.history
        if new:
            self.trusted.clear()
            return self.history.anew(cell or uuid4().hex[:12])
        return self.history if append else self.history.before(cell)

    def _running(
        self,
        prompt: Prompt | None,
        past: Iterable[Turn],
        settings: Settings,
        tools: Iterable[Offered] | None,
        cell: str,
    ) -> RunningTurn:
        wanted = settings.tool_choice != "none" and settings.max_steps > 0
        offered = as_tools(self.tools if tools is None else tools) if wanted else ()
        specs = [tool.spec for tool in offered]
        asked = question(GO_ON if prompt is None else prompt, past, settings, self.begun, specs)
        spent = self.spent if settings.budget else Spent()
        running = RunningTurn(asked, offered, trusted=self.trusted, cell=cell, spent=spent)
        running.continues = asked.past[-1] if prompt is None else None
        return running

    def _told(self, here: History) -> Iterator[str]:
        """Say what becomes of turns that were said and are not any more."""
        while self._to_tell:
            yield self._to_tell.pop(0)
        before = replace(self.history, thread=here.thread)  # a cell may go back to another conversation
        gone = len(before.turns) - len(here.turns)
        if gone < 1 or not here.all:
            return
        after = {1: "", 2: ", with the one after it,"}.get(gone, f", with the {gone - 1} after it,")
        place, branch = len(here.turns) + 1, before.head + 1
        yield f"Asked again in place of turn {place}, which stays{after} as branch {branch}."

    def _answer_to(self, digest: str, reuse: Reuse) -> Turn | None:
        """Find an answer to the very same request, if it is to be given again."""
        said = (turn for turn in reversed(self.history.all) if turn.digest == digest and turn.whole)
        found = next(said, None) or self.answers.get(digest)
        return found if found and reuse(found) else None

    def _take(self, running: RunningTurn, here: History, *, keep: bool) -> None:
        """Make the turn a part of the conversation, if anything came of it."""
        turn = running.end()
        if not keep or not turn.kept:
            self.aside += turn.spent
            self.aside_cost += running.cost or 0
        elif running.continues:
            self._change_now(self.history.replaced(turn))
        else:
            self._change_now(here.said_again(turn) if running.kept else here.added(turn))


def _kept(turn: Turn) -> str:
    return f"Kept from {day(turn)}, as nothing has changed since. --fresh asks anew."


def _by_setting(settings: Settings) -> Reuse:
    return lambda _: settings.run_all == "keep"


def ask(
    prompt: Prompt,
    *,
    tools: Iterable[Offered] = (),
    approve: Approve = at_terminal,
    **options: Unpack[Options],
) -> Reply:
    """Ask one question, without a conversation. Arguments and errors are those of `Session.ask`."""
    return Session(tools=tools, **options).ask(prompt, approve=approve)
