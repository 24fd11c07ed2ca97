"""What was said in a session, and what can be done with it: taken back, branched, shown, saved."""

from __future__ import annotations

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

from mimo_magics.core.errors import BadOption, NotSaved, SessionBusy
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Usage
from mimo_magics.core.settings import Settings
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spent
from mimo_magics.session.limits.usage_report import spent
from mimo_magics.session.storage.turn_record import record
from mimo_magics.session.turn import Turn

if TYPE_CHECKING:  # imported by those who use files and transcripts
    from mimo_magics.session.storage.session_file import Saved, SessionFile
    from mimo_magics.session.storage.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Branch:
    """A way that the conversation took."""

    number: int
    """What `switch` wants: the number of its last turn among all, from 1."""
    turns: tuple[Turn, ...]
    is_current: bool


class Conversation:
    """The half of a session that asks nobody anything."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.system: str | None = None
        """The system prompt of this session alone, if it has one."""
        self.history = History()
        """Everything that was said, in all branches."""
        self.begun = date.today()  # noqa: DTZ011  the person's own day
        """The day that the system prompt tells, for all of the conversation."""
        self.aside, self.aside_cost = Usage(), 0.0
        """What was spent on prompts that the history does not hold, in tokens and in US dollars."""
        self.file: SessionFile | None = None
        """Where it is saved after each change."""
        self.watchers: list[Callable[[], None]] = []
        """Called when it becomes busy, and when it is no longer; in whichever thread that happens."""
        self._lock = threading.Lock()
        self._to_tell: list[str] = []
        """Lines for the next answer."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was asked and answered, oldest first, as the next prompt follows it."""
        return self.history.turns

    @property
    def record(self) -> dict[str, Any]:
        """What a saved output carries of the last turn, as the history holds it: with its conversation."""
        *before, turn = self.turns[-2:]
        return record(turn, after="".join(each.id for each in before), session=self.name)

    @property
    def busy(self) -> bool:
        """Whether a turn is being answered."""
        return self._lock.locked()

    @property
    def usage(self) -> Usage:
        """Tokens of these turns."""
        return reduce(add, (turn.reply.usage for turn in self.turns if turn.reply.usage), Usage())

    @property
    def spent(self) -> Spent:
        """What all that was asked has spent, in all branches and beside them."""
        return spent(self.history, self.settings.prices, self.aside, self.aside_cost)

    def undo(self, count: int = 1) -> tuple[Turn, ...]:
        """Take the last turns out of the conversation, and return them; they stay as a branch.

        Raises:
            BadOption: there is nothing to take out.
        """
        turns = self.turns
        if not turns or count < 1:
            raise BadOption(
                Words("There is no turn to undo."), Words("%mimo_session show tells what was said.")
            )
        self._change(self.history.back(count))
        return turns[len(self.turns) :]

    def branches(self) -> tuple[Branch, ...]:
        """Return the ways that the conversation took."""
        history = self.history
        return tuple(
            Branch(
                number + 1,
                tuple(history.all[each] for each in history.line_to(number)),
                number == history.head,
            )
            for number in history.branches
        )

    def switch(self, branch: int) -> None:
        """Go on with another branch, by its number, or after any turn, by its number among all.

        Raises:
            BadOption: there is none.
        """
        if not 1 <= branch <= len(self.history.all):
            numbers = ", ".join(str(each.number) for each in self.branches())
            raise BadOption(
                Words("There is no branch {branch}.", branch=branch),
                Words("There are: {names}.", names=numbers or Words("none yet")),
            )
        self._change(self.history.switched(branch - 1))

    def begin(self) -> None:
        """Begin a new conversation; the other one stays as a branch."""
        self._change(self.history.anew(uuid4().hex[:12]))

    def clear(self) -> None:
        """Forget all that was said, in all branches, but not what it has spent."""
        spoken = tuple(self.history.spoken())
        paid = spent(self.history, self.settings.prices)
        self._change(History())
        self.aside = reduce(add, (turn.spent for turn in spoken), self.aside)
        self.aside_cost += paid.usd or 0
        self._to_tell.clear()
        self.begun = date.today()  # noqa: DTZ011

    def forget(self, cells: Collection[str]) -> None:
        """Take the turns of cells that were deleted out of the conversation; what it was stays as a branch."""
        before = self.history
        after = before.without(cells)
        if after != before:
            self._change(after)
        if missing := len(before.turns) - len(after.turns):
            what = Words(
                "The turn of a deleted cell" if missing == 1 else "The {missing} turns of deleted cells",
                missing=missing,
            )
            self._to_tell.append(
                Words(
                    "{what} left the conversation, which is kept as branch {branch}.",
                    what=what,
                    branch=before.head + 1,
                )
            )

    def adopt(self, turn: Turn, past: Sequence[Turn], *, again: bool = False) -> None:
        """Make a turn that was answered beside the conversation its next one.

        One of the same cell that is there already is replaced, as if the cell had been run again.

        Args:
            turn: to be added.
            past: what was said before it.
            again: it takes the place of the last turn, whoever asked that.

        Raises:
            BadOption: it does not follow what was said.
        """
        here = self.history.back(1) if again else self.history.before(turn.cell)
        if [each.id for each in here.turns] != [each.id for each in past]:
            raise BadOption(
                Words("The conversation is not the one that this reply follows."),
                Words("Ask again, or go back by %mimo_session undo."),
            )
        # what it cost is counted beside the conversation
        self._change(here.added(replace(turn, spent=Usage())))

    def resume(self, older: Conversation) -> None:
        """Go on where an older conversation stood."""
        both = self._including(older)
        self._change(replace(both, thread=older.history.thread, heads=older.history.heads))

    def keep_in(self, path: Path) -> None:
        """Save it in this file from now on. What the file holds already stays in it, as branches.

        Raises:
            BadSessionFile: the file holds something else.
            NotSaved: it could not be written.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        file = SessionFile(path)
        if path.exists():
            self.history = self._including(file.read())
        self.file = file

    def show(self) -> Transcript:
        """Return the conversation as a value that prints itself."""
        from mimo_magics.session.storage.transcript import transcript

        return transcript(self.history, self.name)

    def save(self, path: str | Path) -> None:
        """Write all of it, every branch, to a file. What the file holds already stays in it, as branches.

        Raises:
            BadSessionFile: the file holds something else; it is left as it is.
            NotSaved: it could not be written.
        """
        from mimo_magics.session.storage.session_file import SessionFile

        if self.file and self.file.path == Path(path).absolute():
            self.file.write(self.saved)
            return
        file, history = SessionFile(Path(path)), self.history
        if Path(path).exists():
            history = history.including(file.read().history)
        file.write(replace(self.saved, history=history))

    @property
    def saved(self) -> Saved:
        """What its file holds."""
        from mimo_magics.session.storage.session_file import Saved

        return Saved(self.name, self.begun, self.history, self.aside, self.aside_cost)

    def export(self, path: str | Path, to: str) -> None:
        """Write the conversation as `md`, `html`, `py`, or, its last request, as `curl`; `json` is the session's file.

        Raises:
            BadOption: there is no such form.
            NotSaved: it could not be written.
        """
        from mimo_magics.session.storage.export import export

        if to == "json":
            self.save(path)
            return
        text = export(self.history, self.name, to, self.settings)
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise NotSaved(
                Words(
                    "{path} could not be written: {reason}.", path=path, reason=error.strerror or str(error)
                )
            ) from None

    def _including(self, older: Conversation | Saved) -> History:
        """Return the history with what was said before, and count what that has spent."""
        if not self.history.has(older.history):
            self.aside += older.aside
            self.aside_cost += older.aside_cost
        return self.history.including(older.history)

    def _change(self, history: History) -> None:
        with self._exclusively():
            self._change_now(history)

    def _change_now(self, history: History) -> None:
        self.history = history
        if self.file:
            self.file.write(self.saved)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise SessionBusy(Words("The session is being asked already."))
        try:
            self._tell_watchers()
            yield
        finally:
            self._lock.release()
            self._tell_watchers()

    def _tell_watchers(self) -> None:
        for watcher in self.watchers:
            watcher()
