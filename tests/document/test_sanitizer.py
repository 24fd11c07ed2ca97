"""Hostile text in replies: the HTML has only elements and attributes of the allow-list.

The HTML is parsed twice: as it is, and after a browser's parser has serialized it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt
from support.hostile import FORMS, HOSTILE, OUT, PICTURES, everywhere
from support.read_html import find_harm

from mimo_magics.core.messages import (
    Annotation,
    Message,
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
)
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document.markdown import to_html
from mimo_magics.document.reply import DisplayOptions, reply_bundle, reply_html
from mimo_magics.document.table import table_bundle as table


def reply(*parts: Part) -> Reply:
    return Reply(Message("assistant", parts), stop="end")


FIELDS: dict[str, Callable[[str], Reply]] = {
    "text": lambda text: reply(TextPart(text)),
    "JSON": lambda text: reply(TextPart(json.dumps({text: text}))),
    "reasoning": lambda text: reply(ReasoningPart(text)),
    "tool": lambda text: reply(ToolCall(text, text, "{}")),
    "arguments": lambda text: reply(ToolCall("1", "tool", text)),
    "JSON arguments": lambda text: reply(ToolCall("1", "tool", json.dumps({text: text}))),
    "result": lambda text: reply(ToolCall("1", "tool"), ToolResult("1", text, text)),
    "source URL": lambda text: Reply(annotations=(Annotation(text),)),
    "source URL with a host": lambda text: Reply(annotations=(Annotation(f"{OUT}/{text}"),)),
    "source": lambda text: Reply(annotations=(Annotation(f"{OUT}/x", text, text, text, text),)),
    "note": lambda text: Reply(notes=(text,)),
    "model": lambda text: Reply(model=text),
    "stop": lambda text: Reply(stop=text),
    "id": lambda text: Reply(id=text),
    "all": everywhere,
}
"""The fields of a reply that a server controls."""


def shown(text: str, field: str) -> list[str]:
    """Return the HTML of a reply with the text in a field, in all formats."""
    return [reply_html(FIELDS[field](text), display_options=DisplayOptions(form)) for form in FORMS]


def test_the_hostile_texts_are_different() -> None:
    assert len(set(HOSTILE.values())) == len(HOSTILE) >= 80


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless_in_every_field_of_a_reply(name: str) -> None:
    for field in FIELDS:
        assert [field, *map(find_harm, shown(HOSTILE[name], field))] == [field, [], [], []]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_does_not_end_a_document_inside_markdown(name: str) -> None:
    for html in shown(HOSTILE[name], "all"):
        assert [token.type for token in MarkdownIt("commonmark").parse(html)] == ["html_block"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", HOSTILE)
def test_truncated_hostile_text_is_harmless(name: str) -> None:
    text = HOSTILE[name]
    for end in range(0, len(text), 10):
        assert (text[:end], find_harm(to_html(text[:end]))) == (text[:end], [])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless_with_remote_images(name: str) -> None:
    assert (
        find_harm(
            reply_html(everywhere(HOSTILE[name]), display_options=DisplayOptions(remote_images=True)),
            PICTURES,
        )
        == []
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_status_is_escaped(name: str) -> None:
    assert find_harm(reply_html(reply(TextPart("x")), HOSTILE[name])) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_plain_text_has_no_control_characters(name: str) -> None:
    text = HOSTILE[name]
    assert not CONTROL_CHARACTERS.search(reply_bundle(everywhere(text))["text/plain"])
    assert not CONTROL_CHARACTERS.search(table(("x",), [(text,)])["text/plain"])
