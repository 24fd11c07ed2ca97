"""Tables as HTML and as aligned plain text. HTML in a cell is escaped."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from wcwidth import wcswidth

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document import styles
from mimo_magics.document.cells import Cell
from mimo_magics.document.details import details_html
from mimo_magics.document.paragraphs import small_html

MAX_ROWS = 500
MAX_CELL_CHARS = 500
"""Limits of a table. Its cells may come from a server."""
MAX_VISIBLE_ROWS = 20
"""Rows that fit on a screen. The rows after them are folded."""


def table_bundle(
    head: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    *,
    numeric_columns: Collection[str] = (),
    caption: str = "",
    empty_text: str = Translatable("No entries."),
) -> dict[str, str]:
    """Return a table as a MIME bundle.

    Heads, caption and cells that are `Translatable` are translated. Long cells are truncated, and a long table ends
    with the number of omitted rows.

    Args:
        head: names of the columns.
        rows: the cells.
        numeric_columns: names of the columns that are aligned to the right.
        caption: a sentence below the table.
        empty_text: the sentence in place of a table without rows.
    """
    rows = iter(rows)
    body = [tuple(map(_prepare_cell, row)) for row in islice(rows, MAX_ROWS)]
    if more := sum(1 for _ in rows):
        caption = " ".join(filter(None, (translate(caption), translate("{count:,} more rows.", count=more))))
    alignments = ["right" if name in numeric_columns else "left" for name in head]
    head, caption, empty_text = tuple(map(translate, head)), translate(caption), translate(empty_text)
    text = _render_text(head, body, alignments) if body else escape_invisible_characters(empty_text)
    return {
        "text/html": (_render_html(head, body, alignments) if body else f"<p>{escape_html(empty_text)}</p>")
        + small_html(caption),
        "text/plain": "\n".join(filter(None, (text, escape_invisible_characters(caption)))),
    }


def _prepare_cell(cell: str | Cell) -> str | Cell:
    """Return a cell. A text is translated if it is one of this package, and truncated."""
    if not isinstance(cell, str):
        return cell
    text = translate(cell) if isinstance(cell, Translatable) else cell
    shown = escape_invisible_characters(text[:MAX_CELL_CHARS])
    return shown if len(text) <= MAX_CELL_CHARS else f"{shown}…"


def _render_html(head: Sequence[str], rows: Sequence[Sequence[str | Cell]], alignments: Sequence[str]) -> str:
    """Return the rows that fit on a screen as a table, and the others as a folded table."""
    visible, others = rows[:MAX_VISIBLE_ROWS], rows[MAX_VISIBLE_ROWS:]
    tables = _render_table(head, visible, alignments)
    if others:
        line = translate("Show {count:,} more", count=len(others))
        tables += details_html(line, _render_table(head, others, alignments))
    return tables


def _render_table(
    head: Sequence[str], rows: Sequence[Sequence[str | Cell]], alignments: Sequence[str]
) -> str:
    body = (f'<tr style="{styles.PLAIN_ROW}">{_render_cells("td", row, alignments)}</tr>' for row in rows)
    return f"<table><thead><tr>{_render_cells('th', head, alignments)}</tr></thead>{''.join(body)}</table>"


def _render_cells(tag: str, cells: Sequence[str | Cell], alignments: Sequence[str]) -> str:
    # An empty cell heads nothing.
    return "".join(
        _render_cell(tag if cell else "td", _cell_html(cell), alignment)
        for cell, alignment in zip(cells, alignments, strict=True)
    )


def _render_cell(tag: str, inner: str, alignment: str) -> str:
    """Return a table cell. Jupyter's CSS aligns cells to the right; only a `div` inside is aligned to the left."""
    return (
        f'<{tag} align="right">{inner}</{tag}>'
        if alignment == "right"
        else f'<{tag}><div align="left">{inner}</div></{tag}>'
    )


def _cell_html(cell: str | Cell) -> str:
    return html.escape(cell) if isinstance(cell, str) else cell.html


def _render_text(head: Sequence[str], rows: Sequence[Sequence[str | Cell]], alignments: Sequence[str]) -> str:
    lines = [head, *([cell if isinstance(cell, str) else cell.text for cell in row] for row in rows)]
    widths = [max(map(_display_width, column)) for column in zip(*lines, strict=True)]
    texts = ("  ".join(map(_pad_cell, line, widths, alignments)).rstrip() for line in lines)
    return "\n".join(texts)


def _pad_cell(cell: str, width: int, alignment: str) -> str:
    space = " " * (width - _display_width(cell))
    return space + cell if alignment == "right" else cell + space


def _display_width(cell: str) -> int:
    """Return the number of terminal columns. A cell with line breaks or tabs has no width, so its characters count."""
    width = wcswidth(cell)
    return len(cell) if width < 0 else width
