"""Rows for people: as an HTML table, and as aligned text. Every cell is text, whatever it holds."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from unicodedata import east_asian_width

from mimo_magics.core.i18n import Words, say
from mimo_magics.core.text import replace_control_characters


def bundle(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, figures: Collection[str] = (), caption: str = ""
) -> dict[str, str]:
    """Return a table as Jupyter's MIME bundle.

    Args:
        head: names of the columns.
        rows: the cells beneath them.
        figures: names of the columns whose cells end at one line.
        caption: a sentence beneath the table.

    Heads, caption and cells that are `Words` are said as the person reads them.
    """
    body = [tuple(replace_control_characters(_said(cell)) for cell in row) for row in rows]
    sides = ["right" if name in figures else "left" for name in head]
    head, caption = tuple(map(say, head)), say(caption)
    return {
        "text/html": _html(head, body, sides) + _small(caption),
        "text/plain": "\n".join(
            filter(None, (_text(head, body, sides), replace_control_characters(caption)))
        ),
    }


def _said(cell: object) -> str:
    """Say what is ours; what a stranger wrote stays as it is, whatever it is equal to."""
    return say(cell) if isinstance(cell, Words) else str(cell)


def _html(head: Sequence[str], rows: Sequence[Sequence[str]], sides: Sequence[str]) -> str:
    lines = [_row("th", head, sides), *(_row("td", row, sides) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _row(tag: str, cells: Sequence[str], sides: Sequence[str]) -> str:
    inner = (
        f'<{tag}><div align="{side}">{html.escape(cell)}</div></{tag}>'
        for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{''.join(inner)}</tr>"


def _small(caption: str) -> str:
    return f"<p><small>{html.escape(replace_control_characters(caption))}</small></p>" if caption else ""


def _text(head: Sequence[str], rows: Sequence[Sequence[str]], sides: Sequence[str]) -> str:
    widths = [max(map(_width, column)) for column in zip(head, *rows, strict=True)]
    lines = ("  ".join(map(_padded, row, widths, sides)).rstrip() for row in (head, *rows))
    return "\n".join(lines)


def _padded(cell: str, width: int, side: str) -> str:
    space = " " * (width - _width(cell))
    return space + cell if side == "right" else cell + space


def _width(cell: str) -> int:
    """Count columns of a terminal; Chinese characters take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in cell)
