"""The items of a result as events."""

from __future__ import annotations

from typing import Any

import pytest

from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    ResultExpected,
    ResultItem,
    TextDelta,
)
from mimo_magics.session.structured.item_events import MAX_OPEN_CHARS, ItemEvents
from mimo_magics.session.structured.schema import ResultSchema, build_schema

PEOPLE = build_schema("name, age int", many=True)
CITY = build_schema("city, people int, tags list[str]?")


def feed(schema: ResultSchema | None, *events: Event) -> list[Event]:
    """Return the events that are added."""
    adder = ItemEvents(schema)
    found = [each for event in events for each in adder.feed(event)]
    return [event for event in found if event not in events]


def values(schema: ResultSchema, *texts: str) -> list[Any]:
    found = feed(schema, ResponseStarted(), *map(TextDelta, texts))
    return [event.value for event in found if isinstance(event, ResultItem)]


def test_without_a_schema_nothing_is_added() -> None:
    assert feed(None, ResponseStarted(), TextDelta('[{"name": "Ada"}]')) == []


def test_each_response_announces_the_schema() -> None:
    added = feed(PEOPLE, ResponseStarted(), ResponseRestarted("2"), ReasoningDelta("Hm."))
    assert added == [ResultExpected(PEOPLE.value_schema)] * 2
    assert PEOPLE.value_schema["type"] == "array"


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_an_item_is_an_event_when_it_is_complete_and_fits(size: int) -> None:
    text = '{"items": [{"name": "Ada", "age": 36}, {"name": "Bo", "age": "x"}, {"name": "Cy", "age": 7}'
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert values(PEOPLE, *pieces) == [{"name": "Ada", "age": 36}, {"name": "Cy", "age": 7}]


def test_the_fields_of_one_object_come_when_they_are_whole() -> None:
    pieces = ('{"city": "Kyo', 'to", "people": 14', '63723, "tags": ["a",', ' "b"]}')
    assert values(CITY, *pieces) == [
        {"city": "Kyoto"},
        {"city": "Kyoto", "people": 1463723},
        {"city": "Kyoto", "people": 1463723, "tags": ["a", "b"]},
    ]


def test_a_restarted_response_begins_again() -> None:
    events = (ResponseStarted(), TextDelta('{"items": [{"name": "A"'), ResponseRestarted("2"))
    added = feed(PEOPLE, *events, TextDelta('[{"name": "Bo", "age": 7},'))
    assert added[-1] == ResultItem({"name": "Bo", "age": 7})


def test_a_long_object_is_not_read_again_for_each_field() -> None:
    adder = ItemEvents(CITY)
    list(adder.feed(ResponseStarted()))
    list(adder.feed(TextDelta('{"city": "' + "x" * MAX_OPEN_CHARS)))
    assert list(adder.feed(TextDelta('", "people": 3, '))) == [TextDelta('", "people": 3, ')]
