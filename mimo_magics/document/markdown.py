"""Rendering of untrusted Markdown as sanitized HTML.

Jupyter trusts the outputs of a cell that has just run: `text/markdown` or raw HTML from a model would run with the
rights of the page. So HTML in the source is escaped, images become links, and the result is sanitized by the
allow-list. Formulas stay TeX source, with a class that lets MathJax typeset them.
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
from mimo_magics.document.code_block import code_block_html
from mimo_magics.document.highlighting import MAX_DOCUMENT_CHARS, highlighting_cost, is_highlighted
from mimo_magics.document.markdown_extensions import link_bare_urls, show_task_boxes
from mimo_magics.document.sanitizer import MATH_CLASSES, is_external_url, sanitize_html
from mimo_magics.document.tex import is_safe_tex

MAX_BRACKETS = 500
r"""Number of `\(` and `\[` up to which they are parsed as math: the time to find their ends is quadratic."""

MAX_TITLE_CHARS = 500
"""Limit of a link's title. A Markdown reference repeats its title at each use."""
MAX_NESTING = 50
"""Nesting depth up to which blocks are rendered."""

HOST_IN_TEXT = re.compile(
    r"(?:^\s*(?=[\w.-]+(?:[/:?#]|\s*$))|//)((?:[\w-]+\.)+(?:[^\W\d_]{2,24}|\d{1,3}))(?![\w@-]|\.\w)"
)
"""A host name in the text of a link: after `//`, or alone. A version number counts, because it may be an IP address."""
CODE_TOKENS = ("fence", "code_block")
DIRECTIONAL_TOKENS = ("paragraph_open", "heading_open", "list_item_open")
RTL_LETTERS = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Letters of right-to-left scripts."""


def to_html(
    source: str,
    *,
    remote_images: bool = False,
    code_number: int | None = None,
    continues_code: bool = False,
) -> str:
    """Render untrusted Markdown as sanitized HTML.

    Args:
        source: the Markdown.
        remote_images: show images instead of links to them.
        code_number: the number of the first code block; `None` if code blocks have no numbers.
        continues_code: whether the first code block is the rest of an earlier one.
    """
    source = escape_invisible_characters(source)
    env = {"images": remote_images, "code_number": code_number, "continues_code": continues_code}
    return sanitize_html(_parser_for(source).render(source, env), remote_images=remote_images)


class TopBlock(NamedTuple):
    """A block at the top level of the document."""

    kind: str
    start_line: int
    """Number of its first line."""
    end_line: int
    """Number of the line after its last one. Blank lines after a block are not part of it."""
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
    """Return the code blocks of Markdown, nested ones included."""
    tokens = _parser_for(source).parse(source)
    return [token.content for token in tokens if token.type in CODE_TOKENS]


def keep_code(source: str) -> str:
    """Return Markdown with only the code blocks of a source; the source itself if it has none."""
    tokens = [token for token in _parser_for(source).parse(source) if token.type in CODE_TOKENS]
    return "\n\n".join(map(_fence, tokens)) if tokens else source


def _fence(token: Token) -> str:
    marks = "`" * max(3, 1 + max(map(len, re.findall("`+", token.content)), default=0))
    return f"{marks}{token.info.replace('`', '')}\n{token.content}{marks}"


def code_lines(source: str) -> set[int]:
    """Return the numbers of the lines of code blocks, from 0. The lines of a fence are among them."""
    tokens = (token for block in parse_blocks(source) for token in block.tokens if token.type in CODE_TOKENS)
    return {number for token in tokens for number in range(*(token.map or (0, 0)))}


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
        "th_close": render_cell_close,
        "td_close": render_cell_close,
        "math_inline": _render_math,
        "math_inline_double": _render_math,
        "math_block": _render_math,
        "math_block_eqno": _render_math,
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    parser.core.ruler.push("direction", set_text_direction)
    parser.core.ruler.push("visible_text", escape_decoded_text)
    parser.core.ruler.push("task_list", show_task_boxes)
    parser.core.ruler.push("bare_url", link_bare_urls)
    parser.core.ruler.push("link_host", name_link_hosts)
    return parser


# The rules of texmath would drop text after \] on the same line, and do not allow \[ \] inside a paragraph.
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
    r"""Parse a block of `\[` and `\]`, and set its line numbers, which the plugin does not."""
    found = _texmath_block_rule(state, start, end, silent)
    if found and not silent:
        state.tokens[-1].map = [start, state.line]
    return found


_dollarmath_rule = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)


def parse_dollar_math(state: StateInline, silent: bool) -> bool:
    """Parse `$...$`. At position 0 the plugin takes `src[-1]` for the character before it, which must not be a digit."""
    if state.pos or not state.src[-1:].isdigit():
        return _dollarmath_rule(state, silent)
    state.src += " "
    try:
        return _dollarmath_rule(state, silent)
    finally:
        state.src = state.src[:-1]


def set_text_direction(state: StateCore) -> None:
    """Set `dir="auto"` on each block if the document has right-to-left letters."""
    state.env["dir"] = ' dir="auto"' if RTL_LETTERS.search(state.src) else ""
    for token in state.tokens:
        if state.env["dir"] and token.type in DIRECTIONAL_TOKENS:
            token.attrSet("dir", "auto")


def escape_decoded_text(state: StateCore) -> None:
    """Escape invisible characters again, after the parser has decoded entities and percent-encoded URLs."""
    for token in iter_tokens(state.tokens):
        # Nothing is decoded in code, and `code_blocks` must return it unchanged.
        if token.type not in CODE_TOKENS:
            token.content = escape_invisible_characters(token.content)
        if "title" in token.attrs:
            title = str(token.attrs["title"])[:MAX_TITLE_CHARS]
            token.attrs["title"] = escape_invisible_characters(title)


def name_link_hosts(state: StateCore) -> None:
    """Append the host of a link to its text if the text names another host."""
    for token in state.tokens:
        if token.children:
            token.children = list(_with_hosts(token.children))


def iter_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens and their children."""
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
    except ValueError:
        return ""


