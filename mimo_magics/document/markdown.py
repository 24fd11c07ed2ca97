"""Markdown of a model, which is untrusted, to HTML that can do no harm.

Jupyter trusts the outputs of a cell that was just run: `text/markdown` or raw HTML of a model would be code with
the rights of the page. So HTML in the source stays text, pictures become links, and what comes out passes one
short list of allowed elements: no script, style, form, media, id or data attribute, and no class but our own few.
Math stays TeX source, marked for the page to typeset where it can.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_inline_dollar
from mdit_py_plugins.texmath.index import make_block_func, make_inline_func

from mimo_magics.core.text import escape_invisible_characters
from mimo_magics.document.highlighting import MAX_DOCUMENT_CHARS, code_html, color_cost, is_colored
from mimo_magics.document.sanitizer import MATH_CLASSES, is_external_url, sanitize_html
from mimo_magics.document.tex import is_safe_tex

MAX_BRACKETS = 500
r"""More of `\(` and `\[` than this are not taken for math: the search for the end of each would be quadratic."""

MAX_TITLE_CHARS = 500
"""Characters of a link's title: a reference repeats it each time that it is used."""
MAX_NESTING = 50
"""Levels of nesting that are still shown."""

HOST_IN_TEXT = re.compile(
    r"(?:^\s*(?=[\w.-]+(?:[/:?#]|\s*$))|//)((?:[\w-]+\.)+(?:[^\W\d_]{2,24}|\d{1,3}))(?![\w@-]|\.\w)"
)
"""A host in the text of a link: behind `//`, or alone. What ends in a number may be a version, too."""
CODE_TOKENS = ("fence", "code_block")
DIRECTIONAL_TOKENS = ("paragraph_open", "heading_open", "list_item_open")
RTL_LETTERS = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Letters that are read from right to left."""


def to_html(source: str, *, remote_images: bool = False) -> str:
    """Render Markdown of any origin as inert HTML; with `images`, pictures are loaded and not only linked to."""
    source = escape_invisible_characters(source)
    return sanitize_html(
        _parser_for(source).render(source, {"images": remote_images}), remote_images=remote_images
    )


class TopBlock(NamedTuple):
    """A block that stands in no other one."""

    kind: str
    start_line: int
    """Number of its first line."""
    end_line: int
    """Number of the first line behind it; blank lines are not part of it."""
    tokens: list[Token]


def parse_blocks(source: str) -> Iterator[TopBlock]:
    """Yield the top-level blocks of Markdown."""
    parser = _parser_for(source)
    tokens: list[Token] = []
    parser.block.parse(source, parser, {}, tokens)
    start = 0
    for end, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting <= 0:
            first = tokens[start]
            assert first.map
            yield TopBlock(first.type.removesuffix("_open"), first.map[0], first.map[1], tokens[start:end])
            start = end


def code_blocks(source: str) -> list[str]:
    """Return the code blocks of Markdown, wherever they stand."""
    tokens = _parser_for(source).parse(source)
    return [token.content for token in tokens if token.type in CODE_TOKENS]


def _parser_for(source: str) -> MarkdownIt:
    return _build_parser(allow_brackets=source.count("\\(") + source.count("\\[") <= MAX_BRACKETS)


@cache
def _build_parser(*, allow_brackets: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable(
        ["table", "strikethrough"]
    )
    parser.validateLink = is_external_url  # type: ignore[method-assign]
    if allow_brackets:
        parser.block.ruler.before("fence", "math_block", parse_bracket_block)
        parser.inline.ruler.before("escape", "math_brackets", make_inline_func(INLINE_MATH_RULE))
        parser.inline.ruler.before("escape", "math_brackets_double", make_inline_func(DISPLAY_MATH_RULE))
    parser.use(
        dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True
    )
    parser.inline.ruler.at("math_inline", parse_dollar_math)
    rules = {
        "fence": render_fence,
        "code_block": render_fence,
        "image": render_image,
        "link_open": render_link_open,
        "th_open": render_cell_open,
        "td_open": render_cell_open,
    }
    rules |= {"th_close": render_cell_close, "td_close": render_cell_close}
    math = dict.fromkeys(("math_inline", "math_inline_double", "math_block", "math_block_eqno"), _render_math)
    for name, rule in {**rules, **math}.items():
        parser.add_render_rule(name, rule)
    parser.core.ruler.push("direction", set_text_direction)
    parser.core.ruler.push("visible_text", escape_decoded_text)
    parser.core.ruler.push("link_host", name_link_hosts)
    return parser


# As in texmath, but what stands behind \] on its line is not lost, and \[ \] may stand in a paragraph.
MATH_BLOCK_RULE: Any = {
    "name": "math_block",
    "tag": "\\[",
    "tmpl": "",
    "rex": re.compile(r"^\\\[((?:(?!\\\])[\s\S])+)\\\][ \t]*$", re.MULTILINE),
}
DISPLAY_MATH_RULE: Any = {
    "name": "math_inline_double",
    "tag": "\\[",
    "tmpl": "",
    "rex": re.compile(r"^\\\[(.+?)\\\]", re.DOTALL),
}
INLINE_MATH_RULE: Any = {
    "name": "math_inline",
    "tag": "\\(",
    "tmpl": "",
    "rex": re.compile(r"^\\\((.+?)\\\)", re.DOTALL),
}

_texmath_block_rule = make_block_func(MATH_BLOCK_RULE)


def parse_bracket_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Read a block of `\[` and `\]`, and note its lines, which the plugin does not."""
    found = _texmath_block_rule(state, start, end, silent)
    if found and not silent:
        state.tokens[-1].map = [start, state.line]
    return found


