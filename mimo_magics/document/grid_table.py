"""The document of a case grid: a matrix of rows and columns, and a line for each column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document.cells import OneLine
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html
from mimo_magics.document.table import table_bundle

HEADERS = translatables("row", "input")
MAX_ROWS = 100
MAX_INPUT_CHARS, MAX_VALUE_CHARS, MAX_TITLE_CHARS = 40, 40, 40


@dataclass(frozen=True, slots=True)
class GridLine:
    """One row: its number from 1, its input, and a value for each column."""

    number: int
    inputs: str
    values: tuple[str, ...]


def grid_bundle(titles: Sequence[str], rows: Iterable[GridLine], totals: Sequence[str]) -> dict[str, str]:
    """Return a grid as a MIME bundle.

    Args:
        titles: the titles of the columns.
        rows: the rows in their order; the first ones are shown.
        totals: a line for each column.
    """
    shown = [
        (
            f"{row.number:,}",
            OneLine(row.inputs, MAX_INPUT_CHARS),
            *(OneLine(value, MAX_VALUE_CHARS) if value else "" for value in row.values),
        )
        for row in islice(rows, MAX_ROWS)
    ]
    head = (*HEADERS, *(OneLine(title, MAX_TITLE_CHARS).text for title in titles))
    table = table_bundle(head, shown, numeric_columns=HEADERS[:1])
    note = translate(Translatable("All rows: _.to_frame()"))
    html = "".join(f'<p dir="auto">{escape_html(line)}</p>' for line in totals)
    plain = "\n\n".join((table["text/plain"], "\n".join(totals), note))
    return {
        "text/html": wrap_html(table["text/html"] + html + small_html(note)),
        "text/plain": replace_control_characters(plain),
    }
