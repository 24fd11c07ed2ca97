"""Before a turn runs: the turns that the prompt follows, a cached reply to reuse, and notices for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Message
from mimo_magics.core.settings import Settings
from mimo_magics.core.text import quote
from mimo_magics.session.continuation import CONTINUE_PROMPT, can_continue
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.request import Prompt, TurnInput, build_turn_input
from mimo_magics.session.turn import Turn, creation_day
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.registry import ToolLike, as_tools
from mimo_magics.tools.tool import NotebookTool

if TYPE_CHECKING:  # sessions use this module
    from mimo_magics.session.session import Session

MAX_NAMED_TURNS = 3
MAX_QUOTED_CHARS = 30
"""Characters of a prompt in the list of stale replies."""
ReusePolicy = Callable[[Turn], bool]
"""Decides whether the reply of a turn with the same request is reused."""

CONTINUE_WITHOUT_HISTORY_ERROR = (
    Translatable("A reply can be continued only in its session."),
    Translatable("Remove --no-history."),
)
CONTINUE_WITH_SCHEMA_ERROR = (
    Translatable("A reply with a schema cannot be continued."),
    Translatable("Send the prompt again with a higher max_tokens."),
)


def find_past(
    history: History, prompt: Prompt | None, cell: str, *, keep: bool, append: bool, new: bool
) -> History:
    """Return the history at the place where a prompt goes.

    Raises:
        BadOption: there is no reply to continue.
    """
    if not keep:
        if prompt is None:
            raise BadOption(*CONTINUE_WITHOUT_HISTORY_ERROR)
        return History()
    if prompt is None:
        if not history.turns or not can_continue(history.turns[-1]):
            raise BadOption(
                Translatable("The last reply is complete; there is nothing to continue."),
                Translatable("Send a prompt instead."),
            )
        if history.turns[-1].reply.result:
            raise BadOption(*CONTINUE_WITH_SCHEMA_ERROR)
        return history
    if new:
        return history.move_to(ROOT)
    return history if append else history.rewind_to_cell(cell)


def find_cached_turn(session: Session, digest: str, reuse: ReusePolicy) -> Turn | None:
    """Return the newest complete turn with the same request, if its reply is reused."""
    matching_turns = (
        turn for turn in reversed(session.history.all_turns) if turn.digest == digest and turn.is_complete
    )
    cached_turn = next(matching_turns, None) or session.cached_turns.get(digest)
    return cached_turn if cached_turn and reuse(cached_turn) else None


def reuse_by_setting(settings: Settings) -> ReusePolicy:
    """Return the policy of the setting `run_all`."""
    return lambda _: settings.run_all == "keep"


def create_running_turn(
    session: Session,
    prompt: Prompt | None,
    past: Iterable[Turn],
    settings: Settings,
    tools: Iterable[ToolLike] | None,
    *,
    schema: Any = None,
    cell: str = "",
    new: bool = False,
    reuse: ReusePolicy | None = None,
) -> RunningTurn:
    """Return the turn of a prompt, which runs when it is iterated over. Arguments are those of `Session.stream`."""
    if prompt is None and schema is not None:
        raise BadOption(*CONTINUE_WITH_SCHEMA_ERROR)
    if new:
        session.trusted_tools.clear()
    sent_prompt = CONTINUE_PROMPT if prompt is None else prompt
    turn_input, offered_tools = prepare_turn_input(session, sent_prompt, past, settings, tools, schema=schema)
    running = RunningTurn(
        turn_input,
        offered_tools,
        trusted_tools=session.trusted_tools,
        cell=cell,
        opens_branch=new,
        session_spending=session.compute_spending(settings) if settings.budget else Spending(),
    )
    if prompt is None:
        running.continued_turn = turn_input.past[-1]
    elif reuse:
        running.cached = find_cached_turn(session, running.digest, reuse)
    return running


def prepare_turn_input(
    session: Session,
    prompt: Prompt,
    past: Iterable[Turn],
    settings: Settings,
    tools: Iterable[ToolLike] | None,
    *,
    schema: Any = None,
) -> tuple[TurnInput, tuple[NotebookTool, ...]]:
    """Return the input of a turn and the tools that it offers."""
    tools_enabled = settings.tool_choice != "none" and settings.max_steps > 0
    offered_tools = as_tools(session.tools if tools is None else tools) if tools_enabled else ()
    specs = [tool.spec for tool in offered_tools]
    turn_input = build_turn_input(prompt, past, settings, session.started_on, specs)
    if schema is not None:
        from mimo_magics.session.structured.result_request import add_schema

        turn_input = add_schema(turn_input, schema)
    return turn_input, offered_tools


def take_notices(session: Session, past: History, cell: str, running: RunningTurn) -> Iterator[str]:
    """Yield the notices before a reply, and remove those that were pending."""
    if running.cached:
        yield cached_reply_notice(running.cached)
        return
    while session.pending_notices:
        yield session.pending_notices.pop(0)
    yield from replacement_notices(session.history, past, cell, running.prompt)


def cached_reply_notice(turn: Turn) -> str:
    """Return the notice about a reused reply."""
    return Translatable(
        "Reused the reply of {day} (request unchanged). Use --fresh to call the model again.",
        day=creation_day(turn),
    )


def dry_run_notes(cached_turn: Turn | None) -> tuple[str, ...]:
    """Return the notes of a dry run about a cached reply that would be reused."""
    if not cached_turn:
        return ()
    notice = cached_reply_notice(cached_turn)
    return (Translatable("No request would be sent. {notice}", notice=notice),)


def replacement_notices(history: History, past: History, cell: str, prompt: Message) -> Iterator[str]:
    """Yield lines about the turns that a prompt of this cell at this place replaces, if it replaces any.

    The later turns are named only after an edit: «Run All» repeats the prompts, and runs their cells anyway.
    """
    if not cell or not past.all_turns:
        return
    place = len(past.path)
    for end in history.line_ends:
        path = history.path_to(end)
        if path[:place] == past.path and {history.all_turns[each].cell for each in path[place:][:1]} == {
            cell
        }:
            yield _replacement_notice(place + 1, len(path) - place - 1, end + 1)
            replaced, *later = (history.all_turns[each] for each in path[place:])
            if later and replaced.prompt != prompt:
                yield _stale_notice(place + 2, later)


def _stale_notice(first: int, turns: Sequence[Turn]) -> str:
    """Return the line about the later turns of a branch, whose replies follow the replaced turn."""
    shown = [
        f"{number} «{quote(' '.join(turn.prompt.text.split()), MAX_QUOTED_CHARS)}»"
        for number, turn in enumerate(turns[:MAX_NAMED_TURNS], first)
    ]
    more = ["…"] if len(turns) > MAX_NAMED_TURNS else []
    return Translatable(
        "To update the later replies, run their cells again: {turns}.", turns=", ".join(shown + more)
    )


def _replacement_notice(place: int, later_count: int, branch: int) -> str:
    match later_count:
        case 0:
            version = Translatable("The previous version")
        case 1:
            version = Translatable("The previous version, with 1 later turn,")
        case _:
            version = Translatable("The previous version, with {count} later turns,", count=later_count)
    return Translatable(
        "Replaced turn {place}. {version} is branch {branch}.", place=place, version=version, branch=branch
    )
