"""Any list of objects is read exactly, and a part of its text holds no other object."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings, strategies as st
from support.broken_replies import Memo

from mimo_magics.session.structured.item_stream import ItemStream
from mimo_magics.session.structured.reading import read_reply
from mimo_magics.session.structured.schema import build_schema

SCHEMA = build_schema(list[Memo])
WORDS = st.sampled_from(
    ['"', "'", "}, {", '": "', "]", "[", ",", "\\", "\n", "//", "#", "...", "</think>", "“", "a", "é", " "]
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.lists(WORDS, max_size=6).map("".join)
)
ITEMS = st.lists(st.builds(Memo, head=TEXTS, text=TEXTS), max_size=4)


def values(text: str) -> list[Any]:
    return [item.value for item in read_reply(text, SCHEMA).valid_items]


@given(items=ITEMS, is_ascii=st.booleans(), indent=st.sampled_from([None, 1]), wrapped=st.booleans())
@settings(deadline=None, max_examples=150)
def test_valid_json_is_read_exactly(
    items: list[Memo], is_ascii: bool, indent: int | None, wrapped: bool
) -> None:
    plain: Any = [item.model_dump() for item in items]
    text = json.dumps({"items": plain} if wrapped else plain, ensure_ascii=is_ascii, indent=indent)
    assert values(text) == items
    assert read_reply(text, SCHEMA).is_complete
    stream = ItemStream(SCHEMA)
    assert [item for char in text for item in stream.feed(char)] == items
    for end in range(len(text)):
        part = values(text[:end])
        assert part == items[: len(part)]


@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(st.one_of(WORDS, st.just("{"), st.just('{"head": "')), max_size=20).map("".join),
    )
)
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_without_an_error(text: str) -> None:
    read_reply(text, SCHEMA)
    list(ItemStream(SCHEMA).feed(text))
