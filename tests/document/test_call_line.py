"""A tool call on one line."""

import ast
import json

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.messages import ToolCall
from mimo_magics.document.call_line import MAX_ARGUMENT_CHARS, call_line

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text("ab \"'\\\\{}é", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("a", "b c")), inner, max_size=2)
    ),
    max_leaves=4,
)


def line(arguments: str) -> str:
    return call_line(ToolCall("1", "clock", arguments))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", "clock()"),
        ("{}", "clock()"),
        ('{\n  "zone": "UTC",\n  "day": 1\n}', 'clock(zone="UTC", day=1)'),
        ('{"on": true, "to": null, "at": [1.5, {"h": 2}]}', 'clock(on=True, to=None, at=[1.5, {"h": 2}])'),
        ('{"text": "a\\nb"}', 'clock(text="a\\nb")'),
        ('{"a b": 1, "class": 2, "c": 3}', 'clock(c=3, **{"a b": 1, "class": 2})'),
    ],
)
def test_a_call_is_written_as_python(arguments: str, expected: str) -> None:
    assert line(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("{", "clock()"),
        ('{"zo', "clock()"),
        ('{"zone": "Asia/To', 'clock(zone="Asia/To")'),
        ('{"zone": "UTC", "day', 'clock(zone="UTC")'),
        ('{"zone": "\\ud83d', 'clock(zone="")'),
    ],
)
def test_arguments_may_be_incomplete(arguments: str, expected: str) -> None:
    assert line(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("[1,\n 2]", "clock([1, 2])"),
        ("no JSON", "clock(no JSON)"),
        ('{"a": "\\ud83d"}', 'clock({"a": "\\ud83d"})'),
    ],
)
def test_arguments_that_are_no_json_object_are_unchanged(arguments: str, expected: str) -> None:
    assert line(arguments) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        '{"text": "' + "x" * 500 + '"}',
        '{"text": "' + "x" * 1_000_000,
        '{"a": ' + "[" * 100_000,
        '{"n": ' + "9" * 5_000 + "}",
        " " * 300 + '{"a": 1}',
        "x" * 1_000,
    ],
)
def test_long_and_deep_arguments_are_truncated(arguments: str) -> None:
    shown = line(arguments)
    assert shown.endswith("…)")
    assert len(shown) <= len("clock()") + MAX_ARGUMENT_CHARS


def test_invisible_characters_of_names_and_arguments_are_shown() -> None:
    call = ToolCall("1", "clo\u202eck", '{"a": "\u202e", "\u2066b": 1}')
    assert call_line(call) == 'clo⟨U+202E⟩ck(a="⟨U+202E⟩", **{"⟨U+2066⟩b": 1})'


@given(st.dictionaries(st.sampled_from(("a", "b", "c d", "if")), JSON_VALUES, max_size=3))
def test_a_short_call_is_the_python_call_with_its_arguments(arguments: dict[str, object]) -> None:
    shown = line(json.dumps(arguments))
    if not shown.endswith("…)"):
        call = ast.parse(shown, mode="eval").body
        assert isinstance(call, ast.Call)
        values: dict[str, object] = {}
        for keyword in call.keywords:
            value = ast.literal_eval(keyword.value)
            values |= {keyword.arg: value} if keyword.arg else value
        assert values == arguments
