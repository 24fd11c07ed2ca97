"""Hostile texts, as HTML: whatever stands in a reply, the page gets elements and attributes from one short list.

Each string is read twice: as it is written, and as it is written again by the parser that browsers have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from html.parser import HTMLParser

import nh3
import pytest
from hostile import ATTRIBUTES, HOSTILE, OUT, PICTURES, TAGS, odd
from markdown_it import MarkdownIt

from mimo_magics.document import Look, bundle, page
from mimo_magics.document.markdown import to_html
from mimo_magics.document.printable import OBEYED
from mimo_magics.document.table import bundle as table
from mimo_magics.messages import (
    Annotation,
    Message,
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
)

FORMS = ("markdown", "text", "json")


def reply(*parts: Part) -> Reply:
    return Reply(Message("assistant", parts), stop="end")


def everywhere(text: str) -> Reply:
    parts = (ReasoningPart(text), ToolCall(text, text, text), ToolResult(text, text, text), TextPart(text))
    source = Annotation(f"{OUT}/{text}", text, text, text, text)
    return Reply(Message("assistant", parts), None, text, text, text, (source,), (text,))


PLACES: dict[str, Callable[[str], Reply]] = {
    "answer": lambda text: reply(TextPart(text)),
    "JSON": lambda text: reply(TextPart(json.dumps({text: text}))),
    "reasoning": lambda text: reply(ReasoningPart(text)),
    "tool": lambda text: reply(ToolCall(text, text, "{}")),
    "arguments": lambda text: reply(ToolCall("1", "tool", text)),
    "JSON arguments": lambda text: reply(ToolCall("1", "tool", json.dumps({text: text}))),
    "result": lambda text: reply(ToolCall("1", "tool"), ToolResult("1", text, text)),
    "address": lambda text: Reply(annotations=(Annotation(text),)),
    "web address": lambda text: Reply(annotations=(Annotation(f"{OUT}/{text}"),)),
    "source": lambda text: Reply(annotations=(Annotation(f"{OUT}/x", text, text, text, text),)),
    "note": lambda text: Reply(notes=(text,)),
    "model": lambda text: Reply(model=text),
    "stop": lambda text: Reply(stop=text),
    "id": lambda text: Reply(id=text),
    "all of it": everywhere,
}
"""Wherever a server can put a text."""


class Reading(HTMLParser):
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


def read_again(html: str) -> str:
    """Return what a browser's parser makes of it."""
    names = {rule.partition(" ")[2] for rule in (*ATTRIBUTES, *PICTURES)}
    return nh3.clean(html, tags={*TAGS.split(), "img"}, attributes={"*": names}, link_rel=None)


def harm(html: str, more: Mapping[str, str] = {}) -> list[tuple[str, ...]]:
    """Return what is odd in it, and the difference where a browser reads something else."""
    once, twice = Reading(html), Reading(read_again(html))
    return odd(once.found, more) + ([] if once.tree == twice.tree else [(once.tree, twice.tree)])


def shown(text: str, place: str) -> list[str]:
    """Show a reply with the text in that place, in all forms."""
    return [page(PLACES[place](text), look=Look(form)) for form in FORMS]


def test_there_are_many_and_no_two_are_the_same() -> None:
    assert len(set(HOSTILE.values())) == len(HOSTILE) >= 80


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_harmless_wherever_it_stands_in_a_reply(name: str) -> None:
    for place in PLACES:
        assert [place, *map(harm, shown(HOSTILE[name], place))] == [place, [], [], []]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_text_gets_out_of_the_document_where_the_document_stands_in_markdown(name: str) -> None:
    for html in shown(HOSTILE[name], "all of it"):
        assert [token.type for token in MarkdownIt("commonmark").parse(html)] == ["html_block"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_harmless_wherever_it_breaks_off(name: str) -> None:
    text = HOSTILE[name]
    for end in range(0, len(text), 10):
        assert (text[:end], harm(to_html(text[:end]))) == (text[:end], [])


@pytest.mark.parametrize("name", HOSTILE)
def test_pictures_that_a_person_wants_to_see_are_nothing_but_pictures(name: str) -> None:
    assert harm(page(everywhere(HOSTILE[name]), look=Look(images=True)), PICTURES) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_status_is_text(name: str) -> None:
    assert harm(page(reply(TextPart("x")), HOSTILE[name])) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_cell_of_a_table_is_text(name: str) -> None:
    text = HOSTILE[name]
    html = table(("name", "value"), [(text, text)])["text/html"]
    assert odd(Reading(html).found) == []
    assert harm(read_again(html)) == []  # browsers add <tbody>


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_obeys_no_hostile_text(name: str) -> None:
    text = HOSTILE[name]
    assert not OBEYED.search(bundle(everywhere(text))["text/plain"])
    assert not OBEYED.search(table(("x",), [(text,)])["text/plain"])
