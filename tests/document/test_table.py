"""Tables as HTML and as aligned plain text."""

from __future__ import annotations

import pytest
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html

from mimo_magics.document.table import table_bundle as table


@pytest.mark.parametrize("name", HOSTILE)
def test_html_in_a_cell_is_escaped(name: str) -> None:
    text = HOSTILE[name]
    html = table(("name", "value"), [(text, text)])["text/html"]
    assert find_unexpected(ParsedHtml(html).found) == []
    # Browsers add <tbody>.
    assert find_harm(reparse_html(html)) == []


def test_numeric_columns_are_aligned_to_the_right() -> None:
    bundle = table(("name", "tokens"), [("first", "7"), ("second", "1,200")], numeric_columns=("tokens",))
    assert bundle == {
        "text/html": (
            '<table><thead><tr><th><div align="left">name</div></th><th align="right">tokens</th></tr></thead>'
            '<tr style="background:none"><td><div align="left">first</div></td><td align="right">7</td></tr>'
            '<tr style="background:none"><td><div align="left">second</div></td><td align="right">1,200</td></tr></table>'
        ),
        "text/plain": "name    tokens\nfirst        7\nsecond   1,200",
    }


def test_an_empty_cell_of_the_head_is_no_heading() -> None:
    assert table(("", "a"), [("→", "b")])["text/html"].startswith(
        '<table><thead><tr><td><div align="left"></div></td><th><div align="left">a</div></th></tr></thead>'
    )


def test_chinese_characters_take_two_columns_in_plain_text() -> None:
    assert table(("name", "x"), [("基隆", "1"), ("ab", "2")])["text/plain"] == "name  x\n基隆  1\nab    2"


def test_a_caption_is_escaped_and_below_the_table() -> None:
    bundle = table(("a",), [("1",)], caption="<b> \x1b")
    assert bundle["text/html"].endswith(
        '</table><p dir="auto"><small style="opacity:0.7">&lt;b&gt; ⟨U+001B⟩</small></p>'
    )
    assert bundle["text/plain"] == "a\n1\n<b> ⟨U+001B⟩"


def test_a_table_without_rows_is_a_sentence() -> None:
    assert table(("a", "b"), ()) == {"text/html": "<p>No entries.</p>", "text/plain": "No entries."}
    assert table(("a",), (), caption="As of today.", empty_text="No <tools>.") == {
        "text/html": '<p>No &lt;tools&gt;.</p><p dir="auto"><small style="opacity:0.7">As of today.</small></p>',
        "text/plain": "No <tools>.\nAs of today.",
    }


@pytest.mark.parametrize("char", ["a", "好", "\u202e", "\n", "<"])
def test_a_long_cell_is_truncated(char: str) -> None:
    bundle = table(("name", "x"), [(char * 20_000_000, "1"), (char * 500, "2")])
    assert len(bundle["text/html"]) < 20_000
    assert len(bundle["text/plain"]) < 20_000
    assert bundle["text/html"].count("…") == 1


@pytest.mark.parametrize("count", [500, 501, 20_000])
def test_a_long_table_ends_with_the_number_of_omitted_rows(count: int) -> None:
    bundle = table(("name",), ((f"tool{number}",) for number in range(count)), caption="Tools.")
    lines = bundle["text/plain"].splitlines()
    more = f" {count - 500:,} more rows." if count > 500 else ""
    assert (lines[0], lines[1], lines[500], lines[501:]) == ("name", "tool0", "tool499", [f"Tools.{more}"])
    assert bundle["text/html"].count("<tr") == 502
    assert bundle["text/html"].endswith(f">Tools.{more}</small></p>")


@pytest.mark.parametrize("count", [1, 20, 21, 300])
def test_the_rows_that_do_not_fit_on_a_screen_are_folded(count: int) -> None:
    bundle = table(
        ("name", "tokens"), ((f"model{n}", str(n)) for n in range(count)), numeric_columns=("tokens",)
    )
    visible, folded, others = bundle["text/html"].partition("<details>")
    assert visible.count("<td") == 2 * min(count, 20)
    assert bool(folded) is (count > 20)
    if folded:
        assert others.startswith(
            f'<summary dir="auto">Show {count - 20} more</summary><table><thead><tr><th>'
        )
        assert others.count("<td") == 2 * (count - 20)
    assert len(bundle["text/plain"].splitlines()) == count + 1
