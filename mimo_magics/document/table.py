"""Tables as HTML and as aligned plain text. HTML in a cell is escaped."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from wcwidth import wcswidth

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.document import styles
from mimo_magics.document.paragraphs import small_html

MAX_ROWS = 500
MAX_CELL_CHARS = 500
"""Limits of a table. Its cells may come from a server."""


def table_bundle(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
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
    body = [tuple(map(_cell_text, row)) for row in islice(rows, MAX_ROWS)]
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


def _cell_text(cell: object) -> str:
    """Return a cell as text: translated if it is a text of this package, and truncated."""
    text = translate(cell) if isinstance(cell, Translatable) else str(cell)
    shown = escape_invisible_characters(text[:MAX_CELL_CHARS])
    return shown if len(text) <= MAX_CELL_CHARS else f"{shown}…"


def _render_html(head: Sequence[str], rows: Sequence[Sequence[str]], alignments: Sequence[str]) -> str:
    body = (f'<tr style="{styles.PLAIN_ROW}">{_render_cells("td", row, alignments)}</tr>' for row in rows)
    return f"<table><thead><tr>{_render_cells('th', head, alignments)}</tr></thead>{''.join(body)}</table>"


def _render_cells(tag: str, cells: Sequence[str], alignments: Sequence[str]) -> str:
    # An empty cell heads nothing.
    return "".join(
        _render_cell(tag if cell else "td", html.escape(cell), alignment)
        for cell, alignment in zip(cells, alignments, strict=True)
    )


def _render_cell(tag: str, inner: str, alignment: str) -> str:
    """Return a table cell. Jupyter's CSS aligns cells to the right; only a `div` inside is aligned to the left."""
    return (
        f'<{tag} align="right">{inner}</{tag}>'
        if alignment == "right"
        else f'<{tag}><div align="left">{inner}</div></{tag}>'
    )


def _render_text(head: Sequence[str], rows: Sequence[Sequence[str]], alignments: Sequence[str]) -> str:
    widths = [max(map(_display_width, column)) for column in zip(head, *rows, strict=True)]
    lines = ("  ".join(map(_pad_cell, row, widths, alignments)).rstrip() for row in (head, *rows))
    return "\n".join(lines)


def _pad_cell(cell: str, width: int, alignment: str) -> str:
    space = " " * (width - _display_width(cell))
    return space + cell if alignment == "right" else cell + space


def _display_width(cell: str) -> int:
    """Return the number of terminal columns. A cell with line breaks or tabs has no width, so its characters count."""
    width = wcswidth(cell)
    return len(cell) if width < 0 else width
