"""The document of a run: totals, the distribution of the values, and rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mimo_magics.batch.summary import ColumnCounts, ListedRow, RunSummary
from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.pricing import PRICES_AS_OF
from mimo_magics.core.text import quote, quote_value
from mimo_magics.document.row_tables import BarLine, RowLine, row_bundle

MAX_BARS, MAX_BINS = 12, 6
MAX_SHOWN_FAILURES, MAX_SHOWN_ERRORS = 20, 3
MAX_TEXT_CHARS = 200


def build_document(
    summary: RunSummary, seconds: float, stopped: MimoError | None, notes: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the document of a run as a MIME bundle.

    Args:
        summary: what the run came to.
        seconds: its duration.
        stopped: why it ended before the last row.
        notes: sentences for the end.
    """
    failures = summary.failures[:MAX_SHOWN_FAILURES]
    return row_bundle(
        [*_iter_totals(summary, seconds), *_iter_reasons(summary, stopped)],
        [bar for name, counts in summary.columns.items() for bar in _iter_bars(name, counts)],
        [*map(_build_line, failures), *map(_build_line, summary.values)],
        (*notes, *_iter_notes(summary, len(failures) + len(summary.values))),
    )


def _iter_totals(summary: RunSummary, seconds: float) -> Iterator[str]:
    parts = [
        translate(
            "{count:,} of {total:,} rows have a value",
            count=summary.rows - summary.failed,
            total=summary.rows,
        ),
        translate("{count:,} failed", count=summary.failed) if summary.failed else "",
        translate("{count:,} reused", count=summary.reused) if summary.reused else "",
    ]
    yield ", ".join(filter(None, parts))
    usage = summary.usage
    costs = [
        translate("{input:,} → {output:,} tokens", input=usage.input, output=usage.output),
        f"{summary.usd:.4f} USD" if summary.usd else "",
        f"{seconds:.1f} s",
    ]
    yield " · ".join(filter(None, costs))


def _iter_reasons(summary: RunSummary, stopped: MimoError | None) -> Iterator[str]:
    if stopped:
        yield translate("The run stopped: {reason}", reason=f"{stopped.message} {stopped.hint}".strip())
    for error, count in summary.errors.most_common(MAX_SHOWN_ERRORS):
        yield f"✗ {count:,} × {quote(' '.join(translate(error).split()), MAX_TEXT_CHARS)}"


def _iter_notes(summary: RunSummary, shown: int) -> Iterator[str]:
    if summary.rows > shown:
        yield Translatable("All rows: _.to_frame()")
    if summary.failed:
        yield Translatable("Run the cell again: only rows without a value are sent.")
    if summary.usd:
        yield Translatable("Prices of {prices_as_of}: an estimate.", prices_as_of=PRICES_AS_OF)


def _iter_bars(name: str, counts: ColumnCounts) -> Iterator[BarLine]:
    """Yield the most frequent labels of a column, or a histogram of its numbers or lengths."""
    if counts.has_labels and len(counts.labels) <= MAX_BARS:
        yield from (BarLine(name, label, count) for label, count in counts.labels.most_common())
        return
    numbers = counts.numbers
    if not numbers:
        return
    low, high = min(numbers), max(numbers)
    width = (high - low) / MAX_BINS or 1.0
    bins = [0] * MAX_BINS
    for number in numbers:
        bins[min(int((number - low) / width), MAX_BINS - 1)] += 1
    for place, count in enumerate(bins):
        start = low + place * width
        span = f"{start:,.6g} – {start + width:,.6g}"
        yield BarLine(name, translate("{range} characters", range=span) if counts.is_text else span, count)


def _build_line(row: ListedRow) -> RowLine:
    result = row.result
    return RowLine(result.index + 1, row.inputs, _describe_value(result.data), result.error)


def _describe_value(data: Any) -> str:
    if isinstance(data, dict):
        return ", ".join(f"{name}={quote_value(value, MAX_TEXT_CHARS)}" for name, value in data.items())
    return "" if data is None else str(data)[:MAX_TEXT_CHARS]
