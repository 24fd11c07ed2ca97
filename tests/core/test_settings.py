"""The list of settings: which values they accept, and how they are read from text and written as text."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_type_hints

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings, from_text, matches_type, to_text


def test_every_default_is_written_as_it_is_read() -> None:
    hints = get_type_hints(Settings)
    for name, value in ((field.name, getattr(Settings(), field.name)) for field in fields(Settings)):
        assert from_text(hints[name], to_text(hints[name], value)) == value, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", "warm"),
        ("temperature", float("nan")),
        ("max_tokens", True),
        ("api", "gemini"),
        ("stop", ["END"]),
        ("param", [("seed", 1)]),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadOption) as error:
        Settings(**{name: value})
    assert str(error.value) == f"{name} cannot be {value!r}."


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("timeout", 0, "It is a number of seconds above 0."),
        ("window", 0, "It is a number of tokens above 0."),
        ("max_steps", -1, "It is a number of rounds from 0."),
    ],
)
def test_a_number_out_of_range_is_refused(name: str, value: int, hint: str) -> None:
    with pytest.raises(BadOption) as error:
        Settings(**{name: value})
    assert (str(error.value), error.value.hint) == (f"{name} cannot be {value}.", hint)


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
def test_a_value_is_written_as_one_line_that_is_read_as_the_same_value(
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
