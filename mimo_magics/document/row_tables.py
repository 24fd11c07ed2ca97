"""The document of a run over many rows: totals, bars of the values, and a table of rows, failed ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mimo_magics.core.i18n import translatables, translate
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document.cells import Bar, Cell, OneLine
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html
from mimo_magics.document.table import table_bundle

BAR_COLOR = "#4a90d9"
MAX_VALUE_CHARS, MAX_LABEL_CHARS, MAX_ERROR_CHARS = 60, 40, 120
ROW_HEADERS = translatables("row", "input", "value", "error")
BAR_HEADERS = translatables("column", "value", "rows")
NUMBERS = (ROW_HEADERS[0], BAR_HEADERS[2])


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row: its number from 1, its input, and its value or error."""

    number: int
    inputs: str
    value: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class BarLine:
    """One bar: how many rows have a value."""

    column: str
    value: str
    count: int


def row_bundle(
    summary: Sequence[str], bars: Sequence[BarLine], rows: Sequence[RowLine], notes: Sequence[str] = ()
) -> dict[str, str]:
    """Return the document of a run as a MIME bundle.

    Args:
        summary: the totals. The first line stands out.
        bars: the distribution of the values.
        rows: the rows to show, failed ones first.
        notes: sentences below the tables.
    """
    heading, *others = map(translate, summary)
    quiet = [*map(translate, notes)]
    tables = [_build_bars(bars), _build_rows(rows)]
    html = (
        f'<p dir="auto"><strong>{escape_html(heading)}</strong></p>'
        + "".join(f'<p dir="auto">{escape_html(line)}</p>' for line in others)
        + "".join(table["text/html"] for table in tables)
        + "".join(map(small_html, quiet))
    )
    sections = ("\n".join((heading, *others)), *(table["text/plain"] for table in tables), *quiet)
    plain = "\n\n".join(filter(None, sections))
    return {"text/html": wrap_html(html), "text/plain": replace_control_characters(plain)}


def _build_bars(bars: Sequence[BarLine]) -> dict[str, str]:
    highest = max((bar.count for bar in bars), default=1)
    rows = [
        (
            OneLine(bar.column, MAX_LABEL_CHARS),
            OneLine(bar.value, MAX_LABEL_CHARS),
            Bar(f"{bar.count:,}", bar.count / highest, BAR_COLOR),
        )
        for bar in bars
    ]
    return _build_table(BAR_HEADERS, rows)


def _build_rows(rows: Sequence[RowLine]) -> dict[str, str]:
    cells = [
        (
            f"{row.number:,}",
            OneLine(row.inputs, MAX_VALUE_CHARS) if row.inputs else "",
            OneLine(row.value, MAX_VALUE_CHARS) if row.value else "",
            OneLine(f"✗ {row.error}", MAX_ERROR_CHARS) if row.error else "",
        )
        for row in rows
    ]
    return _build_table(ROW_HEADERS, cells)


def _build_table(headers: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> dict[str, str]:
    """Return a table without the columns that are empty; nothing without rows."""
    columns = [column for column in zip(headers, *rows, strict=True) if any(column[1:])]
    if not columns:
        return {"text/html": "", "text/plain": ""}
    head, *body = zip(*columns, strict=True)
    return table_bundle(head, body, numeric_columns=NUMBERS)
