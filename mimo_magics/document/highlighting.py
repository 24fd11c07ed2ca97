"""Syntax highlighting of code as HTML, limited to safe languages and sizes.

The model chooses the language and the code. A lexer is a list of regular expressions, and the time of many lexers
grows with the square of a run of spaces or of a long line. So only listed lexers run, on code of limited size and
shape.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LEXER_NAMES = frozenset(
    """
    python py python3 py3 pycon pytb ipython json yaml yml toml ini cfg bash sh shell zsh console shell-session powershell
    ps1 batch bat html xml css scss javascript js jsx typescript ts tsx java kotlin c cpp c++ csharp cs c# go golang rust
    rs swift scala ruby rb php perl lua r julia jl matlab fortran haskell hs ocaml sql mysql diff docker dockerfile cmake
    tex latex md markdown graphql
    """.split()  # noqa: SIM905  words are easier to read than a list of strings
)
"""The languages that are highlighted. Lexers that call other lexers by a name in the code are not listed."""
SLOW_LEXER_NAMES = frozenset(
    """
    csharp cs c# java javascript js jsx typescript ts tsx html css go golang fortran perl r ipython
    """.split()  # noqa: SIM905  words are easier to read than a list of strings
)
"""Languages whose lexers need quadratic time for an open string or a list of words, or call such a lexer."""
SLOW_FACTOR = 3
"""Weight of a character for a slow lexer."""
MAX_BLOCK_CHARS = 8_000
"""Limit of the weighted characters in a highlighted block."""
MAX_DOCUMENT_CHARS = 16_000
"""Limit of the weighted characters in all highlighted blocks of a document."""
EXPENSIVE_RUN = re.compile(r"[^\n]{400}|\s{100}")
"""A long line or a long run of white space, for which a lexer may need quadratic time."""
PLAIN_SPAN = re.compile(r'<span class="[nw]">([^<]*)</span>')
"""Elements for names and white space: half of all elements, and without a color."""
PUNCTUATION_SPAN = re.compile(r'<span class="p">([^<]*)</span>')
"""Elements for brackets and commas."""


def code_html(code: str, language: str, *, max_chars: int = MAX_BLOCK_CHARS) -> str:
    """Render code as a block.

    Args:
        code: any text.
        language: the untrusted language name of the fence.
        max_chars: weighted characters up to which the code is highlighted.
    """
    return f'<pre class="highlight"><code>{highlight_code(code, language, max_chars)}</code></pre>'


def is_highlighted(code: str, language: str, max_chars: int = MAX_BLOCK_CHARS) -> bool:
    """Return whether code is highlighted: its language is listed, and its size and shape are within the limits."""
    fits = highlighting_cost(code, language) <= min(max_chars, MAX_BLOCK_CHARS)
    return language.lower() in LEXER_NAMES and fits and not EXPENSIVE_RUN.search(code)


def highlighting_cost(code: str, language: str) -> int:
    """Return the weighted characters of a block."""
    return len(code) * (SLOW_FACTOR if language.lower() in SLOW_LEXER_NAMES else 1)


def highlight_code(code: str, language: str, max_chars: int = MAX_BLOCK_CHARS) -> str:
    """Return code as HTML, highlighted if it is within the limits."""
    if not is_highlighted(code, language, max_chars):
        return html.escape(code)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    marked = str(highlight(code, _get_lexer(language.lower()), HtmlFormatter(nowrap=True)))
    return PLAIN_SPAN.sub(r"\1", marked)


def highlight_code_compactly(code: str, language: str, max_chars: int = MAX_BLOCK_CHARS) -> str:
    """Return code as HTML, highlighted but for its punctuation. It is smaller where several replies are saved together."""
    return PUNCTUATION_SPAN.sub(r"\1", highlight_code(code, language, max_chars))


@cache
def _get_lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name

    # The Markdown lexer would call the lexer of any language for a code block.
    options = {"handlecodeblocks": False} if language in ("md", "markdown") else {}
    return get_lexer_by_name(language, stripnl=False, **options)
