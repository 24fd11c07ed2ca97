"""HTML as a browser reads it: what is in it, and what nobody would have put there with good intent."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser

import nh3

from support.hostile import ATTRIBUTES, PICTURES, TAGS, find_unexpected


class ParsedHtml(HTMLParser):
    """What is in HTML: each tag, each attribute; and the whole of it written in another way."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.tree = ""
        self.feed(html.replace("\r\n", "\n").replace("\r", "\n"))  # as browsers do
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = [(tag,), *((tag, name, value or "") for name, value in attrs)]
        self.found += found
        self.tree += f"\n{sorted(found)}"

    def handle_endtag(self, tag: str) -> None:
        self.tree += f"\n/{tag}"

    def handle_data(self, data: str) -> None:
        self.tree += escape("".join(data.split()))

    def handle_comment(self, data: str) -> None:
        self.found.append(("a comment", data))

    handle_decl = handle_pi = unknown_decl = handle_comment


def reparse_html(html: str) -> str:
    """Return what a browser's parser makes of it."""
    names = {rule.partition(" ")[2] for rule in (*ATTRIBUTES, *PICTURES)}
    return nh3.clean(html, tags={*TAGS.split(), "img"}, attributes={"*": names}, link_rel=None)


def find_harm(html: str, more: Mapping[str, str] = {}) -> list[tuple[str, ...]]:
    """Return what is odd in it, and the difference where a browser reads something else."""
    once, twice = ParsedHtml(html), ParsedHtml(reparse_html(html))
    return find_unexpected(once.found, more) + ([] if once.tree == twice.tree else [(once.tree, twice.tree)])
