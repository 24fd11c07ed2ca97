"""What the panel leaves in the notebook: a table of the values, and the line that restores them."""

from __future__ import annotations

from mimo_magics.core.i18n import Words, say, words
from mimo_magics.core.parameter_ranges import PANEL_SETTINGS, config_line
from mimo_magics.core.text import escape_html
from mimo_magics.document import table
from mimo_magics.document.sanitizer import NO_MATH
from mimo_magics.notebook.commands.reply import to_copy
from mimo_magics.notebook.panel.state import Situation

HEAD = words("setting", "value", "range", "acts")
NOTHING = Words("All of them are as built in: there is nothing to restore.")
RESTORING = Words("This line restores them; one click selects it:")
FOLLOWS = Words("Follows the panel until the page is loaded anew; then run the cell again.")


def restoring(now: Situation) -> str:
    """Return the line with which another kernel gets the same values; empty when it has them by itself."""
    moved = {name: now.value(name) for name in PANEL_SETTINGS if name in now.changed}
    return config_line(moved) if moved else ""


def bundle(now: Situation) -> dict[str, str]:
    """Return both as a MIME bundle."""
    rows = ((name, now.said(name), now.range(name), _acts(name, now)) for name in PANEL_SETTINGS)
    caption = Words("{model} at {host}. {follows}", model=now.model, host=now.where, follows=FOLLOWS)
    shown = table.bundle(HEAD, rows, caption=caption)
    to_restore = restoring(now)
    copied = to_copy(to_restore) if to_restore else {"text/html": "", "text/plain": ""}
    told = say(RESTORING if to_restore else NOTHING)
    html = f'<div class="{NO_MATH}">{shown["text/html"]}<p>{escape_html(told)}</p>{copied["text/html"]}</div>'
    plain = "\n".join(filter(None, (shown["text/plain"], told, copied["text/plain"])))
    return {"text/html": html, "text/plain": plain}


def _acts(name: str, now: Situation) -> str:
    if name in now.idle:
        return say("no: {reason}", reason=say(now.idle[name]))
    return say("yes, outside the range" if now.is_outside(name) else "yes")
