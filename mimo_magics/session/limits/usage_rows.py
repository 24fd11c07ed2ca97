"""The usage of a session by turn: tokens and costs, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import choose_priced_model
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.limits.unrecorded_calls import UnrecordedCalls
from mimo_magics.session.turn import Turn


@dataclass(frozen=True, slots=True)
class UsageRow:
    """The usage of one turn, or of all calls that no turn holds."""

    turn: int | None
    """Number on the current branch, as in `%mimo_session show`; `None` for other turns."""
    branch: int | None
    """Number among all turns, for `Session.switch`; `None` for calls that no turn holds."""
    prompt: str
    model: str
    usage: Usage
    cost: float | None
    """Estimated cost in US dollars; `None` if the price is unknown."""
    is_cost_partial: bool = False
    """Whether the cost lacks calls without a known price."""
    uses_own_price: bool = False
    """Whether the price is one of the setting `prices`."""
    is_cached: bool = False
    """Whether the reply was cached."""
    created_at: float | None = None
    """When the prompt was sent, in seconds since 1970."""


def compute_spending(
    history: History, prices: Mapping[str, Any] = {}, unrecorded: UnrecordedCalls = UnrecordedCalls()
) -> Spending:
    """Return the spending of all turns of a session, each counted once.

    Args:
        history: turns in all branches.
        prices: the setting `prices`.
        unrecorded: calls that no turn holds.

    Raises:
        BadOption: a price in the setting is not valid.
    """
    return sum((_compute_turn_spending(turn, prices) for turn in history.unique_turns()), unrecorded.spending)


def build_usage_rows(
    history: History, prices: Mapping[str, Any] = {}, unrecorded: UnrecordedCalls = UnrecordedCalls()
) -> tuple[UsageRow, ...]:
    """Return the rows of a session: the turns of the current branch, those of other branches, and unrecorded calls.

    Arguments and errors are those of `compute_spending`.
    """
    rows = [
        _build_row(history.all_turns[place], turn, place, prices) for turn, place in _number_turns(history)
    ]
    rows += [UsageRow(None, None, run.label, run.model, run.usage, run.cost) for run in unrecorded.runs]
    if unrecorded.usage != Usage():
        usage, cost, is_partial = unrecorded.usage, unrecorded.cost, unrecorded.is_cost_partial
        known_cost = None if is_partial and not cost else cost
        rows.append(UsageRow(None, None, "", "", usage, known_cost, is_cost_partial=is_partial))
    return tuple(rows)


def _compute_turn_spending(turn: Turn, prices: Mapping[str, Any]) -> Spending:
    return Spending.from_usage(turn.usage, turn.preset, _find_priced_model(turn, prices), prices)


def _find_priced_model(turn: Turn, prices: Mapping[str, Any]) -> str:
    return choose_priced_model(turn.preset, turn.params.model, turn.reply.model, prices)


def _number_turns(history: History) -> Iterator[tuple[int | None, int]]:
    """Yield each turn once: its number on the current branch, or `None`, and its place among all turns."""
    path = history.path
    seen = {history.all_turns[each].id for each in path} - {""}
    yield from enumerate(path, 1)
    for place, turn in enumerate(history.all_turns):
        if place not in path and turn.id not in seen:
            yield None, place
            seen |= {turn.id} - {""}


def _build_row(turn: Turn, number: int | None, place: int, prices: Mapping[str, Any]) -> UsageRow:
    is_cached = turn.usage == Usage() and bool(turn.reply.usage)
    cost = _compute_turn_spending(turn, prices).usd
    return UsageRow(
        number,
        place + 1,
        turn.prompt.text,
        turn.params.model,
        turn.usage,
        cost,
        uses_own_price=bool(cost) and _find_priced_model(turn, prices) in prices,
        is_cached=is_cached,
        created_at=turn.created_at,
    )
