"""The table of a usage report: a row for each turn, with bars for tokens and costs, and the sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add

from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.document import table
from mimo_magics.document.cells import Bar, Cell, OneLine
from mimo_magics.document.details import details_html
from mimo_magics.session.limits.usage_rows import UsageRow

FIRST_COLUMNS = translatables("turn", "prompt")
MODEL_COLUMN = Translatable("model")
NUMBER_COLUMNS = translatables("input", "cached", "output", "tokens", "USD")
TOKEN_COLOR, COST_COLOR = "#4a90d9", "#d98a3d"
MAX_TURNS, MAX_OTHER_TURNS = 12, 4
"""The newest turns of the current branch, and of other branches, that are shown one by one."""
MAX_PROMPT_CHARS, MAX_MODEL_CHARS = 30, 40
UNKNOWN_TEXT = "–"
MIN_SHOWN_USD = 0.0001
"""Lower costs are shown as less than this amount of US dollars."""

Row = Sequence[str | Cell]


def usage_bundle(rows: Sequence[UsageRow]) -> dict[str, str]:
    """Return the table as a MIME bundle.

    The newest turns have a row each. The older ones are one row; in HTML they are folded below the table.
    """
    layout = _Layout(rows)
    current = [row for row in rows if row.turn is not None]
    others = [row for row in rows if row.turn is None and row.branch is not None]
    calls = [row for row in rows if row.branch is None]
    earlier, newest = _split(current, MAX_TURNS)
    folded, newest_others = _split(others, MAX_OTHER_TURNS)
    shown = [
        *layout.iter_sum(_number_range(earlier), earlier),
        *map(layout.format_row, newest),
        *map(layout.format_row, newest_others),
        *layout.iter_sum(Translatable("{count:,} other branch turns", count=len(folded)), folded),
        *map(layout.format_row, calls),
        *layout.iter_model_sums(),
        *layout.iter_sum(Translatable("total"), rows, is_always=True),
    ]
    bundle = layout.build_bundle(shown, _caption(rows, is_shortened=bool(earlier or folded)))
    details = "".join(
        details_html(translate(label, count=len(hidden)), layout.build_bundle(hidden_rows)["text/html"])
        for label, hidden in (
            (Translatable("Older turns"), earlier),
            (Translatable("Turns of other branches"), folded),
        )
        if (hidden_rows := [*map(layout.format_row, hidden)])
    )
    return {**bundle, "text/html": bundle["text/html"] + details}


class _Layout:
    """The columns of the table, and the scales of its bars.

    Args:
        rows: all rows of the report.
    """

    def __init__(self, rows: Sequence[UsageRow]) -> None:
        self._rows = rows
        self._models = [*dict.fromkeys(row.model for row in rows if row.model)]
        self._max_tokens = max(map(_count_tokens, rows), default=0) or 1
        self._max_cost = max((row.cost or 0.0 for row in rows), default=0.0)

    def build_bundle(self, rows: Sequence[Row], caption: str = "") -> dict[str, str]:
        """Return rows as a table."""
        model_column = [MODEL_COLUMN] if len(self._models) > 1 else []
        head = (*FIRST_COLUMNS, *model_column, *NUMBER_COLUMNS)
        return table.table_bundle(head, rows, numeric_columns=("turn", *NUMBER_COLUMNS), caption=caption)

    def format_row(self, row: UsageRow) -> Row:
        """Return the row of a turn, or of the calls that no turn holds."""
        tokens = _count_tokens(row)
        cost_share = row.cost / self._max_cost if self._max_cost and row.cost is not None else None
        cells = (
            Bar(translate("reused"))
            if row.is_cached
            else Bar(f"{tokens:,}", tokens / self._max_tokens, TOKEN_COLOR),
            Bar(_format_usd([row]), cost_share, COST_COLOR),
        )
        return self._assemble(_label(row), OneLine(row.prompt, MAX_PROMPT_CHARS), row.model, [row], cells)

    def iter_sum(
        self, label: str, rows: Sequence[UsageRow], model: str = "", *, is_always: bool = False
    ) -> Iterator[Row]:
        """Yield a row with the sums of rows, if there are any."""
        if rows or is_always:
            cells = Bar(f"{sum(map(_count_tokens, rows)):,}"), Bar(_format_usd(rows))
            yield self._assemble(label, "", model, rows, cells)

    def iter_model_sums(self) -> Iterator[Row]:
        """Yield a sum for each model, if there are several."""
        for model in self._models if len(self._models) > 1 else ():
            rows = [row for row in self._rows if row.model == model]
            yield from self.iter_sum(Translatable("sum"), rows, model)

    def _assemble(
        self, label: str, prompt: str | Cell, model: str, rows: Sequence[UsageRow], cells: Sequence[Bar]
    ) -> Row:
        usage = reduce(add, (row.usage for row in rows), Usage())
        cached = f"{usage.cached / usage.input:.0%}".replace("%", " %") if usage.input else UNKNOWN_TEXT
        models = [OneLine(model, MAX_MODEL_CHARS)] if len(self._models) > 1 else []
        numbers = (f"{usage.input:,}", OneLine(cached, len(cached)), f"{usage.output:,}")
        return (label, prompt, *models, *numbers, *cells)


def _split(rows: Sequence[UsageRow], count: int) -> tuple[Sequence[UsageRow], Sequence[UsageRow]]:
    """Return the older rows and the newest ones. A single older row is not worth a row of its own."""
    return (rows[:-count], rows[-count:]) if len(rows) > count + 1 else ((), rows)


def _number_range(rows: Sequence[UsageRow]) -> str:
    return f"{rows[0].turn}–{rows[-1].turn}" if rows else ""


def _count_tokens(row: UsageRow) -> int:
    return row.usage.input + row.usage.output


def _label(row: UsageRow) -> str:
    if row.turn is not None:
        return str(row.turn)
    if row.branch is not None:
        return Translatable("branch {branch}", branch=row.branch)
    return Translatable("rows") if row.prompt else Translatable("other calls")


def _format_usd(rows: Sequence[UsageRow]) -> str:
    total = sum(row.cost or 0.0 for row in rows)
    if not any(row.cost is None or row.is_cost_partial for row in rows):
        return f"{total:.4f}" if total >= MIN_SHOWN_USD or not total else f"< {MIN_SHOWN_USD}"
    return f"≥ {total:.4f}" if total >= MIN_SHOWN_USD else UNKNOWN_TEXT


def _caption(rows: Sequence[UsageRow], *, is_shortened: bool) -> str:
    """Return the source of the prices, and where the shortened rows are."""
    own, published = (
        any(row.cost and row.branch is not None and row.uses_own_price is is_own for row in rows)
        for is_own in (True, False)
    )
    note = ""
    if own and published:
        note = translate("Your prices, and prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)
    elif own:
        note = translate("Your prices: an estimate.")
    elif published:
        note = translate("Prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)
    more = translate("All turns: _.to_frame()") if is_shortened else ""
    return " ".join(filter(None, (note, more)))
