"""Rows for people: as an HTML table, and as aligned text. Every cell is text, whatever it holds."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from mimo_magics.document.printable import printable


def bundle(head: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, str]:
    """Return a table as Jupyter's MIME bundle."""
    body = [tuple(printable(str(cell)) for cell in row) for row in rows]
    return {"text/html": _html(head, body), "text/plain": _text(head, body)}


def _html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    inner = (f'<{tag}><div align="left">{html.escape(cell)}</div></{tag}>' for cell in cells)
    return f"<tr>{''.join(inner)}</tr>"


def _text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))
    return "\n".join(lines)
