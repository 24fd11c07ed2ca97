"""HTML as a browser parses it, and the unexpected elements in it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser

import nh3

from mimo_magics.document.sanitizer import NO_MATH_CLASSES
from mimo_magics.document.styles import PRINT_RULE
from support.hostile import ATTRIBUTES, PICTURES, TAGS, find_unexpected


class ParsedHtml(HTMLParser):
    """The tags and attributes of HTML, and a normalized form of all of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.tree = ""
        self.feed(_without_print_rule(html).replace("\r\n", "\n").replace("\r", "\n"))
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
    """Return the HTML after parsing and serialization by a browser's algorithm."""
    names = {rule.partition(" ")[2] for rule in (*ATTRIBUTES, *PICTURES)}
    return nh3.clean(
        _without_print_rule(html), tags={*TAGS.split(), "img"}, attributes={"*": names}, link_rel=None
    )


def _without_print_rule(html: str) -> str:
    """Drop our own `<style>`, which begins a document. Any other one is found."""
    return html.replace(f'{NO_MATH_CLASSES}">{PRINT_RULE}', f'{NO_MATH_CLASSES}">')


def find_harm(html: str, more: Mapping[str, str] = {}) -> list[tuple[str, ...]]:
    """Return unexpected tags and attributes, and the difference if a browser parses the HTML differently."""
    once, twice = ParsedHtml(html), ParsedHtml(reparse_html(html))
    return find_unexpected(once.found, more) + ([] if once.tree == twice.tree else [(once.tree, twice.tree)])
