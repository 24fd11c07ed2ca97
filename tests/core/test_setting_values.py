"""The values of settings: types, parsing from text, and formatting as text."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_type_hints

import pytest

from mimo_magics.core.setting_values import (
    convert_value,
    describe_type,
    from_text,
    matches_type,
    to_text,
)
from mimo_magics.core.settings import Settings


def test_the_text_of_every_default_is_parsed_to_the_default() -> None:
    hints = get_type_hints(Settings)
    for name, value in ((field.name, getattr(Settings(), field.name)) for field in fields(Settings)):
        assert from_text(hints[name], to_text(hints[name], value)) == value, name


@pytest.mark.parametrize(
    ("hint", "bounds", "text"),
    [
        (float | None, (0, 2), "a number from 0 to 2"),
        (int | None, (1, 131_072), "an integer from 1 to 131,072"),
        (str, (), "a string"),
    ],
)
def test_a_type_is_described_with_its_range(hint: object, bounds: tuple[float, ...], text: str) -> None:
    assert describe_type(hint, *bounds) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("model", None, "default"),
        ("model", "mimo-v2-pro", "mimo-v2-pro"),
        ("model", "default", '"default"'),
        ("system", "two\nlines", '"two\\nlines"'),
        ("thinking", True, "on"),
        ("thinking", False, "off"),
        ("temperature", 0.7, "0.7"),
        ("max_tokens", 7, "7"),
        ("stop", ("\n", "終"), '["\\n", "終"]'),
        ("param", {"seed": 1}, '{"seed": 1}'),
    ],
)
def test_the_text_of_a_value_is_one_line_that_parses_to_the_same_value(
    name: str, value: object, text: str
) -> None:
    hint = get_type_hints(Settings)[name]
    assert (to_text(hint, value), from_text(hint, text)) == (text, value)


@pytest.mark.parametrize(
    ("value", "hint", "matches"),
    [
        (1, float, True),
        (1.0, int, False),
        (float("inf"), float, False),
        (False, int, False),
        (None, float | None, True),
        ("on", Literal["on", "force"], True),
        ("off", Literal["on", "force"], False),
        (("a", "b"), tuple[str, ...], True),
        (("a", 1), tuple[str, ...], False),
        ({"a": 1}, Mapping[str, Any], True),
        ([], Mapping[str, Any], False),
    ],
)
def test_a_value_matches_its_type(value: object, hint: object, matches: bool) -> None:
    assert matches_type(value, hint) is matches


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (bool, "ON", True),
        (bool | None, "off", False),
        (bool, "maybe", "maybe"),
        (tuple[str, ...], "END", ("END",)),
        (tuple[str, ...], ["a", "b"], ("a", "b")),
        (str, "off", "off"),
        (Literal["on", "force"], "on", "on"),
        (bool, [1], [1]),
    ],
)
def test_a_value_of_python_is_converted_or_unchanged(hint: Any, value: object, expected: object) -> None:
    assert convert_value(hint, value) == expected
