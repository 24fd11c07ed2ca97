"""The usage of a session as a table: tokens and costs by turn, by model and in total."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from mimo_magics.core.i18n import Translatable, translatables
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import PRICES_AS_OF, choose_priced_model
from mimo_magics.document import table
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.turn import Turn

NUMBER_COLUMNS = ("turn", "input", "cached", "output", "USD")
"""Columns to align at the right."""
BAR_WIDTH = 10
"""Characters of the longest bar."""
BAR_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
UNKNOWN_TEXT = "–"
MIN_SHOWN_USD = 0.0001
"""Lower costs are shown as less than this amount of US dollars."""


@dataclass(frozen=True, slots=True)
class _UsageRow:
    """The usage of one turn, or of all calls that no turn holds."""

    name: str
    model: str
    usage: Usage
    usd: float | None
    """`None` if the price is unknown."""
    is_cached: bool = False
    """Whether the reply was cached."""


def compute_spending(
    history: History,
    prices: Mapping[str, Any] = {},
    unrecorded_usage: Usage = Usage(),
    unrecorded_cost: float = 0.0,
) -> Spending:
    """Return the spending of all turns of a session, each counted once.

    Args:
        history: turns in all branches.
        prices: the setting `prices`.
        unrecorded_usage: tokens of calls that no turn holds.
        unrecorded_cost: cost of these calls in US dollars.

    Raises:
        BadOption: a price in the setting is not valid.
    """
    unrecorded = Spending(unrecorded_usage.input + unrecorded_usage.output, unrecorded_cost)
    return sum((_compute_turn_spending(turn, prices) for turn in history.unique_turns()), unrecorded)


def usage_bundle(
    history: History,
    prices: Mapping[str, Any] = {},
    unrecorded_usage: Usage = Usage(),
    unrecorded_cost: float = 0.0,
) -> dict[str, str]:
    """Return the usage table as a MIME bundle. Arguments and errors are those of `compute_spending`.

    A sum without the costs of some turns, as their prices are unknown, is shown with `≥`.
    """
    turns = [_build_usage_row(number, turn, prices) for number, turn in _number_turns(history)]
    lines = (
        [*turns, _UsageRow(Translatable("other calls"), "", unrecorded_usage, unrecorded_cost)]
        if unrecorded_usage != Usage()
        else turns
    )
    by_cost = any(line.usd for line in lines) and all(line.usd is not None for line in lines)
    return table.table_bundle(
        (
            *translatables("turn", "model", "input", "cached", "output", "USD"),
            Translatable("share of cost" if by_cost else "share of tokens"),
        ),
        (
            *_draw_rows(lines, by_cost=by_cost),
            *_sum_by_model(turns),
            _format_row(Translatable("total"), "", lines),
        ),
        numeric_columns=NUMBER_COLUMNS,
        caption=Translatable("Prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)
        if any(line.usd for line in lines)
        else "",
    )


def _compute_turn_spending(turn: Turn, prices: Mapping[str, Any]) -> Spending:
    model = choose_priced_model(turn.preset, turn.params.model, turn.reply.model, prices)
    return Spending.from_usage(turn.usage, turn.preset, model, prices)


def _number_turns(history: History) -> Iterable[tuple[int, Turn]]:
    """Return each turn with its number. A turn in several branches has its first number."""
    numbered_turns: dict[str | int, tuple[int, Turn]] = {}
    for number, turn in enumerate(history.all_turns, 1):
        numbered_turns.setdefault(turn.id or number, (number, turn))
    return numbered_turns.values()


def _build_usage_row(number: int, turn: Turn, prices: Mapping[str, Any]) -> _UsageRow:
    is_cached = turn.usage == Usage() and bool(turn.reply.usage)
    return _UsageRow(
        str(number), turn.params.model, turn.usage, _compute_turn_spending(turn, prices).usd, is_cached
    )


def _draw_rows(lines: Sequence[_UsageRow], *, by_cost: bool) -> Iterator[Sequence[str]]:
    """Yield a row for each line, with a bar for its share of the largest one."""
    sizes = [line.usd or 0.0 if by_cost else line.usage.input + line.usage.output for line in lines]
    max_size = max(sizes, default=0) or 1
    for line, size in zip(lines, sizes, strict=True):
        yield _format_row(
            line.name,
            line.model,
            [line],
            Translatable("reused") if line.is_cached else _draw_bar(size / max_size),
        )


def _sum_by_model(turns: Sequence[_UsageRow]) -> Iterator[Sequence[str]]:
    """Yield a sum for each model, if there are several."""
    models = dict.fromkeys(line.model for line in turns)
    if len(models) > 1:
        for model in models:
            yield _format_row(Translatable("sum"), model, [line for line in turns if line.model == model])


def _format_row(name: str, model: str, lines: Sequence[_UsageRow], bar: str = "") -> Sequence[str]:
    usage = reduce(add, (line.usage for line in lines), Usage())
    cached = f"{usage.cached / usage.input:.0%}".replace("%", " %") if usage.input else UNKNOWN_TEXT
    usd = _format_usd([line.usd for line in lines])
    return (name, model, f"{usage.input:,}", cached, f"{usage.output:,}", usd, bar)


def _format_usd(costs: Sequence[float | None]) -> str:
    total = sum(cost or 0.0 for cost in costs)
    if None not in costs:
        return f"{total:.4f}" if total >= MIN_SHOWN_USD or not total else f"< {MIN_SHOWN_USD}"
    return f"≥ {total:.4f}" if total >= MIN_SHOWN_USD else UNKNOWN_TEXT


def _draw_bar(share: float) -> str:
    """Return a bar for a share from 0 to 1. A share above 0 is at least an eighth of a character."""
    eighths = max(round(share * BAR_WIDTH * 8), 1 if share else 0)
    return "█" * (eighths // 8) + BAR_EIGHTHS[eighths % 8]
