"""Values of a server's JSON, which may have any type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mimo_magics.wire.json_values import (
    load_json,
    parse_token_count,
    read_delta,
    read_index,
    read_json_text,
    read_name,
    read_object,
    read_objects,
    read_stop_reason,
    read_text,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (None, 0),
        ("many", 0),
        ([], 0),
        ({"a": 1}, 0),
        (float("inf"), 0),
        (True, 1),
        *((-5, 0), ("-5", 0), (1e308, 0), (10**400, 0), (10**12, 10**12)),
    ],
)
def test_an_invalid_token_count_is_zero(value: object, read: int) -> None:
    assert parse_token_count(value) == read


@pytest.mark.parametrize("data", ["", "{", "{} {}", "ping", b"\xff\xfe\x00"])
def test_invalid_json_is_a_value_error(data: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_json(data)


def test_white_space_around_json_is_ignored() -> None:
    assert (load_json(' {"a": 1}\r\n'), load_json(b"[]"), load_json("7")) == ({"a": 1}, [], 7)


def test_bytes_may_have_a_byte_order_mark_and_invalid_utf_8() -> None:
    assert load_json(b'\xef\xbb\xbf {"caf\xe9": 1}') == {"caf\ufffd": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, ""),
        (["a", "b"], "ab"),
        ({"type": "text", "text": "a"}, "a"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ({"type": "thinking", "thinking": [{"type": "text", "text": "hm "}]}, "hm "),
        ({"text": None, "content": "a"}, "a"),
        ({"type": "image_url", "image_url": {"url": "https://outside.invalid"}}, ""),
        (5, "5"),
        (True, "true"),
    ],
)
def test_text_is_found_in_objects_and_lists(value: Any, text: str) -> None:
    assert read_text(value) == text


def test_text_that_is_nested_too_deep_is_empty() -> None:
    assert read_text(json.loads('{"text":' * 50 + '"a"' + "}" * 50)) == ""


@pytest.mark.parametrize(
    ("value", "index"),
    [
        *((3, 3), ("3", 3), (3.0, 3), (0, 0), (-1, -1)),
        *((None, None), (True, None), ("x", None), (1.5, None), ("²", None), ([], None)),
        *(("9" * 5_000, None), (float("inf"), None)),
    ],
)
def test_an_index_is_an_integer_or_none(value: Any, index: int | None) -> None:
    assert read_index(value) == index


def test_objects_are_selected_from_values_of_any_type() -> None:
    assert (read_object({"a": 1}), read_object([1]), read_object(None)) == ({"a": 1}, {}, {})
    assert read_objects([{"a": 1}, None, "x", {"b": 2}]) == [{"a": 1}, {"b": 2}]
    assert (read_objects({"a": 1}), read_objects("x"), read_objects(None)) == ([{"a": 1}], [], [])


def test_a_delta_may_be_a_string() -> None:
    assert (read_delta("Hi", "content"), read_delta({"a": 1}, "text"), read_delta(None, "text")) == (
        {"content": "Hi"},
        {"a": 1},
        {},
    )


def test_a_json_value_becomes_json_text() -> None:
    assert read_json_text('{"port": "Kee') == '{"port": "Kee'
    assert read_json_text({"city": "基隆"}) == '{"city": "基隆"}'
    assert (read_json_text(None), read_json_text(""), read_json_text([1])) == ("", "", "[1]")


@pytest.mark.parametrize(
    ("value", "stop"),
    [
        ("stop", "end"),
        ("some_new_reason", "some_new_reason"),
        ({"a": 1}, "end"),
        (["stop"], "end"),
        (7, "end"),
    ],
)
def test_a_stop_reason_that_is_not_a_string_is_end(value: Any, stop: str) -> None:
    assert read_stop_reason(value, {"stop": "end"}) == stop


@given(JSON)
def test_no_json_value_raises_an_error(value: Any) -> None:
    texts = read_text(value), read_json_text(value), read_stop_reason(value, {})
    assert all(isinstance(text, str) for text in texts)
    assert read_name(value).encode() is not None
    assert isinstance(read_objects(value), list)
    assert isinstance(read_index(value), int | None)
