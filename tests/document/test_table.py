"""Tables, as HTML and as aligned text."""

from __future__ import annotations

import pytest
from support.hostile import HOSTILE, odd
from support.read_html import Reading, harm, read_again

from mimo_magics.document.table import table_bundle as table


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_cell_of_a_table_is_text(name: str) -> None:
    text = HOSTILE[name]
    html = table(("name", "value"), [(text, text)])["text/html"]
    assert odd(Reading(html).found) == []
    assert harm(read_again(html)) == []  # browsers add <tbody>


def test_columns_of_numbers_are_aligned_to_the_right_in_html_and_in_text() -> None:
    bundle = table(("name", "tokens"), [("first", "7"), ("second", "1,200")], numeric_columns=("tokens",))
    assert bundle == {
        "text/html": (
            '<table><tr><th><div align="left">name</div></th><th><div align="right">tokens</div></th></tr>'
            '<tr><td><div align="left">first</div></td><td><div align="right">7</div></td></tr>'
            '<tr><td><div align="left">second</div></td><td><div align="right">1,200</div></td></tr></table>'
        ),
        "text/plain": "name    tokens\nfirst        7\nsecond   1,200",
    }


def test_chinese_characters_are_two_columns_wide_in_text() -> None:
    assert table(("name", "x"), [("基隆", "1"), ("ab", "2")])["text/plain"] == "name  x\n基隆  1\nab    2"


def test_a_caption_stands_below_the_table_as_text() -> None:
    bundle = table(("a",), [("1",)], caption="<b> \x1b")
    assert bundle["text/html"].endswith("</table><p><small>&lt;b&gt; ⟨U+001B⟩</small></p>")
    assert bundle["text/plain"] == "a\n1\n<b> ⟨U+001B⟩"


def test_a_table_without_rows_is_its_head() -> None:
    assert table(("a", "b"), ()) == {
        "text/html": '<table><tr><th><div align="left">a</div></th><th><div align="left">b</div></th></tr></table>',
        "text/plain": "a  b",
    }
