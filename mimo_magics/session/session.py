"""A session: a list of turns with its branches, and the calls that add turns to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import date
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply, Usage
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.core.settings import Options, Settings
from mimo_magics.core.text import quote
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.session import turn_driver
from mimo_magics.session.comparison.runner import open_comparison
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, build_variants
from mimo_magics.session.defaults import SettingsProvider, get_default_settings
from mimo_magics.session.deleted_cells import DeletedCells
from mimo_magics.session.history import ROOT, Branch, History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.limits.usage_report import UsageReport, build_usage_report
from mimo_magics.session.limits.usage_rows import compute_spending
from mimo_magics.session.prompt_values import add_values
from mimo_magics.session.request import Prompt
from mimo_magics.session.session_lock import SessionLock
from mimo_magics.session.session_names import MAX_NAME_CHARS
from mimo_magics.session.storage.turn_record import build_record
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_preparation import (
    ReusePolicy,
    create_running_turn,
    dry_run_notes,
    find_cached_turn,
    find_past,
    prepare_turn_input,
    reuse_by_setting,
    take_notices,
)
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.approval import ApprovalCallback, ask_at_terminal, refuse_unattended
from mimo_magics.tools.registry import ToolLike, as_tools
from mimo_magics.tools.tool import NotebookTool

if TYPE_CHECKING:  # imported when they are used
    from mimo_magics.session.comparison.result import Comparison
    from mimo_magics.session.dry_run import DryRun
    from mimo_magics.session.storage.session_file import SavedSession, SessionFile
    from mimo_magics.session.storage.transcript import Transcript


class Session:
    """A list of turns with a model. Each prompt follows the turns before it.

        session = Session(preset="local", system="Answer in one sentence.")
        print(session.ask("What is a list comprehension?"))
        print(session.ask("And a generator?"))

    Args:
        name: name of the session.
        tools: functions that the model may call, or tools of `mimo_magics.tools.registry`.
        options: fields of `Settings` that this session overrides; a prompt may override them for itself. All others
            come from the notebook, or are the built-in ones; with a preset, except for base URL, key header and model.
    """

    def __init__(
        self, *, name: str = "main", tools: Iterable[ToolLike] = (), **options: Unpack[Options]
    ) -> None:
        # An override that is not valid is an error here, and not in the first call.
        Settings().override(options)
        self.name = name
        self.overrides = options
        """The settings that this session sets itself."""
        self.default_settings: SettingsProvider = get_default_settings
        """Returns the settings that hold where neither the session nor the prompt sets one."""
        self.tools = as_tools(tools)
        """Tools that each prompt offers to the model."""
        self.trusted_tools: dict[str, NotebookTool] = {}
        """Tools that the user approved for the session, by name."""
        self.cached_turns: dict[str, Turn] = {}
        """Turns of the notebook and its files whose replies may be reused, by the digests of their requests."""
        self.history = History()
        """All turns, in all branches."""
        self.started_on = date.today()  # noqa: DTZ011  the user's own day
        """The date in the system prompt. It stays the same, so that the server finds the prompt in its cache."""
        self.unrecorded = UnrecordedCalls()
        """Tokens and cost of calls that no turn of the history holds."""
        self.file: SessionFile | None = None
        """The file in which the session is saved after each change."""
        self.pending_notices: list[str] = []
        """Lines to show with the next reply."""
        self.lock = SessionLock()
        self.deleted_cells = DeletedCells()

    def __repr__(self) -> str:
        name = quote(" ".join(self.name[: MAX_NAME_CHARS + 1].split()), MAX_NAME_CHARS)
        usage = self.usage
        return f"<Session {name} of {len(self.turns)} turns, {usage.input} tokens in, {usage.output} out>"

    @property
    def settings(self) -> Settings:
        """The settings of a prompt that overrides none: the present defaults with the overrides of the session."""
        return self.default_settings().override(self.overrides)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that the next prompt follows, oldest first."""
        return self.history.turns

    @property
    def usage(self) -> Usage:
        """Tokens of these turns."""
        return reduce(add, (turn.reply.usage for turn in self.turns if turn.reply.usage), Usage())

    @property
    def spending(self) -> Spending:
        """Tokens and cost of all calls, in all branches and outside of them."""
        return self.compute_spending(self.settings)

    @property
    def record(self) -> dict[str, Any]:
        """The record of the last turn, for the metadata of its output."""
        *previous, turn = self.turns[-2:]
        return build_record(turn, parent_id="".join(each.id for each in previous), session=self.name)

    def ask(
        self,
        prompt: Prompt | None,
        *values: Any,
        keep: bool = True,
        tools: Iterable[ToolLike] | None = None,
        approve: ApprovalCallback = ask_at_terminal,
        cell: str = "",
        schema: Any = None,
        **options: Unpack[Options],
    ) -> Reply:
        """Send a prompt and return the whole reply. Works also while an event loop is running.

        Args:
            prompt: a text, or parts such as images with texts. `None` continues the last reply, which is truncated
                or incomplete.
            values: what is sent after the prompt: frames, figures, other objects, or parts.
            keep: send the turns before the prompt, and add this turn to the session.
            tools: tools that the model may call in this turn, instead of those of the session.
            approve: decides on each tool call that needs an approval. By default a question at the terminal; where
                there is no terminal, these calls are refused.
            cell: name of the sender. A second prompt with the same name replaces the turn of the first one; the
                replaced turn and those after it stay as a branch.
            schema: a type or a JSON Schema that the reply must fit: it is a `StructuredReply` with `value` and `errors`.
            options: fields of `Settings` to override for this turn.

        Raises:
            MimoError: the call failed; `.reply` is the partial reply.
            SessionBusy: another turn is running.
            KeyboardInterrupt: Ctrl-C, or an interrupt of the kernel; the partial reply is saved to the session.
        """
        turn = self.stream(prompt, *values, keep=keep, tools=tools, cell=cell, schema=schema, **options)
        return turn_driver.drive_sync(turn, SilentRenderer(), approve).finished_reply

    @asynccontextmanager
    async def stream(
        self,
        prompt: Prompt | None,
        *values: Any,
        keep: bool = True,
        tools: Iterable[ToolLike] | None = None,
        cell: str = "",
        append: bool = False,
        new: bool = False,
        reuse: ReusePolicy | None = None,
        notices: Sequence[str] = (),
        schema: Any = None,
        **options: Unpack[Options],
    ) -> AsyncIterator[RunningTurn]:
        """Send a prompt and yield the running turn.

            async with session.stream("Tell me a story") as running:
                async for event in running:
                    print(event)

        Leaving the block early closes the connection; the partial reply is saved, marked `interrupted`. A failed call leaves
        the session unchanged. Arguments and errors are those of `ask`, but an approval is a `ToolProgress` event with a
        `PendingApproval`. `append` adds a turn also where the cell has one. `new` opens a branch from the root. `reuse`
        decides on cached replies; by default `run_all` does. `notices` are lines to show with the reply.
        """
        with self.lock.hold():
            settings = self.settings.override(options)
            prompt = add_values(prompt, values, settings)
            past = find_past(self.history, prompt, cell, keep=keep, append=append, new=new)
            reuse = reuse or reuse_by_setting(settings)
            running = create_running_turn(
                self, prompt, past.turns, settings, tools, cell=cell, new=new, reuse=reuse, schema=schema
            )
            running.opening_notices = (*take_notices(self, past, cell, running), *notices)
            try:
                async with aclosing(running):
                    yield running
            finally:
                self._record_turn(running, past, keep=keep)

    def compare(
        self,
        prompt: Prompt,
        *values: Any,
        repeat: int = 1,
        keep: bool = True,
        at_once: int = MAX_CONCURRENT_CALLS,
        schema: Any = None,
        **options: Any,
    ) -> Comparison:
        """Send a prompt with all combinations of options, and return all replies. It adds no turn to the session.

            session.compare("Name a bird.", temperature=[0, 0.7, 1.0], model=["mimo-v2-pro", "mimo-v2-flash"])

        Args:
            prompt: a text, or parts such as images with texts.
            repeat: number of replies for each combination.
            keep: send the turns before the prompt.
            at_once: number of calls that run at a time.
            values: what is sent after the prompt, as in `ask`.
            schema: what the replies must fit, as in `ask`.
            options: fields of `Settings`. The values of a list are compared; any other value holds for all replies.

        Raises:
            MimoError: all calls failed; this is the error of the first one.
            BadOption: there are too many combinations.
            KeyboardInterrupt: Ctrl-C, or an interrupt of the kernel.
        """
        from mimo_magics.session.comparison.result import Comparison, build_candidates

        compared_values = {name: value for name, value in options.items() if isinstance(value, list)}
        fixed_options: Any = {name: value for name, value in options.items() if name not in compared_values}
        prompt = add_values(prompt, values, self.settings.override(fixed_options))
        past = self.turns if keep else ()
        fixed_options.update(past=past, at_once=at_once, schema=schema)
        comparison = open_comparison(self, prompt, build_variants(compared_values, repeat), **fixed_options)
        running = turn_driver.drive_sync(comparison, SilentRenderer(), refuse_unattended)
        running.raise_if_all_failed()
        return Comparison(prompt, build_candidates(running), self, past)

    def draft(
        self,
        prompt: Prompt,
        *values: Any,
        keep: bool = True,
        tools: Iterable[ToolLike] | None = None,
        cell: str = "",
        append: bool = False,
        new: bool = False,
        reuse: ReusePolicy | None = None,
        schema: Any = None,
        **options: Unpack[Options],
    ) -> DryRun:
        """Return the request of a prompt without sending it. No API key is needed. Arguments are those of `stream`.

        Raises:
            BadOption: a setting is not valid.
            ContextWindowExceeded: the request does not fit into the context window.
        """
        from mimo_magics.session.dry_run import build_dry_run

        settings = self.settings.override(options)
        sent_prompt = add_values(prompt, values, settings)
        past = find_past(self.history, prompt, cell, keep=keep, append=append, new=new)
        turn_input, _ = prepare_turn_input(self, sent_prompt, past.turns, settings, tools, schema=schema)
        cached = find_cached_turn(self, turn_input.digest, reuse or reuse_by_setting(settings))
        return build_dry_run(turn_input, self.compute_spending(settings), *dry_run_notes(cached))

    def undo(self, count: int = 1) -> tuple[Turn, ...]:
        """Go back before the last turns, and return them; they stay as a branch.

        Raises:
            BadOption: there is no turn to undo.
        """
        turns = self.turns
        if not turns or count < 1:
            hint = Translatable("%mimo_session show lists the turns.")
            raise BadOption(Translatable("There is no turn to undo."), hint)
        self.update_history(self.history.drop_last(count))
        return turns[len(self.turns) :]

    def branches(self) -> tuple[Branch, ...]:
        """Return the branches of the session."""
        return self.history.branches

    def switch(self, branch: int) -> None:
        """Go to another branch by its number, or to any turn by its number among all turns.

        Raises:
            BadOption: there is no such branch.
        """
        if not 1 <= branch <= len(self.history.all_turns):
            numbers = ", ".join(str(each.number) for each in self.branches())
            raise BadOption(
                Translatable("There is no branch {branch}.", branch=branch),
                Translatable("Available: {names}.", names=numbers or Translatable("none yet")),
            )
        self.update_history(self.history.move_to(branch - 1))

    def start_branch(self) -> None:
        """Open a branch from the root: the next prompt follows no turn. Approvals for the session are cleared."""
        with self.lock.hold():
            self.trusted_tools.clear()
            self._commit_history(self.history.move_to(ROOT))

    def clear(self) -> None:
        """Delete all turns in all branches, and all approvals for the session. Usage and costs stay counted."""
        usage = reduce(add, (turn.usage for turn in self.history.unique_turns()), Usage())
        cost = compute_spending(self.history, self.settings.prices).usd
        with self.lock.hold():
            self.count_unrecorded(usage, cost)
            self.pending_notices.clear()
            self.deleted_cells.clear()
            self.trusted_tools.clear()
            self.started_on = date.today()  # noqa: DTZ011
            # This is last, because it fails if the file cannot be written.
            self._commit_history(History())

    def fork(self, name: str, at: int | None = None) -> Session:
        """Return a new session with the turns of this one, up to a turn counted from 1.

        Raises:
            BadOption: there is no such turn.
        """
        turns = self.turns
        if at is not None and not 0 <= at <= len(turns):
            count = Translatable("Number of turns: {count}.", count=len(turns))
            raise BadOption(Translatable("There is no turn {number}.", number=at), count)
        other = Session(name=name, tools=self.tools, **self.overrides)
        other.default_settings, other.started_on = self.default_settings, self.started_on
        other.history = reduce(History.append_turn, turns[:at], History())
        return other

    def adopt(self, turn: Turn, past: Sequence[Turn], *, replace_last: bool = False) -> None:
        """Add a turn that was no part of the session, such as one of a comparison.

        It replaces the turn of the same cell, as a re-run does.

        Args:
            turn: the turn to add.
            past: the turns that it follows.
            replace_last: replace the last turn, of whichever cell.

        Raises:
            BadOption: the session has other turns at this place.
        """
        history = self.history.drop_last(1) if replace_last else self.history.rewind_to_cell(turn.cell)
        if [each.id for each in history.turns] != [each.id for each in past]:
            raise BadOption(
                Translatable("The session has changed since this reply."),
                Translatable("Run the comparison again, or go back with %mimo_session undo."),
            )
        # Its usage is counted already, with the calls that no turn holds.
        self.update_history(history.append_turn(replace(turn, usage=Usage())))

    def resume(self, older: Session) -> None:
        """Take the turns of an older session, and continue where it stood."""
        self.update_history(self.merge_history(older).move_to(older.history.head))

    def show(self) -> Transcript:
        """Return the transcript, which displays itself."""
        from mimo_magics.session.storage.transcript import build_transcript

        return build_transcript(self.history, self.name)

    def usage_report(self) -> UsageReport:
        """Return tokens and costs of all calls by turn, as a report that displays itself.

        Raises:
            BadOption: a price in the setting `prices` is not valid.
        """
        return build_usage_report(self.history, self.settings.prices, self.unrecorded)

    def save(self, path: str | Path) -> None:
        """Write all turns, in all branches, to a file. Turns that the file holds stay in it, as branches.

        Raises:
            BadSessionFile: the file holds something else; it stays unchanged.
            SessionNotSaved: the file cannot be written.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        if self.file and os.path.realpath(self.file.path) == os.path.realpath(absolute_path(Path(path))):
            self.file.write(self.saved_session)
            return
        file, history = SessionFile(Path(path)), self.history
        # `Path.exists` raises an error for a name that is too long.
        if os.path.exists(path):  # noqa: PTH110
            history = history.merge_older(file.read().history)
        file.write(replace(self.saved_session, history=history))

    def export(self, path: str | Path, file_format: str) -> None:
        """Write the turns as `md`, `html` or `py`, the last request as `curl`, or the session file as `json`.

        Raises:
            BadOption: there is no such format.
            SessionNotSaved: the file cannot be written.
        """
        from mimo_magics.session.storage.export import write_export

        if file_format == "json":
            self.save(path)
        else:
            write_export(Path(path), self.history, self.name, file_format, self.settings)

    @classmethod
    def load(cls, path: str | Path, **options: Unpack[Options]) -> Session:
        """Return the session of a file. A file holds no settings, tools or approvals.

        Raises:
            BadSessionFile: the file holds no session, or one of a newer version.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        saved = SessionFile(Path(path)).read()
        session = cls(name=saved.name, **options)
        session.history, session.unrecorded = saved.history, saved.unrecorded
        return session

    @classmethod
    def from_notebook(cls, path: str | Path, name: str = "", **options: Unpack[Options]) -> Session:
        """Return a session from the outputs of a saved notebook: the one of this name, or the last one used.

        Raises:
            BadSessionFile: the notebook holds no such session.
        """
        from mimo_magics.session.storage import notebook_reader

        name, history = notebook_reader.select_session(notebook_reader.read_notebook(Path(path)), name)
        session = cls(name=name, **options)
        session.history = history
        return session

    @property
    def saved_session(self) -> SavedSession:
        """The content of the session file."""
        from mimo_magics.session.storage.session_file import SavedSession

        return SavedSession(self.name, self.started_on, self.history, self.unrecorded)

    def merge_history(self, older: Session | SavedSession) -> History:
        """Return the history with the turns of an older one as branches, and count what those calls cost."""
        if not self.history.contains(older.history):
            self.unrecorded += older.unrecorded
        return self.history.merge_older(older.history)

    def update_history(self, history: History) -> None:
        """Replace the history, and save it.

        Raises:
            SessionBusy: a turn is running.
            SessionNotSaved: the file cannot be written.
        """
        with self.lock.hold():
            self._commit_history(history)

    def _commit_history(self, history: History) -> None:
        self.history = history
        if self.file:
            self.file.write(self.saved_session)

    def _record_turn(self, running: RunningTurn, past: History, *, keep: bool) -> None:
        """Add a turn that is over to the history, unless it is a one-off prompt or has no reply."""
        turn = running.finish()
        if not keep or not turn.is_in_history:
            self.count_unrecorded(turn.usage, running.cost)
        elif running.continued_turn:
            self._commit_history(self.history.replace_last(turn))
        else:
            self._commit_history(past.append_or_restore(turn) if running.cached else past.append_turn(turn))

    def count_unrecorded(self, usage: Usage, cost: float | None, run: str = "", model: str = "") -> None:
        """Count a call that no turn of the history holds, or all calls of a run over rows, with its label."""
        with self.lock.counting:
            self.unrecorded = self.unrecorded.add(usage, cost, run, model)

    def compute_spending(self, settings: Settings) -> Spending:
        """Return tokens and cost of all calls, at the prices of these settings."""
        return compute_spending(self.history, settings.prices, self.unrecorded)


def ask(
    prompt: Prompt,
    *values: Any,
    tools: Iterable[ToolLike] = (),
    approve: ApprovalCallback = ask_at_terminal,
    schema: Any = None,
    **options: Unpack[Options],
) -> Reply:
    """Send one prompt without a session. Arguments and errors are those of `Session.ask`."""
    return Session(tools=tools, **options).ask(prompt, *values, approve=approve, schema=schema)
