"""Extensions of Markdown that models use: task lists and bare URLs. They are rules that change the parsed tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from mimo_magics.document import styles

TASK = re.compile(r"\[([ xX])\](?=\s)")
BOXES = {" ": "☐", "x": "☑", "X": "☑"}
"""Characters, because a form element would need a label, and not every front end keeps it."""

BARE_URL = re.compile(
    r"""
    (?<![a-z0-9])https?://
    [a-z0-9][a-z0-9.-]*+ (?::\d+)?+ (?![\w@:])    # A host of ASCII letters, without a user name.
    (?:[/?#] (?:[\w./?#~:@!$&'*+,;=%-] | \([\w./?#~:@!$&'*+,;=%-]*\))*+ )?+
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A URL in a text. It ends before a bracket without its partner, and before punctuation of East Asian scripts."""
TRAILING_PUNCTUATION = ".,:;!?'*_~-"


def show_task_boxes(state: StateCore) -> None:
    """Replace the mark at the start of a list item by a box."""
    for item, inline in zip(state.tokens, state.tokens[2:], strict=False):
        # The source has the mark without a backslash before it.
        found = TASK.match(inline.content)
        if item.type == "list_item_open" and found and inline.children and inline.children[0].type == "text":
            text = inline.children[0]
            text.content = BOXES[found[1]] + text.content[found.end() :]
            item.attrSet("style", styles.TASK)


def link_bare_urls(state: StateCore) -> None:
    """Turn URLs in the text into links."""
    for token in state.tokens:
        if token.children and any("://" in child.content for child in token.children):
            token.children = list(_with_links(token.children, state.md))


def _with_links(tokens: Sequence[Token], parser: MarkdownIt) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type == "text" and not depth:
            yield from _split_text(token.content, parser)
        else:
            yield token


def _split_text(text: str, parser: MarkdownIt) -> Iterator[Token]:
    end = 0
    for found in BARE_URL.finditer(text):
        url = found[0].rstrip(TRAILING_PUNCTUATION)
        target = parser.normalizeLink(url)
        if parser.validateLink(target):
            yield _text_token(text[end : found.start()])
            yield Token("link_open", "a", 1, attrs={"href": target})
            yield _text_token(url)
            yield Token("link_close", "a", -1)
            end = found.start() + len(url)
    yield _text_token(text[end:])


def _text_token(text: str) -> Token:
    return Token("text", "", 0, content=text)