_dollarmath_rule = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)


def parse_dollar_math(state: StateInline, silent: bool) -> bool:
    """Read `$...$`. The plugin looks at `src[-1]` for the character before the first: no digit may stand there."""
    if state.pos or not state.src[-1:].isdigit():
        return _dollarmath_rule(state, silent)
    state.src += " "
    try:
        return _dollarmath_rule(state, silent)
    finally:
        state.src = state.src[:-1]


def set_text_direction(state: StateCore) -> None:
    """Let the text of each block decide the direction that it is read in, where there is any doubt."""
    state.env["dir"] = ' dir="auto"' if RTL_LETTERS.search(state.src) else ""
    for token in state.tokens:
        if state.env["dir"] and token.type in DIRECTIONAL_TOKENS:
            token.attrSet("dir", "auto")


def escape_decoded_text(state: StateCore) -> None:
    """Spell out what is invisible once more: entities and percent signs are decoded by the parser."""
    for token in iter_tokens(state.tokens):
        if token.type not in CODE_TOKENS:  # nothing is decoded there, and `code_blocks` returns it as it is
            token.content = escape_invisible_characters(token.content)
        if "title" in token.attrs:
            title = str(token.attrs["title"])[:MAX_TITLE_CHARS]
            token.attrs["title"] = escape_invisible_characters(title)


def name_link_hosts(state: StateCore) -> None:
    """Put the host of a link behind a text that names another one."""
    for token in state.tokens:
        if token.children:
            token.children = list(_with_hosts(token.children))


def iter_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens and those within them."""
    for token in tokens:
        yield token
        yield from iter_tokens(token.children or ())


def _with_hosts(tokens: Sequence[Token]) -> Iterator[Token]:
    host, text = "", ""
    for token in tokens:
        if token.type == "link_open":
            host, text = _get_host(str(token.attrs.get("href", ""))), ""
        text += token.content
        yield token
        if token.type == "link_close" and host and _names_other_host(text, host):
            yield Token("text", "", 0, content=f" ({host})")


def _get_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # no address
        return ""


def _names_other_host(text: str, host: str) -> bool:
    """Tell whether a link's text names a host, and not the one that it leads to."""
    named = {name.lower().removeprefix("www.") for name in HOST_IN_TEXT.findall(text)}
    return bool(named) and host.lower().removeprefix("www.") not in named


def render_fence(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a code block, colored where its language is listed; Jupyter's own styles give the colors."""
    token = tokens[idx]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    max_chars = MAX_DOCUMENT_CHARS - env.get("colored_chars", 0)
    if is_colored(token.content, language, max_chars):
        env["colored_chars"] = env.get("colored_chars", 0) + color_cost(token.content, language)
    return code_html(token.content, language, max_chars=max_chars) + "\n"


def render_image(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a picture as a link: loading it would tell its server who reads."""
    token = tokens[idx]
    url, text = str(token.attrs.get("src", "")), html.escape(token.content)
    if not url:
        return text
    if env["images"]:
        return f'<img src="{html.escape(url)}" alt="{text}" referrerpolicy="no-referrer">'
    return f'<a href="{html.escape(url)}">{text or html.escape(url)}</a>'


def render_link_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Begin a link; one to nowhere would lead to the page itself."""
    return self.renderToken(tokens, idx, options, env) if tokens[idx].attrs.get("href") else "<a>"


def render_cell_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a cell's alignment as an attribute, since styles are not allowed, of an element inside it.

    JupyterLab's own style of cells would win over an attribute of the cell; without any it is to the right.
    """
    token = tokens[idx]
    _, _, side = str(token.attrs.get("style", "")).partition("text-align:")
    return f'<{token.tag}><div{env["dir"]} align="{side or "left"}">'


def render_cell_close(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """End a cell, and what aligns it."""
    return f"</div></{tokens[idx].tag}>\n"


def _render_math(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    token = tokens[idx]
    block = token.type != "math_inline"
    delimiter = "$$" if block else "$"
    tag = "div" if token.type.startswith("math_block") else "span"
    class_attribute = f' class="{MATH_CLASSES}"' if is_safe_tex(token.content) else ""
    return f"<{tag}{class_attribute}>{delimiter}{html.escape(token.content)}{delimiter}</{tag}>"
