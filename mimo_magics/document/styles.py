"""The inline styles of documents. Jupyter keeps them in notebooks that are not trusted, where it drops `<style>`.

They have no colors of a theme, so they fit light and dark pages. `PRINT_RULE` is the exception: it matters only in exported
pages, which are printed.
"""

from __future__ import annotations

QUIET = "opacity:0.7"
"""Less important text, such as a footer."""
PLAIN_ROW = "background:none"
"""A table row without Jupyter's stripe and without its color below the mouse pointer."""
CARD_GRID = (
    "display:grid;grid-template-columns:repeat(auto-fit, minmax(min(17em, 100%), 1fr));gap:1em;margin:0 0 1em;"
    "overflow-wrap:break-word"
)
"""Cards in as many columns as fit: two on A4 paper. A long word stays in its card."""
PRINT_RULE = "<style>@media print{.mimo-reply code{white-space:pre-wrap!important}}</style>"
"""Wraps the long lines of code on paper, where they cannot scroll. An exported page keeps this element; a notebook that is
not trusted does not."""
CARD = "border:1px solid #8886;padding:0.5em 1em;page-break-inside:avoid"
HIDDEN = "display:none"
"""An element that is visible only where styles are removed."""
DELETED = "background:#f443"
INSERTED = "background:#2a63"
"""Words of a difference. The elements `del` and `ins` mark them also by a line."""
PROSE = "white-space:pre-wrap"
CODE = "white-space:pre"
"""Text with its line breaks. Long lines of code scroll."""
WIDE = "overflow-x:auto"
"""A box around a wide table."""
SCROLL = "margin:0 0 1em;overflow-x:auto"
"""A block of code with long lines."""
TIGHT = "margin:0"
"""A block between texts that have their own blank lines."""
TASK = "list-style-type:none"
"""An item of a task list, which has a box instead of a bullet."""
