"""A conversation: the turns so far, and the way to the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.core.settings import Options, Settings
from mimo_magics.core.text import quote
from mimo_magics.session import turn_driver
from mimo_magics.session.comparison.runner import RunningComparison
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, Variant, build_variants
from mimo_magics.session.history import History
from mimo_magics.session.request import Prompt
from mimo_magics.session.session_names import MAX_NAME_CHARS
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_preparation import ReusePolicy, TurnPreparation, cached_reply_notice
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.approval import ApprovalCallback, ask_at_terminal, refuse_unattended
from mimo_magics.tools.registry import ToolLike, as_tools

if TYPE_CHECKING:  # imported by those who compare
    from mimo_magics.session.comparison.result import Comparison
    from mimo_magics.session.dry_run import DryRun


class Session(TurnPreparation):
    """A conversation with a model, kept over many prompts.

        session = Session(preset="local", system="Answer in one sentence.")
        print(session.ask("What is a list comprehension?"))
        print(session.ask("And a generator?"))

    Args:
        name: of the session.
        tools: functions that the model may call, or tools of `mimo_magics.tools.registry`.
        options: the fields of `Settings` that this session overrides; each prompt may override them for itself.
            All others come from the notebook, or are the built-in ones.
    """

    def __init__(
        self, *, name: str = "main", tools: Iterable[ToolLike] = (), **options: Unpack[Options]
    ) -> None:
        super().__init__(name, options, as_tools(tools))

    def __repr__(self) -> str:
        name = quote(" ".join(self.name[: MAX_NAME_CHARS + 1].split()), MAX_NAME_CHARS)
        return (
            f"<Session {name} of {len(self.turns)} turns, "
            f"{self.usage.input} tokens in, {self.usage.output} out>"
        )

    def ask(
        self,
        prompt: Prompt | None,
        *,
        keep: bool = True,
        tools: Iterable[ToolLike] | None = None,
        approve: ApprovalCallback = ask_at_terminal,
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
        turn_context = self.stream(prompt, keep=keep, tools=tools, cell=cell, **options)
        turn = turn_driver.drive_sync(turn_context, SilentRenderer(), approve).turn
        assert turn
        return turn.reply

    @asynccontextmanager
    async def stream(
        self,
        prompt: Prompt | None,
        *,
        keep: bool = True,
        tools: Iterable[ToolLike] | None = None,
        cell: str = "",
        append: bool = False,
        new: bool = False,
        reuse: ReusePolicy | None = None,
        notices: Sequence[str] = (),
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
        session. `reuse` decides on a reply to the very same request; its default is the setting `run_all`.
        `notices` are lines to show with the reply.
        """
        with self._lock_session():
            settings = replace(self.settings, **options)
            history = self._find_history(prompt, cell, keep=keep, append=append, new_conversation=new)
            running = self._create_running_turn(prompt, history.turns, settings, tools, cell)
            if prompt is not None:
                running.cached = self._find_cached_turn(running.digest, reuse or _reuse_by_setting(settings))
            running.notices = (*self._collect_notices(history, running.cached), *notices)
            try:
                async with aclosing(running):
                    yield running
            finally:
                self._record_turn(running, history, keep=keep)

    @asynccontextmanager
    async def stream_comparison(
        self,
        prompt: Prompt,
        variants: Sequence[Variant],
        *,
        past: Sequence[Turn] | None = None,
        tools: Iterable[ToolLike] = (),
        at_once: int = MAX_CONCURRENT_CALLS,
        **options: Unpack[Options],
    ) -> AsyncIterator[RunningComparison]:
        """Ask in several ways at a time, and get the replies while they come; none of them joins the conversation.

        Leaving the block before the end breaks off those that are not over.

        Args:
            prompt: what to say to the model.
            variants: the ways.
            past: the turns that the prompt follows; those of the conversation unless told otherwise.
            tools: what the model may call; nothing unless told otherwise.
            at_once: how many are asked at a time.
            options: the fields of `Settings` that differ for all of them.

        Raises:
            SessionBusy: a turn is being answered.
        """
        with self._lock_session():
            past_turns = self.turns if past is None else past
            settings = replace(self.settings, **options)

            def start_turn(variant: Variant) -> RunningTurn:
                return self._create_running_turn(
                    prompt, past_turns, replace(settings, **variant.options), tools, ""
                )

            async with RunningComparison(
                variants, start_turn, self._finish_unrecorded, at_once
            ).run() as running:
                yield running

    def compare(
        self,
        prompt: Prompt,
        *,
        repeat: int = 1,
        keep: bool = True,
        at_once: int = MAX_CONCURRENT_CALLS,
        **values: Any,
    ) -> Comparison:
        """Ask with all combinations of values, several at a time, and wait; none of the replies joins the conversation.

            session.compare("Name a bird.", temperature=[0, 0.7, 1.0], model=["mimo-v2-pro", "mimo-v2-flash"])

        Args:
            prompt: what to say to the model.
            repeat: how many times each combination is asked.
            keep: send the conversation so far.
            at_once: how many are asked at a time.
            values: the fields of `Settings`; a list is compared, anything else holds for all.

        Raises:
            MimoError: all of them failed; this is what happened to the first.
            BadOption: there are too many.
            KeyboardInterrupt: Ctrl-C, or the kernel's interrupt.
        """
        from mimo_magics.session.comparison.result import Comparison, build_candidates

        compared_values = {name: value for name, value in values.items() if isinstance(value, list)}
        fixed_options: Any = {name: value for name, value in values.items() if name not in compared_values}
        variants = build_variants(compared_values, repeat)
        past = self.turns if keep else ()
        comparison = self.stream_comparison(prompt, variants, past=past, at_once=at_once, **fixed_options)
        running = turn_driver.drive_sync(comparison, SilentRenderer(), refuse_unattended)
        running.raise_if_all_failed()
        return Comparison(prompt, build_candidates(running), self, past)

    def draft(
        self,
        prompt: Prompt,
        *,
        keep: bool = True,
        tools: Iterable[ToolLike] | None = None,
        cell: str = "",
        append: bool = False,
        new: bool = False,
        reuse: ReusePolicy | None = None,
        **options: Unpack[Options],
    ) -> DryRun:
        """Return what would be sent, and send nothing. No key is needed. Arguments are those of `stream`.

        Raises:
            BadOption: a setting cannot be.
            ContextWindowExceeded: the conversation does not fit.
        """
        from mimo_magics.session.dry_run import build_dry_run

        settings = replace(self.settings, **options)
        history = (
            History() if new or not keep else self.history if append else self.history.rewind_to_cell(cell)
        )
        turn_input, _ = self._prepare_turn_input(prompt, history.turns, settings, tools)
        cached = self._find_cached_turn(turn_input.digest, reuse or _reuse_by_setting(settings))
        notes = (
            [Translatable("Nothing would be sent: {kept}", kept=cached_reply_notice(cached))]
            if cached
            else []
        )
        return build_dry_run(turn_input, self.compute_spending(settings), *notes)

    def start_conversation(self) -> None:
        """Begin a new conversation; the other one stays as a branch. What tools were allowed is forgotten."""
        super().start_conversation()
        self.trusted_tools.clear()

    def clear(self) -> None:
        """Forget all turns, in all branches, and what tools were allowed; what was spent stays spent."""
        super().clear()
        self.trusted_tools.clear()

    def fork(self, name: str, at: int | None = None) -> Session:
        """Return a new session that begins with what was said here, up to a turn counted from 1.

        Raises:
            BadOption: there is no such turn.
        """
        turns = self.turns
        if at is not None and not 0 <= at <= len(turns):
            count = Translatable("The conversation has {count}.", count=len(turns))
            raise BadOption(Translatable("There is no turn {number}.", number=at), count)
        other = Session(name=name, tools=self.tools)
        other.overrides, other.default_settings = self.overrides.copy(), self.default_settings
        other.started_on = self.started_on
        other.history = reduce(History.append_turn, turns[:at], History())
        return other

    @classmethod
    def load(cls, path: str | Path, **options: Unpack[Options]) -> Session:
        """Return the session of a file. Settings, tools and what was allowed are not in it.

        Raises:
            BadSessionFile: there is none in it, or of a newer version.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        saved = SessionFile(Path(path)).read()
        session = cls(name=saved.name, **options)
        session.history, session.unrecorded_usage, session.unrecorded_cost = (
            saved.history,
            saved.unrecorded_usage,
            saved.unrecorded_cost,
        )
        return session

    @classmethod
    def from_notebook(cls, path: str | Path, name: str = "", **options: Unpack[Options]) -> Session:
        """Return the session that the outputs of a notebook tell of: the one of this name, or that asked last.

        Raises:
            BadSessionFile: there is none.
        """
        from mimo_magics.session.storage import notebook_reader

        name, history = notebook_reader.select_session(notebook_reader.read_notebook(Path(path)), name)
        session = cls(name=name, **options)
        session.history = history
        return session


def _reuse_by_setting(settings: Settings) -> ReusePolicy:
    return lambda _: settings.run_all == "keep"


def ask(
    prompt: Prompt,
    *,
    tools: Iterable[ToolLike] = (),
    approve: ApprovalCallback = ask_at_terminal,
    **options: Unpack[Options],
) -> Reply:
    """Ask one question, without a conversation. Arguments and errors are those of `Session.ask`."""
    return Session(tools=tools, **options).ask(prompt, approve=approve)