def _names_other_host(text: str, host: str) -> bool:
    """Return whether the text of a link names a host, but not the host of the link."""
    named = {name.lower().removeprefix("www.") for name in HOST_IN_TEXT.findall(text)}
    return bool(named) and host.lower().removeprefix("www.") not in named


def render_fence(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render a code block with the next number, highlighted if its language is listed. Jupyter's CSS has the colors."""
    token = tokens[idx]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    max_chars = MAX_DOCUMENT_CHARS - env.get("highlighted_chars", 0)
    if is_highlighted(token.content, language, max_chars):
        env["highlighted_chars"] = env.get("highlighted_chars", 0) + highlighting_cost(
            token.content, language
        )
    has_head, number = not env["continues_code"], env["code_number"]
    env["continues_code"] = False
    if number is not None and has_head:
        env["code_number"] += 1
    return code_block_html(token.content, language, number, has_head=has_head, max_chars=max_chars) + "\n"


def render_image(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render an image as a link: its host would see the IP address of the reader."""
    token = tokens[idx]
    url, text = str(token.attrs.get("src", "")), html.escape(token.content)
    if not url:
        return text
    if env["images"]:
        return f'<img src="{html.escape(url)}" alt="{text}" referrerpolicy="no-referrer">'
    host = _get_host(url)
    host_note = f" ({html.escape(host)})" if host and _names_other_host(token.content, host) else ""
    return f'<a href="{html.escape(url)}">{text or html.escape(url)}</a>{host_note}'


def render_link_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render the start of a link. An empty `href` would point to the page itself, so it is left out."""
    return self.renderToken(tokens, idx, options, env) if tokens[idx].attrs.get("href") else "<a>"


def render_cell_open(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render the start of a table cell, with a `div` that has the alignment as an attribute.

    Styles are not allowed, and JupyterLab's CSS overrides an attribute of the cell itself.
    """
    token = tokens[idx]
    _, _, side = str(token.attrs.get("style", "")).partition("text-align:")
    return f'<{token.tag}><div{env["dir"]} align="{side or "left"}">'


def render_cell_close(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    """Render the end of a table cell and of its `div`."""
    return f"</div></{tokens[idx].tag}>\n"


def _render_math(self: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
    token = tokens[idx]
    block = token.type != "math_inline"
    delimiter = "$$" if block else "$"
    tag = "div" if token.type.startswith("math_block") else "span"
    class_attribute = f' class="{MATH_CLASSES}"' if is_safe_tex(token.content) else ""
    return f"<{tag}{class_attribute}>{delimiter}{html.escape(token.content)}{delimiter}</{tag}>"
