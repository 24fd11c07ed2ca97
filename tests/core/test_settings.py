"""The list of settings: which values they accept, and how they are read from text and written as text."""

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Literal, get_type_hints

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings, from_text, is_json_value, matches_type, to_text


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
        ("stop", 5),
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


@pytest.mark.parametrize("value", ["END", ["END"], ("END",)])
def test_stop_is_a_text_or_several(value: object) -> None:
    assert Settings(stop=value).stop == ("END",)
    assert replace(Settings(), stop=value) == Settings(stop=("END",))


@pytest.mark.parametrize("value", [5, [1], {"a"}, None, b"END", ["a", None]])
def test_stop_is_nothing_else(value: object) -> None:
    with pytest.raises(BadOption, match="stop cannot be") as failure:
        Settings(stop=value)
    assert failure.value.hint == "It is: a text, or a list of texts."


def endless() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


class Unwritable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


NO_JSON = [
    *(
        float("nan"),
        float("inf"),
        {1},
        Decimal(1),
        b"x",
        {1: 2},
        {None: 1},
        {"a": [{"b": {2: 3}}]},
        10**5_000,
    ),
    *(endless(), nested(5_000), object(), Unwritable(), "\x1b[31m".__class__, Settings()),
]


@pytest.mark.parametrize("value", NO_JSON, ids=[str(number) for number in range(len(NO_JSON))])
def test_a_field_that_json_cannot_say_is_refused_in_two_lines(value: object) -> None:
    with pytest.raises(BadOption, match=r"^param cannot be .*: JSON cannot say it\.$") as failure:
        Settings(param={"x": value})
    assert len(str(failure.value)) < 300
    assert failure.value.hint


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_what_json_can_say_is_taken(value: object) -> None:
    assert Settings(param={"x": value}).param == {"x": value}
    assert is_json_value(value)
