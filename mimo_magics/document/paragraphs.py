"""Lines of plain text as paragraphs. HTML in a line is escaped."""

from __future__ import annotations

from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.document import styles


def paragraphs_bundle(*lines: str) -> dict[str, str]:
    """Return lines as a MIME bundle, with a paragraph for each line."""
    lines = tuple(map(translate, lines))
    html = "".join(f'<p dir="auto">{escape_html(line)}</p>' for line in lines)
    return {"text/html": html, "text/plain": replace_control_characters("\n".join(lines))}


def small_html(line: str) -> str:
    """Return a text as a small, quiet line of HTML."""
    return f'<p dir="auto"><small style="{styles.QUIET}">{escape_html(line)}</small></p>' if line else ""
