"""What was said in a session, and what can be done with it: taken back, branched, shown, saved."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mimo_magics.core.errors import BadOption, SessionBusy, SessionNotSaved
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.core.settings import Options, Settings
from mimo_magics.core.text import quote
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.session.defaults import SettingsProvider, get_default_settings
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.usage_report import compute_spending
from mimo_magics.session.storage.turn_record import build_record
from mimo_magics.session.turn import MAX_COST, Turn

if TYPE_CHECKING:  # imported by those who use files and transcripts
    from mimo_magics.session.storage.session_file import SavedSession, SessionFile
    from mimo_magics.session.storage.transcript import Transcript


MAX_FILE_NAME_CHARS = 200
"""Characters of a file's name that notices tell."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A way that the conversation took."""

    number: int
    """What `switch` wants: the number of its last turn among all, from 1."""
    turns: tuple[Turn, ...]
    is_current: bool


class Conversation:
    """The half of a session that asks nobody anything."""

    def __init__(self, name: str, overrides: Options) -> None:
        self.name = name
        self.overrides = overrides
        """The settings that this session sets itself. All others are looked up for each call."""
        self.default_settings: SettingsProvider = get_default_settings
        """Returns the settings that hold where the session and the call set none."""
        Settings(**overrides)  # an override that is not valid is an error here, not in the first call
        self.history = History()
        """Everything that was said, in all branches."""
        self.started_on = date.today()  # noqa: DTZ011  the person's own day
        """The day that the system prompt tells, for all of the conversation."""
        self.unrecorded_usage, self.unrecorded_cost = Usage(), 0.0
        """What was spent on prompts that the history does not hold, in tokens and in US dollars."""
        self.file: SessionFile | None = None
        """Where it is saved after each change."""
        self.listeners: list[Callable[[], None]] = []
        """Called when it becomes busy, and when it is no longer; in whichever thread that happens."""
        self._lock = threading.Lock()
        self._removed_paths: dict[str, list[tuple[Turn, ...]]] = {}
        """By deleted cell, what each conversation said that held a turn of it, before it was deleted."""
        self._pending_notices: list[str] = []
        """Lines for the next answer."""

    @property
    def settings(self) -> Settings:
        """The settings of a call that sets none: the present defaults with the overrides of this session."""
        return replace(self.default_settings(), **self.overrides)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered, oldest first, as the next prompt follows it."""
        return self.history.turns

    @property
    def record(self) -> dict[str, Any]:
        """What a saved output carries of the last turn, as the history holds it: with its conversation."""
        *previous, turn = self.turns[-2:]
        return build_record(turn, parent_id="".join(each.id for each in previous), session=self.name)

    @property
    def is_busy(self) -> bool:
        """Whether a turn is being answered."""
        return self._lock.locked()

    @property
    def usage(self) -> Usage:
        """Tokens of these turns."""
        return reduce(add, (turn.reply.usage for turn in self.turns if turn.reply.usage), Usage())

    @property
    def spending(self) -> Spending:
        """What all that was asked has spent, in all branches and beside them."""
        return self.compute_spending(self.settings)

    def compute_spending(self, settings: Settings) -> Spending:
        """Return the same at the prices of other settings."""
        return compute_spending(self.history, settings.prices, self.unrecorded_usage, self.unrecorded_cost)

    def undo(self, count: int = 1) -> tuple[Turn, ...]:
        """Take the last turns out of the conversation, and return them; they stay as a branch.

        Raises:
            BadOption: there is nothing to take out.
        """
        turns = self.turns
        if not turns or count < 1:
            raise BadOption(
                Translatable("There is no turn to undo."),
                Translatable("%mimo_session show tells what was said."),
            )
        self._update_history(self.history.drop_last(count))
        return turns[len(self.turns) :]

    def branches(self) -> tuple[Branch, ...]:
        """Return the ways that the conversation took."""
        history = self.history
        return tuple(
            Branch(
                number + 1,
                tuple(history.all_turns[each] for each in history.path_to(number)),
                number == history.head,
            )
            for number in history.branch_heads
        )

    def switch(self, branch: int) -> None:
        """Go on with another branch, by its number, or after any turn, by its number among all.

        Raises:
            BadOption: there is none.
        """
        if not 1 <= branch <= len(self.history.all_turns):
            numbers = ", ".join(str(each.number) for each in self.branches())
            raise BadOption(
                Translatable("There is no branch {branch}.", branch=branch),
                Translatable("There are: {names}.", names=numbers or Translatable("none yet")),
            )
        self._update_history(self.history.switch_to(branch - 1))

    def start_conversation(self) -> None:
        """Begin a new conversation; the other one stays as a branch."""
        self._update_history(self.history.start_conversation(uuid4().hex[:12]))

    def clear(self) -> None:
        """Forget all that was said, in all branches, but not what it has spent."""
        turns = tuple(self.history.unique_turns())
        spending = compute_spending(self.history, self.settings.prices)
        self._update_history(History())
        self.unrecorded_usage = reduce(add, (turn.usage for turn in turns), self.unrecorded_usage)
        self.unrecorded_cost += spending.usd or 0
        self._pending_notices.clear()
        self._removed_paths.clear()
        self.started_on = date.today()  # noqa: DTZ011

    def remove_cells(self, cells: Collection[str]) -> None:
        """Take the turns of cells that were deleted out of the conversation; what it was stays as a branch."""
        history = self.history
        remaining = history.remove_cells(cells)
        if remaining != history:
            self._update_history(remaining)
            self._remember_removed(history, cells)
        if removed_count := len(history.turns) - len(remaining.turns):
            what = Translatable(
                "The turn of a deleted cell"
                if removed_count == 1
                else "The {missing} turns of deleted cells",
                missing=removed_count,
            )
            self._pending_notices.append(
                Translatable(
                    "{what} left the conversation, which is kept as branch {branch}.",
                    what=what,
                    branch=history.head + 1,
                )
            )

    def restore_cell(self, cell: str) -> None:
        """Take the turns of a cell back into the conversation if they left it as those of a deleted one.

        A front end tells of a cell that was cut, and not that it was pasted, nor that a deletion was undone.
        """
        paths = self._removed_paths.get(cell, ())
        if paths:
            self._update_history(
                reduce(lambda history, path: history.restore_cell(cell, path), paths, self.history)
            )
            del self._removed_paths[cell]

    def _remember_removed(self, history: History, cells: Collection[str]) -> None:
        for head in history.heads.values():
            path = tuple(history.all_turns[number] for number in history.path_to(head))
            for cell in {turn.cell for turn in path} & set(cells) - {""}:
                self._removed_paths.setdefault(cell, []).append(path)

    def adopt(self, turn: Turn, past: Sequence[Turn], *, replace_last: bool = False) -> None:
        """Make a turn that was answered beside the conversation its next one.

        One of the same cell that is there already is replaced, as if the cell had been run again.

        Args:
            turn: to be added.
            past: what was said before it.
            replace_last: it takes the place of the last turn, whoever asked that.

        Raises:
            BadOption: it does not follow what was said.
        """
        history = self.history.drop_last(1) if replace_last else self.history.rewind_to_cell(turn.cell)
        if [each.id for each in history.turns] != [each.id for each in past]:
            raise BadOption(
                Translatable("The conversation is not the one that this reply follows."),
                Translatable("Ask again, or go back by %mimo_session undo."),
            )
        # what it cost is counted beside the conversation
        self._update_history(history.append_turn(replace(turn, usage=Usage())))

    def resume(self, older: Conversation) -> None:
        """Go on where an older conversation stood."""
        merged = self._merge_history(older)
        self._update_history(replace(merged, thread=older.history.thread, heads=older.history.heads))

    def attach_file(self, path: Path) -> None:
        """Save it in this file from now on. What the file holds already stays in it, as branches.

        Raises:
            BadSessionFile: the file holds something else.
            SessionNotSaved: it could not be written.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        file = SessionFile(path)
        if os.path.exists(path):  # noqa: PTH110  a name that is too long is that of no file, and no error
            self.history = self._merge_history(file.read())
        self.file = file

    def move_file(self, path: Path, *, keeps_old: bool) -> None:
        """Save it in another file from now on, and say so with the next answer.

        What the other file holds already stays in it, as branches.

        Args:
            path: of the other file.
            keeps_old: whether the file where it was saved stays; one that somebody else changed stays in any case.

        Raises:
            BadSessionFile: the other file holds something else; nothing changes.
            SessionNotSaved: it could not be written; nothing changes.
        """
        old_file, history = self.file, self.history
        assert old_file is not None
        try:
            self.attach_file(path)
            self._update_history(self.history)
        except BaseException:
            self.file, self.history = old_file, history
            raise
        is_moved = not keeps_old and old_file.remove()
        self._pending_notices.append(
            Translatable(
                "The session file {old} was moved to {new}."
                if is_moved
                else "The session is saved in {new} from now on; {old} stays as it is.",
                old=quote(old_file.path.name, MAX_FILE_NAME_CHARS),
                new=quote(path.name, MAX_FILE_NAME_CHARS),
            )
        )

    def show(self) -> Transcript:
        """Return the conversation as a value that prints itself."""
        from mimo_magics.session.storage.transcript import build_transcript

        return build_transcript(self.history, self.name)

    def save(self, path: str | Path) -> None:
        """Write all of it, every branch, to a file. What the file holds already stays in it, as branches.

        Raises:
            BadSessionFile: the file holds something else; it is left as it is.
            SessionNotSaved: it could not be written.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        if self.file and self.file.path == absolute_path(Path(path)):
            self.file.write(self.saved_session)
            return
        file, history = SessionFile(Path(path)), self.history
        if os.path.exists(path):  # noqa: PTH110
            history = history.merge_older(file.read().history)
        file.write(replace(self.saved_session, history=history))

    @property
    def saved_session(self) -> SavedSession:
        """What its file holds."""
        from mimo_magics.session.storage.session_file import SavedSession

        return SavedSession(
            self.name, self.started_on, self.history, self.unrecorded_usage, self.unrecorded_cost
        )

    def export(self, path: str | Path, file_format: str) -> None:
        """Write the conversation as `md`, `html`, `py`, or, its last request, as `curl`; `json` is the session's file.

        Raises:
            BadOption: there is no such form.
            SessionNotSaved: it could not be written.
        """
        from mimo_magics.session.storage.export import export_history

        if file_format == "json":
            self.save(path)
            return
        text = export_history(self.history, self.name, file_format, self.settings)
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise SessionNotSaved(
                Translatable(
                    "{path} could not be written: {reason}.", path=path, reason=error.strerror or str(error)
                )
            ) from None

    def _merge_history(self, older: Conversation | SavedSession) -> History:
        """Return the history with what was said before, and count what that has spent."""
        if not self.history.contains(older.history):
            self.unrecorded_usage += older.unrecorded_usage
            self.unrecorded_cost = min(self.unrecorded_cost + older.unrecorded_cost, MAX_COST)
        return self.history.merge_older(older.history)

    def _update_history(self, history: History) -> None:
        with self._lock_session():
            self._commit_history(history)

    def _commit_history(self, history: History) -> None:
        self.history = history
        if self.file:
            self.file.write(self.saved_session)

    @contextmanager
    def _lock_session(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise SessionBusy(Translatable("The session is being asked already."))
        try:
            self._notify_listeners()
            yield
        finally:
            self._lock.release()
            self._notify_listeners()

    def _notify_listeners(self) -> None:
        for watcher in self.listeners:
            watcher()
