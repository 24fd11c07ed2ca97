"""Code as HTML, with colors where they can be had cheaply.

The model chooses the language and the code. A lexer is a list of regular expressions, and the time of many grows with
the square of a run of blanks or of a long line; so only some lexers are used, on code of a bounded size and shape.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LEXER_NAMES = {
    *(
        "python",
        "py",
        "python3",
        "py3",
        "pycon",
        "pytb",
        "ipython",
        "json",
        "yaml",
        "yml",
        "toml",
        "ini",
        "cfg",
    ),
    *("bash", "sh", "shell", "zsh", "console", "shell-session", "powershell", "ps1", "batch", "bat"),
    *("html", "xml", "css", "scss", "javascript", "js", "jsx", "typescript", "ts", "tsx", "java", "kotlin"),
    *(
        "c",
        "cpp",
        "c++",
        "csharp",
        "cs",
        "c#",
        "go",
        "golang",
        "rust",
        "rs",
        "swift",
        "scala",
        "ruby",
        "rb",
        "php",
    ),
    *("perl", "lua", "r", "julia", "jl", "matlab", "fortran", "haskell", "hs", "ocaml", "sql"),
    *("mysql", "diff", "docker", "dockerfile", "cmake", "tex", "latex", "md", "markdown", "graphql"),
}
"""The languages that are colored; all others are shown plain, those too whose lexers call others by a name in the code."""
SLOW_LEXER_NAMES = {
    *(
        "csharp",
        "cs",
        "c#",
        "java",
        "javascript",
        "js",
        "jsx",
        "typescript",
        "ts",
        "tsx",
        "html",
        "css",
        "go",
        "golang",
    ),
    *("fortran", "perl", "r", "ipython"),
}
"""Those whose time grows with the square of what an open string or a list of words holds, and those that call them."""
SLOW_FACTOR = 3
"""As how many characters one of theirs counts."""
MAX_BLOCK_CHARS = 8_000
"""Characters of one block up to which it is colored."""
MAX_DOCUMENT_CHARS = 16_000
"""Characters of code up to which a document is colored."""
EXPENSIVE_RUN = re.compile(r"[^\n]{400}|\s{100}")
"""A long line or a long run of blanks: there the time of a lexer may grow with the square of the length."""
PLAIN_SPAN = re.compile(r'<span class="[nw]">([^<]*)</span>')
"""Marks of names and blanks: they have no color of their own, and are half of all marks."""


def code_html(code: str, language: str, *, max_chars: int = MAX_BLOCK_CHARS) -> str:
    """Render code as a block.

    Args:
        code: any text.
        language: its name, as a fence gives it; untrusted.
        max_chars: characters up to which it is colored.
    """
    return f'<pre class="highlight"><code>{_highlight(code, language, max_chars)}</code></pre>'


def is_colored(code: str, language: str, max_chars: int = MAX_BLOCK_CHARS) -> bool:
    """Tell whether code gets colors: its language is listed, and its size and shape are within bounds."""
    fits = color_cost(code, language) <= min(max_chars, MAX_BLOCK_CHARS) and not EXPENSIVE_RUN.search(code)
    return language.lower() in LEXER_NAMES and fits


def color_cost(code: str, language: str) -> int:
    """Return as how many characters a block counts where it is colored."""
    return len(code) * (SLOW_FACTOR if language.lower() in SLOW_LEXER_NAMES else 1)


def _highlight(code: str, language: str, max_chars: int) -> str:
    if not is_colored(code, language, max_chars):
        return html.escape(code)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    marked = str(highlight(code, _get_lexer(language.lower()), HtmlFormatter(nowrap=True)))
    return PLAIN_SPAN.sub(r"\1", marked)


@cache
def _get_lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name

    # Markdown would call the lexer of any language for a code block in it
    options = {"handlecodeblocks": False} if language in ("md", "markdown") else {}
    return get_lexer_by_name(language, stripnl=False, **options)
