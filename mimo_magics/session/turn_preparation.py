"""What happens before a turn is asked and after it is over: where it stands, what it begins with, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from uuid import uuid4

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Options, Settings
from mimo_magics.session.continuation import CONTINUE_PROMPT, can_continue
from mimo_magics.session.conversation import Conversation
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.request import Prompt, TurnInput, build_turn_input
from mimo_magics.session.turn import Turn, creation_day
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.registry import ToolLike, as_tools
from mimo_magics.tools.tool import NotebookTool

ReusePolicy = Callable[[Turn], bool]
"""Decides whether an answer that is there already is given again."""

CONTINUE_WITHOUT_HISTORY_ERROR = (
    Translatable("An answer goes on in its conversation only."),
    Translatable("Leave --no-history out."),
)


class TurnPreparation(Conversation):
    """The half of a session that prepares turns and settles them; it asks nobody either."""

    def __init__(self, name: str, overrides: Options, tools: tuple[NotebookTool, ...] = ()) -> None:
        super().__init__(name, overrides)
        self.tools = tools
        """What each prompt offers to the model."""
        self.trusted_tools: dict[str, NotebookTool] = {}
        """Names of the tools that the person allowed for as long as the conversation goes on."""
        self.cached_turns: dict[str, Turn] = {}
        """Turns whose answers may be given again, by the digests of their requests."""

    def _find_history(
        self, prompt: Prompt | None, cell: str, *, keep: bool, append: bool, new_conversation: bool
    ) -> History:
        """Find what this prompt follows."""
        if not keep:
            if prompt is None:
                raise BadOption(*CONTINUE_WITHOUT_HISTORY_ERROR)
            return History()
        if prompt is None:
            if not self.turns or not can_continue(self.turns[-1]):
                raise BadOption(
                    Translatable("The last answer was not broken off."), Translatable("Ask something.")
                )
            return self.history
        if new_conversation:
            self.trusted_tools.clear()
            return self.history.start_conversation(cell or uuid4().hex[:12])
        return self.history if append else self.history.rewind_to_cell(cell)

    def _create_running_turn(
        self,
        prompt: Prompt | None,
        past: Iterable[Turn],
        settings: Settings,
        tools: Iterable[ToolLike] | None,
        cell: str,
    ) -> RunningTurn:
        turn_input, offered_tools = self._prepare_turn_input(
            CONTINUE_PROMPT if prompt is None else prompt, past, settings, tools
        )
        session_spending = self.compute_spending(settings) if settings.budget else Spending()
        running = RunningTurn(
            turn_input,
            offered_tools,
            trusted_tools=self.trusted_tools,
            cell=cell,
            session_spending=session_spending,
        )
        running.continued_turn = turn_input.past[-1] if prompt is None else None
        return running

    def _prepare_turn_input(
        self, prompt: Prompt, past: Iterable[Turn], settings: Settings, tools: Iterable[ToolLike] | None
    ) -> tuple[TurnInput, tuple[NotebookTool, ...]]:
        tools_enabled = settings.tool_choice != "none" and settings.max_steps > 0
        offered_tools = as_tools(self.tools if tools is None else tools) if tools_enabled else ()
        return build_turn_input(
            prompt, past, settings, self.started_on, [tool.spec for tool in offered_tools]
        ), offered_tools

    def _collect_notices(self, history: History, cached_turn: Turn | None) -> Iterator[str]:
        """Say that a reply is a cached one, or what becomes of turns that leave the conversation."""
        if cached_turn:
            yield cached_reply_notice(cached_turn)
            return
        while self._pending_notices:
            yield self._pending_notices.pop(0)
        current = replace(self.history, thread=history.thread)  # a cell may go back to another conversation
        replaced_count = len(current.turns) - len(history.turns)
        if replaced_count < 1 or not history.all_turns:
            return
        one_more, several_more = (
            Translatable(", with the one after it,"),
            Translatable(", with the {count} after it,", count=replaced_count - 1),
        )
        yield Translatable(
            "Asked again in place of turn {place}, which stays{after} as branch {branch}.",
            place=len(history.turns) + 1,
            after={1: "", 2: one_more}.get(replaced_count, several_more),
            branch=current.head + 1,
        )

    def _find_cached_turn(self, digest: str, reuse: ReusePolicy) -> Turn | None:
        """Find an answer to the very same request, if it is to be given again."""
        matching_turns = (
            turn for turn in reversed(self.history.all_turns) if turn.digest == digest and turn.is_complete
        )
        cached_turn = next(matching_turns, None) or self.cached_turns.get(digest)
        return cached_turn if cached_turn and reuse(cached_turn) else None

    def _record_turn(self, running: RunningTurn, history: History, *, keep: bool) -> None:
        """Make the turn a part of the conversation, if anything came of it."""
        turn = running.finish()
        if not keep or not turn.is_in_history:
            self._count_unrecorded(turn, running.cost)
        elif running.continued_turn:
            self._commit_history(self.history.replace_last(turn))
        else:
            self._commit_history(
                history.append_or_restore(turn) if running.cached else history.append_turn(turn)
            )

    def _finish_unrecorded(self, running: RunningTurn) -> Turn:
        turn = running.finish()
        self._count_unrecorded(turn, running.cost)
        return turn

    def _count_unrecorded(self, turn: Turn, cost: float | None) -> None:
        self.unrecorded_usage += turn.usage
        self.unrecorded_cost += cost or 0


def cached_reply_notice(turn: Turn) -> str:
    """Return the line that says from when a reused reply is."""
    return Translatable(
        "Kept from {day}, as nothing has changed since. --fresh asks anew.", day=creation_day(turn)
    )
