"""Markdown of a model, which is untrusted, to HTML that can do no harm.

Jupyter trusts the outputs of a cell that was just run: `text/markdown` or raw HTML of a model would be code with
the rights of the page. So HTML in the source stays text, pictures become links, and what comes out passes one
short list of allowed elements: no script, style, form, media, id or data attribute, and no class but our own few.
Math stays TeX source, marked for the page to typeset where it can.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_inline_dollar
from mdit_py_plugins.texmath.index import make_block_func, make_inline_func

MATH = "mathjax_process tex2jax_process"
NO_MATH = "mathjax_ignore tex2jax_ignore"
"""What MathJax of JupyterLab 4, Notebook 7 and nbconvert looks for."""

TAGS = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "span",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "div": {"align"}}
SCHEMES = {"http", "https", "mailto"}
REL = "noopener noreferrer nofollow"


MOST_BRACKETS = 500
r"""More of `\(` and `\[` than this are not taken for math: the search for the end of each would be quadratic."""


def to_html(source: str) -> str:
    """Render Markdown of any origin as inert HTML."""
    return nh3.clean(
        _parser(brackets=source.count("\\(") + source.count("\\[") <= MOST_BRACKETS).render(source),
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        allowed_classes=_classes(),
        url_schemes=SCHEMES,
        link_rel=REL,
    )


@cache
def _parser(*, brackets: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = leads_out  # type: ignore[method-assign]
    if brackets:
        parser.block.ruler.before("fence", "math_block", make_block_func(BLOCK))
        parser.inline.ruler.before("escape", "math_brackets", make_inline_func(INLINE))
        parser.inline.ruler.before("escape", "math_brackets_double", make_inline_func(DISPLAY))
    parser.use(
        dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True
    )
    parser.inline.ruler.at("math_inline", dollars)
    rules = {"fence": fence, "code_block": fence, "image": image, "th_open": cell_open, "td_open": cell_open}
    rules |= {"th_close": cell_close, "td_close": cell_close}
    math = dict.fromkeys(("math_inline", "math_inline_double", "math_block", "math_block_eqno"), _math)
    for name, rule in {**rules, **math}.items():
        parser.add_render_rule(name, rule)
    return parser


def leads_out(url: str) -> bool:
    """Allow a link only to the web or to a mailbox: one without a scheme would lead into the reader's own server."""
    return url.partition(":")[0].lower() in SCHEMES and ":" in url


@cache
def _classes() -> dict[str, set[str]]:
    from pygments.token import STANDARD_TYPES

    return {
        "span": {*MATH.split(), *filter(None, STANDARD_TYPES.values())},
        "div": {*MATH.split()},
        "pre": {"highlight"},
    }


# As in texmath, but what stands behind \] on its line is not lost, and \[ \] may stand in a paragraph.
BLOCK: Any = {
    "name": "math_block",
    "tag": "\\[",
    "tmpl": "",
    "rex": re.compile(r"^\\\[((?:(?!\\\])[\s\S])+)\\\][ \t]*$", re.MULTILINE),
}
DISPLAY: Any = {
    "name": "math_inline_double",
    "tag": "\\[",
    "tmpl": "",
    "rex": re.compile(r"^\\\[(.+?)\\\]", re.DOTALL),
}
INLINE: Any = {
    "name": "math_inline",
    "tag": "\\(",
    "tmpl": "",
    "rex": re.compile(r"^\\\((.+?)\\\)", re.DOTALL),
}

_dollars = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)


def dollars(state: StateInline, silent: bool) -> bool:
    """Read `$...$`. The plugin looks at `src[-1]` for the character before the first: no digit may stand there."""
    if state.pos or not state.src[-1:].isdigit():
        return _dollars(state, silent)
    state.src += " "
    try:
        return _dollars(state, silent)
    finally:
        state.src = state.src[:-1]


def fence(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a code block, coloured where its language is known; Jupyter's own styles give the colours."""
    token = tokens[idx]
    return code_html(token.content, token.info.split(maxsplit=1)[0] if token.info.strip() else "") + "\n"


def code_html(code: str, language: str) -> str:
    """Render code as a block."""
    return f'<pre class="highlight"><code>{highlighted(code, language)}</code></pre>'


def highlighted(code: str, language: str) -> str:
    """Mark up code for its colours; plain where the language is not known."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return html.escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def image(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a picture as a link: loading it would tell its server who reads."""
    token = tokens[idx]
    url = str(token.attrs.get("src", ""))
    return f'<a href="{html.escape(url)}">{html.escape(token.content or url)}</a>'


def cell_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a cell's alignment as an attribute, since styles are not allowed, of an element inside it.

    JupyterLab's own style of cells would win over an attribute of the cell; without any it is to the right.
    """
    token = tokens[idx]
    _, _, side = str(token.attrs.get("style", "")).partition("text-align:")
    return f'<{token.tag}><div align="{side or "left"}">'


def cell_close(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """End a cell, and what aligns it."""
    return f"</div></{tokens[idx].tag}>\n"


def _math(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    token = tokens[idx]
    block = token.type != "math_inline"
    mark = "$$" if block else "$"
    tag = "div" if token.type.startswith("math_block") else "span"
    return f'<{tag} class="{MATH}">{mark}{html.escape(token.content)}{mark}</{tag}>'
