"""The settings: valid values, parsing from text, and formatting as text."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.errors import BadOption
from mimo_magics.core.setting_values import is_json_value
from mimo_magics.core.settings import SettingGroup, Settings


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("temperature", "warm", "a number"),
        ("temperature", float("nan"), "a number"),
        ("max_tokens", True, "an integer"),
        ("api", "gemini", "one of openai, anthropic"),
        ("stop", 5, "a string or a list of strings"),
        ("param", [("seed", 1)], "a JSON object"),
        ("json", "perhaps", "on or off"),
        ("model", 5, "a string"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error(name: str, value: object, expected: str) -> None:
    with pytest.raises(BadOption) as error:
        Settings(**{name: value})
    help_text = next(field.metadata["help"] for field in fields(Settings) if field.name == name)
    assert (str(error.value), error.value.hint) == (f"{name} must be {expected}, not {value!r}.", help_text)


def test_a_misspelled_choice_suggests_the_right_one() -> None:
    with pytest.raises(BadOption) as error:
        Settings(overflow="sumarize")
    assert (str(error.value), error.value.hint) == (
        "overflow must be one of error, drop-oldest, summarize, not 'sumarize'.",
        "Did you mean summarize?",
    )


def test_a_long_value_is_truncated_in_the_error() -> None:
    with pytest.raises(BadOption) as error:
        Settings(temperature="warm" * 1_000)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("timeout", 0, "a number above 0"),
        ("approval_timeout", 0, "a number above 0"),
        ("window", 0, "an integer above 0"),
        ("value_budget", 199, "an integer from 200"),
        ("max_steps", -1, "0 or a larger integer"),
    ],
)
def test_a_number_out_of_range_is_an_error(name: str, value: int, expected: str) -> None:
    with pytest.raises(BadOption, match=f"^{name} must be {expected}, not {value}[.]$"):
        Settings(**{name: value})


@pytest.mark.parametrize("value", ["END", ["END"], ("END",)])
def test_stop_is_a_string_or_a_list_of_strings(value: object) -> None:
    assert Settings(stop=value).stop == ("END",)
    assert replace(Settings(), stop=value) == Settings(stop=("END",))


def test_every_setting_names_its_group() -> None:
    groups = [setting.metadata["group"] for setting in fields(Settings)]
    assert set(groups) == {*get_args(SettingGroup)}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("thinking", "on", True),
        ("thinking", "off", False),
        ("thinking", "Off", False),
        ("stream", "false", False),
        ("json", "on", True),
        ("thinking", None, None),
    ],
)
def test_on_and_off_are_values_of_a_switch(name: str, value: Any, expected: bool | None) -> None:
    for settings in (Settings(**{name: value}), Settings().override({name: value})):
        assert getattr(settings, name) is expected


@pytest.mark.parametrize("value", ["", "yes", "none", 1, 0, "on\n"])
def test_another_value_of_a_switch_is_an_error(value: object) -> None:
    with pytest.raises(BadOption, match="thinking must be on or off, not "):
        Settings(thinking=value)


@pytest.mark.parametrize("value", [5, [1], {"a"}, None, b"END", ["a", None]])
def test_stop_of_another_type_is_an_error(value: object) -> None:
    with pytest.raises(BadOption, match="stop must be a string or a list of strings, not "):
        Settings(stop=value)


def cyclic_list() -> list[object]:
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


NOT_JSON = [
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
    *(cyclic_list(), nested(5_000), object(), Unwritable(), "\x1b[31m".__class__, Settings()),
]


@pytest.mark.parametrize("value", NOT_JSON, ids=[str(number) for number in range(len(NOT_JSON))])
def test_a_param_that_is_not_json_is_an_error_of_two_short_lines(value: object) -> None:
    with pytest.raises(BadOption, match=r"^param must contain only JSON values, not .*\.$") as failure:
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
def test_every_json_value_is_a_valid_param(value: object) -> None:
    assert Settings(param={"x": value}).param == {"x": value}
    assert is_json_value(value)
