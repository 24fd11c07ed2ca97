"""What a session has spent, as a table: each turn, each model, and all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from mimo_magics.core.i18n import Words, words
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.document import table
from mimo_magics.session.history import History
from mimo_magics.session.limits.budget import Spent
from mimo_magics.session.turn import Turn

FIGURES = ("turn", "input", "cached", "output", "USD")
"""Columns of numbers."""
WIDTH = 10
"""Characters of the longest bar."""
EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
UNKNOWN = "–"
LOWEST = 0.0001
"""US dollars below which a cost is only said to be lower."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What one turn spent, or all prompts beside the turns."""

    name: str
    model: str
    usage: Usage
    usd: float | None
    """`None` where the price is not known."""
    kept: bool = False
    """Whether the answer was there already."""


def spent(
    history: History, prices: Mapping[str, Any] = {}, aside: Usage = Usage(), aside_cost: float = 0.0
) -> Spent:
    """Return what all turns of a session have spent, each counted once.

    Args:
        history: the turns, in all branches.
        prices: the person's own, as `models.price` takes them.
        aside: tokens of requests that the history does not hold.
        aside_cost: what those cost, in US dollars.

    Raises:
        BadOption: one of the person's own prices cannot be read.
    """
    beside = Spent(aside.input + aside.output, aside_cost)
    return sum((_spent(turn, prices) for turn in history.spoken()), beside)


def bundle(
    history: History, prices: Mapping[str, Any] = {}, aside: Usage = Usage(), aside_cost: float = 0.0
) -> dict[str, str]:
    """Return the table of what was spent as a MIME bundle. Arguments and errors are those of `spent`.

    A sum that misses the costs of some turns, as their prices are not known, is told with `≥`.
    """
    turns = [_line(number, turn, prices) for number, turn in _numbered(history)]
    lines = [*turns, _Line(Words("beside"), "", aside, aside_cost)] if aside != Usage() else turns
    by_cost = any(line.usd for line in lines) and all(line.usd is not None for line in lines)
    return table.bundle(
        (
            *words("turn", "model", "input", "cached", "output", "USD"),
            Words("share of cost" if by_cost else "share of tokens"),
        ),
        (*_drawn(lines, by_cost=by_cost), *_by_model(turns), _row(Words("total"), "", lines)),
        figures=FIGURES,
        caption=Words("Prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)
        if any(line.usd for line in lines)
        else "",
    )


def _spent(turn: Turn, prices: Mapping[str, Any]) -> Spent:
    return Spent.of(turn.spent, turn.preset, turn.params.model, prices)


def _numbered(history: History) -> Iterable[tuple[int, Turn]]:
    """Each turn with its number on the list of all; one that stands in several branches has its first."""
    first: dict[str | int, tuple[int, Turn]] = {}
    for number, turn in enumerate(history.all, 1):
        first.setdefault(turn.id or number, (number, turn))
    return first.values()


def _line(number: int, turn: Turn, prices: Mapping[str, Any]) -> _Line:
    kept = turn.spent == Usage() and bool(turn.reply.usage)
    return _Line(str(number), turn.params.model, turn.spent, _spent(turn, prices).usd, kept)


def _drawn(lines: Sequence[_Line], *, by_cost: bool) -> Iterator[Sequence[str]]:
    """Yield a row for each line, with a bar that shows it beside the greatest one."""
    sizes = [line.usd or 0.0 if by_cost else line.usage.input + line.usage.output for line in lines]
    greatest = max(sizes, default=0) or 1
    for line, size in zip(lines, sizes, strict=True):
        yield _row(line.name, line.model, [line], Words("kept") if line.kept else _bar(size / greatest))


def _by_model(turns: Sequence[_Line]) -> Iterator[Sequence[str]]:
    """Yield the sums of the models, if there are several."""
    models = dict.fromkeys(line.model for line in turns)
    if len(models) > 1:
        for model in models:
            yield _row(Words("sum"), model, [line for line in turns if line.model == model])


def _row(name: str, model: str, lines: Sequence[_Line], bar: str = "") -> Sequence[str]:
    usage = reduce(add, (line.usage for line in lines), Usage())
    cached = f"{usage.cached / usage.input:.0%}".replace("%", " %") if usage.input else UNKNOWN
    usd = _usd([line.usd for line in lines])
    return (name, model, f"{usage.input:,}", cached, f"{usage.output:,}", usd, bar)


def _usd(costs: Sequence[float | None]) -> str:
    total = sum(cost or 0.0 for cost in costs)
    if None not in costs:
        return f"{total:.4f}" if total >= LOWEST or not total else f"< {LOWEST}"
    return f"≥ {total:.4f}" if total >= LOWEST else UNKNOWN


def _bar(share: float) -> str:
    """Draw a share of the greatest, from 0 to 1; what is not nothing can be seen."""
    eighths = max(round(share * WIDTH * 8), 1 if share else 0)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]
