"""The items of a result while a reply streams."""

from __future__ import annotations

import pytest
from support.hostile import HOSTILE, find_unexpected
from support.read_html import ParsedHtml
from support.results import ADA, BO, CITY_SCHEMA, PEOPLE_SCHEMA

from mimo_magics.document.growing_result import MAX_SHOWN_ROWS, GrowingResult, item_line


def test_the_last_items_are_rows_and_all_are_counted() -> None:
    result = GrowingResult(PEOPLE_SCHEMA)
    assert result.text == "0 items so far"
    for number in range(30):
        result.add({"name": f"person {number}", "age": number})
    lines = result.text.splitlines()
    assert len(lines) == MAX_SHOWN_ROWS + 2
    assert (lines[-2].split(), lines[-1]) == (["person", "29", "29"], "30 items so far")


def test_a_frame_stays_small_however_many_items_there_are() -> None:
    result = GrowingResult(PEOPLE_SCHEMA)
    for _ in range(10_000):
        result.add(ADA)
    assert len(result.html) < 3_000


def test_the_fields_of_one_object_replace_each_other() -> None:
    result = GrowingResult(CITY_SCHEMA)
    assert result.text == "Reading the result …"
    result.add({"city": "Kyoto"})
    result.add({"city": "Kyoto", "people": 3})
    assert result.text == "field   value\ncity    Kyoto\npeople  3"


def test_a_line_of_a_terminal_has_the_values() -> None:
    assert item_line({**BO, "tags": ["a", "b"]}) == "Bo · 7 · a, b"
    assert item_line("one") == "one"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless(name: str) -> None:
    text = HOSTILE[name]
    result = GrowingResult(PEOPLE_SCHEMA)
    result.add({"name": text, text: text})
    assert find_unexpected(ParsedHtml(result.html).found) == []
