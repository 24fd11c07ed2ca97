"""Before a turn runs: the turns that the prompt follows, a cached reply to reuse, and notices for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Settings
from mimo_magics.session.continuation import can_continue
from mimo_magics.session.history import ROOT, History
from mimo_magics.session.request import Prompt
from mimo_magics.session.turn import Turn, creation_day

ReusePolicy = Callable[[Turn], bool]
"""Decides whether the reply of a turn with the same request is reused."""

CONTINUE_WITHOUT_HISTORY_ERROR = (
    Translatable("A reply can be continued only in its session."),
    Translatable("Remove --no-history."),
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
        return history
    if new:
        return history.move_to(ROOT)
    return history if append else history.rewind_to_cell(cell)


def find_cached_turn(
    history: History, saved_turns: Mapping[str, Turn], digest: str, reuse: ReusePolicy
) -> Turn | None:
    """Return a turn with the same request whose reply is reused; `None` where the model is called.

    Args:
        history: the newest complete turn of it comes first.
        saved_turns: other turns, by digest.
        digest: of the request.
        reuse: decides.
    """
    matching_turns = (
        turn for turn in reversed(history.all_turns) if turn.digest == digest and turn.is_complete
    )
    cached_turn = next(matching_turns, None) or saved_turns.get(digest)
    return cached_turn if cached_turn and reuse(cached_turn) else None


def reuse_by_setting(settings: Settings) -> ReusePolicy:
    """Return the policy of the setting `run_all`."""
    return lambda _: settings.run_all == "keep"


def cached_reply_notice(turn: Turn) -> str:
    """Return the notice about a reused reply."""
    return Translatable(
        "Reused the reply of {day} (request unchanged). Use --fresh to call the model again.",
        day=creation_day(turn),
    )


def replacement_notices(history: History, past: History, cell: str) -> Iterator[str]:
    """Yield a line about the turns that a prompt of this cell at this place replaces, if it replaces any."""
    if not cell or not past.all_turns:
        return
    place = len(past.path)
    for end in history.line_ends:
        path = history.path_to(end)
        if path[:place] == past.path and {history.all_turns[each].cell for each in path[place:][:1]} == {
            cell
        }:
            yield _replacement_notice(place + 1, len(path) - place - 1, end + 1)


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
