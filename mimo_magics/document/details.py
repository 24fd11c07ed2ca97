"""A folded part of a document: its summary line, and the body that it unfolds."""

from __future__ import annotations

from mimo_magics.core.text import escape_html
from mimo_magics.document import styles


def details_html(line: str, body: str, *, is_open: bool = False, is_quiet: bool = False) -> str:
    """Return a `details` element. `line` is plain text, `body` is HTML. A quiet line is gray."""
    style = f' style="{styles.QUIET}"' if is_quiet else ""
    summary = f'<summary dir="auto"{style}>{escape_html(line)}</summary>'
    return f"<details{' open' if is_open else ''}>{summary}{body}</details>"
