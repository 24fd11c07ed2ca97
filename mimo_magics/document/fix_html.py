"""A corrected cell: the cause, the change as a unified diff, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable

from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_html, escape_invisible_characters, replace_control_characters
from mimo_magics.document import styles
from mimo_magics.document.markdown import to_html
from mimo_magics.document.paragraphs import small_html
from mimo_magics.document.reply import wrap_html

MAX_DIFF_LINES, MAX_LINE_CHARS = 2_000, 2_000
LINE_STYLES = {"+": styles.INSERTED, "-": styles.DELETED}


def fix_bundle(
    cause: str, diff: str, advice: Iterable[str], *, head: str = "", footer: str = ""
) -> dict[str, str]:
    """Return a corrected cell as a MIME bundle.

    Args:
        cause: why the cell failed, in Markdown. It is not trusted.
        diff: the unified diff; empty without a change.
        advice: lines of this package for the user.
        head: HTML of this package about the prompt.
        footer: the line about the reply.
    """
    notes = [translate(line) for line in advice]
    plain = "\n\n".join(filter(None, (cause, diff, *notes)))
    body = to_html(cause) + (_diff_html(diff) if diff else "")
    html = head + body + "".join(map(small_html, (*notes, footer)))
    return {"text/html": wrap_html(html), "text/plain": replace_control_characters(plain)}


def _diff_html(diff: str) -> str:
    lines = diff.split("\n")
    shown = "".join(map(_line_html, lines[:MAX_DIFF_LINES]))
    more = f"… {len(lines) - MAX_DIFF_LINES:,}\n" if len(lines) > MAX_DIFF_LINES else ""
    return f'<pre tabindex="0" style="{styles.SCROLL}"><code style="{styles.CODE}">{shown}{more}</code></pre>'


def _line_html(line: str) -> str:
    text = escape_html(escape_invisible_characters(line[:MAX_LINE_CHARS]))
    style = "" if line.startswith(("+++", "---")) else LINE_STYLES.get(line[:1], "")
    # A line break within the mark would not fill the line with its color.
    return f'<span style="display:block;{style}">{text or " "}</span>' if style else f"{text}\n"
