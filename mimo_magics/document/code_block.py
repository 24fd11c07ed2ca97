"""A code block of a reply as HTML: its head with number and language, and the code below it.

All styles are inline: Jupyter keeps them in a notebook that is not trusted, but for `user-select`.
"""

from __future__ import annotations

import re

from mimo_magics.document import styles
from mimo_magics.document.highlighting import MAX_BLOCK_CHARS, highlight_code, highlight_code_compactly

BLOCK_STYLE = "margin:0 0 1em;border:1px solid #8886"
HEAD_STYLE = "padding:0.25em 0.75em;background:#8882;font-size:85%"
PRE_STYLE = "margin:0;padding:0.5em 0.75em;overflow-x:auto;user-select:all"
"""One click selects the code. Long lines scroll."""
LANGUAGE_NAME = re.compile(r"[\w.+#-]{1,20}", re.ASCII)
"""A language that the head names. Other texts of a fence are not shown: the model chooses them."""


def code_block_html(
    code: str,
    language: str,
    number: int | None = None,
    *,
    has_head: bool = True,
    max_chars: int = MAX_BLOCK_CHARS,
) -> str:
    """Render a code block. The keyboard can focus it, to scroll it. A block without a number is plain, as in a comparison.

    Args:
        code: any text.
        language: the untrusted language name of the fence.
        number: the number for `%mimo insert`, if the block has one.
        has_head: whether the block begins here. A long block is streamed in parts.
        max_chars: weighted characters up to which the code is highlighted.
    """
    if number is None:
        inner = highlight_code_compactly(code, language, max_chars)
        return (
            f'<pre class="highlight" tabindex="0" style="{styles.SCROLL}">'
            f'<code style="{styles.CODE}">{inner}</code></pre>'
        )
    inner = highlight_code(code, language, max_chars)
    head = _head_html(language, number) if has_head else ""
    return (
        f'<div style="{BLOCK_STYLE}">{head}'
        f'<pre class="highlight" tabindex="0" style="{PRE_STYLE}"><code style="{styles.CODE}">{inner}</code></pre></div>'
    )


def _head_html(language: str, number: int) -> str:
    name = language if LANGUAGE_NAME.fullmatch(language) else ""
    return f'<div style="{HEAD_STYLE}">{" · ".join(filter(None, (str(number), name)))}</div>'
