"""The card of a prompt function: all of its texts, as HTML in which nothing is markup."""

from __future__ import annotations

from collections.abc import Iterable

from mimo_magics.core.text import escape_html
from mimo_magics.document import styles
from mimo_magics.document.details import details_html

TEXT_STYLE = f"{styles.PROSE};overflow-wrap:anywhere;margin:0 0 1em"
"""A text of the user or of a stranger. Long words and long lines wrap."""


def render_card(signature: str, facts: Iterable[str], texts: Iterable[tuple[str, str]], schema: str) -> str:
    """Return the card as HTML.

    Args:
        signature: name, slots and type of the value.
        facts: short facts, such as the version.
        texts: heads, and the texts below them.
        schema: the JSON Schema, which is folded; empty for none.
    """
    line = escape_html(" · ".join(facts))
    parts = [
        f'<p><code>{escape_html(signature)}</code> <small style="{styles.QUIET}">{line}</small></p>',
        *(f"{_head_html(head)}{_text_html(text)}" for head, text in texts),
    ]
    return "".join([*parts, details_html("JSON Schema", _text_html(schema), is_quiet=True) if schema else ""])


def _head_html(head: str) -> str:
    return f'<p style="{styles.TIGHT}"><small style="{styles.QUIET}">{escape_html(head)}</small></p>'


def _text_html(text: str) -> str:
    return f'<pre dir="auto" style="{TEXT_STYLE}">{escape_html(text)}</pre>'
