"""Assignment of deltas to tool calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.events import Accumulator
from mimo_magics.wire.tool_call_deltas import ToolCallDeltas

ROME, OSLO = '{"city": "Rome"}', '{"city": "Oslo"}'
Piece = tuple[Any, str, str, str]
"""Index, id, name and arguments."""


def fold(pieces: Iterable[Piece], initial: str = "") -> list[tuple[str, str, str]]:
    """Return id, name and arguments of the calls in these deltas."""
    deltas, accumulator = ToolCallDeltas(), Accumulator()
    for index, id_, name, arguments in pieces:
        if id_ or name:
            for event in deltas.open(index, id_, name, initial):
                accumulator.feed(event)
        for event in deltas.extend(index, arguments):
            accumulator.feed(event)
    for event in deltas.flush():
        accumulator.feed(event)
    return [(call.id, call.name, call.arguments) for call in accumulator.reply.tool_calls]


@pytest.mark.parametrize("index", [0, None, 7])
@pytest.mark.parametrize("names", [("look", "look"), ("look", "erase")])
def test_another_id_with_a_name_begins_a_new_call(index: Any, names: tuple[str, str]) -> None:
    pieces = [(index, "a", names[0], ROME), (index, "b", names[1], OSLO)]
    assert fold(pieces) == [("a", names[0], ROME), ("b", names[1], OSLO)]


def test_another_name_begins_a_new_call_with_the_same_or_no_id() -> None:
    assert fold([(0, "", "look", ""), (0, "", "erase", OSLO)]) == [
        ("call_0", "look", ""),
        ("call_1", "erase", OSLO),
    ]
    assert [call[1:] for call in fold([(0, "c", "look", ROME), (0, "c", "erase", OSLO)])] == [
        ("look", ROME),
        ("erase", OSLO),
    ]


@pytest.mark.parametrize("cut", range(len(ROME + OSLO) + 1))
def test_an_object_after_a_complete_one_begins_a_new_call_at_every_split(cut: int) -> None:
    text = ROME + OSLO
    pieces = [(0, "a", "look", text[:cut]), (0, "", "", text[cut:])]
    assert [call[1:] for call in fold(pieces)] == [("look", ROME), ("look", OSLO)]


@pytest.mark.parametrize("placeholder", ["{}", " {}", "{ }", "{", ""])
def test_following_arguments_replace_an_empty_object(placeholder: str) -> None:
    rest = ROME[1:] if placeholder == "{" else ROME
    assert fold([(0, "a", "look", placeholder), (0, "", "", rest)]) in (
        [("a", "look", ROME)],
        [("a", "look", placeholder + rest)],  # White space alone is arguments.
    )


def test_an_empty_object_without_further_arguments_is_kept() -> None:
    assert fold([(0, "a", "look", "{}"), (1, "b", "clock", "{"), (2, "c", "tide", "")]) == [
        ("a", "look", "{}"),
        ("b", "clock", "{"),
        ("c", "tide", ""),
    ]


def test_initial_arguments_are_used_unless_others_follow() -> None:
    assert fold([(0, "a", "look", "")], ROME) == [("a", "look", ROME)]
    assert fold([(0, "a", "look", "{}")], ROME) == [("a", "look", ROME)]
    assert fold([(0, "a", "look", ""), (0, "", "", OSLO)], ROME) == [("a", "look", OSLO)]


def test_an_id_that_changes_without_a_name_is_the_same_call() -> None:
    pieces = [(0, "a", "look", '{"city"'), (0, "b", "", ': "Ro'), (0, "c", "", 'me"}')]
    assert fold(pieces) == [("a", "look", ROME)]


@pytest.mark.parametrize("place", [None, 7])
def test_a_known_id_identifies_its_call_without_an_index(place: Any) -> None:
    pieces = [(0, "a", "look", '{"city"'), (1, "b", "look", '{"city"')]
    rest = [(place, "a", "", ': "Rome"}'), (None if place is None else 8, "b", "", ': "Oslo"}')]
    assert fold([*pieces, *rest]) == [("a", "look", ROME), ("b", "look", OSLO)]


def test_a_known_id_with_another_name_begins_a_new_call_without_an_index() -> None:
    assert [call[1:] for call in fold([(None, "c", "look", ROME), (None, "c", "erase", OSLO)])] == [
        ("look", ROME),
        ("erase", OSLO),
    ]


def test_a_repeated_start_is_the_same_call() -> None:
    assert fold([(0, "a", "look", '{"city": '), (0, "a", "look", '"Rome"}'), (0, "a", "look", "")]) == [
        ("a", "look", ROME)
    ]


def test_calls_at_one_index_may_alternate_by_id() -> None:
    pieces = [(0, "a", "look", ""), (0, "b", "look", ""), (0, "a", "", ROME), (0, "b", "", OSLO)]
    assert fold(pieces) == [("a", "look", ROME), ("b", "look", OSLO)]


@pytest.mark.parametrize(
    "text", ['{"a": "}{"}', '{"a": "\\"}{"}', '{"a": [{}, {"b": 1}]}', '{"a": 1}} {', "[1][2]", '"x"{}']
)
def test_braces_within_an_object_do_not_split_it(text: str) -> None:
    assert fold([(0, "a", "look", text)]) == [("a", "look", text)]


@given(
    st.lists(st.sampled_from(["{", "}", '"', "\\", "a", " ", "{}", "[", "]", '{"a":1}']), max_size=12),
    st.data(),
)
def test_arguments_are_complete_at_every_split(tokens: list[str], data: st.DataObject) -> None:
    text = "".join(tokens)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    expected = fold([(0, "a", "look", text)])
    assert fold([(0, "a", "look", ""), *((0, "", "", part) for part in parts)]) == expected
    arguments = "".join(call[2] for call in expected)
    assert arguments.replace(" ", "").replace("{}", "") == text.replace(" ", "").replace("{}", "")
