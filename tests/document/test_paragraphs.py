"""Lines of plain text as paragraphs."""

import pytest
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import CONTROL_CHARACTERS
from mimo_magics.document.paragraphs import paragraphs_bundle


def test_each_line_is_a_paragraph_of_html_and_a_line_of_plain_text() -> None:
    assert paragraphs_bundle("Hello", "a < b\u202e") == {
        "text/html": '<p dir="auto">Hello</p><p dir="auto">a &lt; b⟨U+202E⟩</p>',
        "text/plain": "Hello\na < b\ufffd",
    }


def test_no_lines_are_an_empty_output() -> None:
    assert paragraphs_bundle() == {"text/html": "", "text/plain": ""}


def test_a_text_of_the_interface_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translatable, "language", "zh-TW")
    assert paragraphs_bundle(Translatable("Stop")) == {
        "text/html": '<p dir="auto">停止</p>',
        "text/plain": "停止",
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_html_in_a_line_is_escaped(name: str) -> None:
    bundle = paragraphs_bundle(HOSTILE[name])
    assert find_unexpected(ParsedHtml(bundle["text/html"]).found) == []
    assert not CONTROL_CHARACTERS.search(bundle["text/plain"])
