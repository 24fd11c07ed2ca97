"""Tables as HTML and as aligned plain text. HTML in a cell is escaped."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from wcwidth import wcswidth

from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.text import escape_invisible_characters

MAX_ROWS = 500
MAX_CELL_CHARS = 500
"""Limits of a table. Its cells may come from a server."""


def table_bundle(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric_columns: Collection[str] = (),
    caption: str = "",
) -> dict[str, str]:
    """Return a table as a MIME bundle.

    Heads, caption and cells that are `Translatable` are translated. Long cells are truncated, and a long table ends
    with the number of omitted rows.

    Args:
        head: names of the columns.
        rows: the cells.
        numeric_columns: names of the columns that are aligned to the right.
        caption: a sentence below the table.
    """
    rows = iter(rows)
    body = [tuple(map(_cell_text, row)) for row in islice(rows, MAX_ROWS)]
    if more := sum(1 for _ in rows):
        caption = " ".join(filter(None, (translate(caption), translate("{count:,} more rows.", count=more))))
    alignments = ["right" if name in numeric_columns else "left" for name in head]
    head, caption = tuple(map(translate, head)), translate(caption)
    return {
        "text/html": _render_html(head, body, alignments) + _render_caption(caption),
        "text/plain": "\n".join(
            filter(None, (_render_text(head, body, alignments), escape_invisible_characters(caption)))
        ),
    }


def _cell_text(cell: object) -> str:
    """Return a cell as text: translated if it is a text of this package, and truncated."""
    text = translate(cell) if isinstance(cell, Translatable) else str(cell)
    shown = escape_invisible_characters(text[:MAX_CELL_CHARS])
    return shown if len(text) <= MAX_CELL_CHARS else f"{shown}…"


def _render_html(head: Sequence[str], rows: Sequence[Sequence[str]], alignments: Sequence[str]) -> str:
    lines = [_render_row("th", head, alignments), *(_render_row("td", row, alignments) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _render_row(tag: str, cells: Sequence[str], alignments: Sequence[str]) -> str:
    inner = (
        f'<{tag}><div align="{alignment}">{html.escape(cell)}</div></{tag}>'
        for cell, alignment in zip(cells, alignments, strict=True)
    )
    return f"<tr>{''.join(inner)}</tr>"


def _render_caption(caption: str) -> str:
    return f"<p><small>{html.escape(escape_invisible_characters(caption))}</small></p>" if caption else ""


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
