"""Tool calls in the form that is sent back to a server."""

from __future__ import annotations

import json

from hypothesis import given, strategies as st

from mimo_magics.wire.sent_calls import clean_arguments, clean_name, read_arguments


@given(st.text(max_size=80))
def test_any_name_becomes_a_valid_tool_name(name: str) -> None:
    cleaned = clean_name(name)
    assert 1 <= len(cleaned) <= 64
    assert cleaned.isascii()
    assert cleaned.replace("-", "_").replace("_", "a").isalnum()


@given(
    st.text(max_size=20)
    | st.sampled_from(['{"a": 1}', '{"a": "\\ud83c"}', "[" * 5_000, '{"a": 1e999}', "{}{}"])
)
def test_any_arguments_become_a_json_object(arguments: str) -> None:
    assert json.loads(clean_arguments(arguments)) == read_arguments(arguments)
    assert isinstance(read_arguments(arguments), dict)


def test_a_json_object_is_sent_unchanged() -> None:
    assert clean_arguments('{ "a":1.00 }') == '{ "a":1.00 }'
