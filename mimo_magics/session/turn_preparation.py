"""What happens before a turn is asked and after it is over: where it stands, what it begins with, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from uuid import uuid4

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.settings import Settings
from mimo_magics.session.continuation import GO_ON, can_go_on
from mimo_magics.session.conversation import Conversation
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spent
from mimo_magics.session.request import Prompt, Question, question
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.registry import Offered, as_tools
from mimo_magics.tools.tool import NotebookTool

Reuse = Callable[[Turn], bool]
"""Decides whether an answer that is there already is given again."""


class Preparing(Conversation):
    """The half of a session that prepares turns and settles them; it asks nobody either."""

    def __init__(self, name: str, settings: Settings, tools: tuple[NotebookTool, ...] = ()) -> None:
        super().__init__(name, settings)
        self.tools = tools
        """What each prompt offers to the model."""
        self.trusted: set[str] = set()
        """Names of the tools that the person allowed for as long as the conversation goes on."""
        self.answers: dict[str, Turn] = {}
        """Turns whose answers may be given again, by the digests of their requests."""

    def _place(self, prompt: Prompt | None, cell: str, *, append: bool, new: bool) -> History:
        """Find what this prompt follows."""
        if prompt is None:
            if not self.turns or not can_go_on(self.turns[-1]):
                raise BadOption(Words("The last answer was not broken off."), Words("Ask something."))
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
        asked, offered = self._asked(GO_ON if prompt is None else prompt, past, settings, tools)
        spent = self.spent if settings.budget else Spent()
        running = RunningTurn(asked, offered, trusted=self.trusted, cell=cell, spent=spent)
        running.continues = asked.past[-1] if prompt is None else None
        return running

    def _asked(
        self, prompt: Prompt, past: Iterable[Turn], settings: Settings, tools: Iterable[Offered] | None
    ) -> tuple[Question, tuple[NotebookTool, ...]]:
        wanted = settings.tool_choice != "none" and settings.max_steps > 0
        offered = as_tools(self.tools if tools is None else tools) if wanted else ()
        return question(prompt, past, settings, self.begun, [tool.spec for tool in offered]), offered

    def _told(self, here: History) -> Iterator[str]:
        """Say what becomes of turns that were said and are not any more."""
        while self._to_tell:
            yield self._to_tell.pop(0)
        before = replace(self.history, thread=here.thread)  # a cell may go back to another conversation
        gone = len(before.turns) - len(here.turns)
        if gone < 1 or not here.all:
            return
        with_one, with_more = (
            Words(", with the one after it,"),
            Words(", with the {count} after it,", count=gone - 1),
        )
        yield Words(
            "Asked again in place of turn {place}, which stays{after} as branch {branch}.",
            place=len(here.turns) + 1,
            after={1: "", 2: with_one}.get(gone, with_more),
            branch=before.head + 1,
        )

    def _answer_to(self, digest: str, reuse: Reuse) -> Turn | None:
        """Find an answer to the very same request, if it is to be given again."""
        said = (turn for turn in reversed(self.history.all) if turn.digest == digest and turn.whole)
        found = next(said, None) or self.answers.get(digest)
        return found if found and reuse(found) else None

    def _take(self, running: RunningTurn, here: History, *, keep: bool) -> None:
        """Make the turn a part of the conversation, if anything came of it."""
        turn = running.end()
        if not keep or not turn.kept:
            self._count_aside(turn, running.cost)
        elif running.continues:
            self._change_now(self.history.replaced(turn))
        else:
            self._change_now(here.said_again(turn) if running.kept else here.added(turn))

    def _set_aside(self, running: RunningTurn) -> Turn:
        turn = running.end()
        self._count_aside(turn, running.cost)
        return turn

    def _count_aside(self, turn: Turn, cost: float | None) -> None:
        self.aside += turn.spent
        self.aside_cost += cost or 0
