"""The items of a list while a reply streams."""

from __future__ import annotations

import pytest
from support.broken_replies import CASES, EMMA_JSON, OAK_JSON, Book, Case, Plant

from mimo_magics.session.structured.item_splitter import ItemSplitter
from mimo_magics.session.structured.item_stream import ItemStream
from mimo_magics.session.structured.reading import read_reply
from mimo_magics.session.structured.schema import build_schema

LISTS = [case for case in CASES if build_schema(case.schema).is_list]


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
@pytest.mark.parametrize("case", LISTS, ids=[case.kind for case in LISTS])
def test_streamed_items_are_items_of_the_whole_reply(case: Case, size: int) -> None:
    schema = build_schema(case.schema)
    stream = ItemStream(schema)
    streamed = [item for piece in pieces(case.reply, size) for item in stream.feed(piece)]
    valid = [item.value for item in read_reply(case.reply, schema).valid_items]
    valid += [schema.adapter.validate_python([each])[0] for each in case.contained]
    assert [item for item in streamed if item not in valid] == []


def test_an_item_appears_with_its_closing_bracket() -> None:
    stream = ItemStream(build_schema(list[Book]))
    counts = [len(list(stream.feed(char))) for char in f'{{"items": [{EMMA_JSON}, {EMMA_JSON}']
    assert [index for index, count in enumerate(counts) if count] == [10 + len(EMMA_JSON), len(counts) - 1]


def test_a_number_appears_when_it_is_whole() -> None:
    stream = ItemStream(build_schema(list[int]))
    assert [list(stream.feed(piece)) for piece in ("[1", "2", ", 3", "4]")] == [[], [], [12], [34]]


def test_a_list_within_an_item_is_no_list_of_items() -> None:
    splitter = ItemSplitter(["number", "tags"])
    text = '{"number": 1, "tags": [{"a": 1}]}\n{"number": 2, "tags": []}'
    assert splitter.feed(text) == text.split("\n")


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    text = '{"code": "]}\\"[{", /* ]} */ "height_m": 1.5, // }\n "count": 2}'
    assert ItemSplitter(["code"]).feed(f"[{text}, {OAK_JSON}]") == [text, OAK_JSON]


@pytest.mark.parametrize("text", ["[" * 300, '{"a":' * 300, "[" + '{"a": "' + "b" * 1_100_000])
def test_hostile_text_ends_the_splitting(text: str) -> None:
    splitter = ItemSplitter(["code"])
    assert splitter.feed(text) == []
    assert splitter.feed(f'"}}]]]]] [{OAK_JSON}]') == []


def test_an_item_that_does_not_fit_appears_in_no_row() -> None:
    stream = ItemStream(build_schema(list[Plant]))
    assert list(stream.feed('[{"code": "a", "height_m": "2 m", "count": 1}, 5, [], "x"]')) == []
