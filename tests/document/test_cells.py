"""Cells of a table: a text on one line, and a number with a bar."""

from __future__ import annotations

import nh3
import pytest
from support.cells import CELL_ATTRIBUTES
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml, find_harm, reparse_html

from mimo_magics.document.cells import Bar, OneLine
from mimo_magics.document.table import table_bundle


def test_a_short_text_is_shown_whole() -> None:
    cell = OneLine("Model id.", 20)
    assert (cell.text, cell.html) == ("Model id.", '<span style="white-space:nowrap">Model id.</span>')


def test_a_long_text_is_shortened_and_whole_as_a_tooltip() -> None:
    cell = OneLine("Two\nlines of <b>text</b>", 12)
    assert cell.text == "Two lines o…"
    assert cell.html == (
        '<span style="white-space:nowrap" title="Two lines of &lt;b&gt;text&lt;/b&gt;">Two lines o…</span>'
    )
    assert len(OneLine("x" * 10_000_000, 12).html) < 2_000


def test_a_bar_has_its_number_beside_it() -> None:
    bars = [Bar(str(number), number / 50, "#4a90d9") for number in (50, 25, 0)]
    assert [bar.text for bar in bars] == ["50 ██████████", "25 █████     ", "0           "]
    assert [
        part in bar.html for bar, part in zip(bars, ("width:100%", "width:50%", "width:0%"), strict=True)
    ] == [True] * 3
    assert [bar.html.endswith(f"{bar.number}</div></div>") for bar in bars] == [True] * 3


def test_the_smallest_share_is_visible() -> None:
    assert Bar("1", 1e-9, "red").text == "1 ▏         "
    assert "width:1%" in Bar("1", 1e-9, "red").html


def test_the_number_stays_where_styles_are_removed() -> None:
    bar = nh3.clean(Bar("1,200", 0.5, "red").html, tags={"div"}, attributes={})
    assert bar.replace("<div>", "").replace("</div>", "") == "1,200"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_text(name: str) -> None:
    cells = (OneLine(HOSTILE[name], 30), Bar(HOSTILE[name], 0.5, "red"))
    page = table_bundle(("a", "b"), [cells])["text/html"]
    assert find_unexpected(ParsedHtml(page).found, CELL_ATTRIBUTES) == []
    assert find_harm(reparse_html(page), CELL_ATTRIBUTES) == []
