"""The combinations of settings that a comparison runs."""

from typing import Any

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import translate
from mimo_magics.session.comparison.variants import MAX_CALLS, Variant, build_variants


def test_a_setting_without_values_makes_no_calls() -> None:
    with pytest.raises(BadOption, match="has 0 calls"):
        build_variants({"model": []})


@pytest.mark.parametrize(
    ("values", "fact"),
    [
        ({"temprature": [1]}, "Unknown setting 'temprature'."),
        ({"temperature": [0, "x"]}, "temperature must be a number, not 'x'."),
        ({"stop": [5]}, "stop must be a string or a list of strings, not 5."),
    ],
)
def test_unknown_settings_and_invalid_values_are_errors(values: dict[str, list[Any]], fact: str) -> None:
    with pytest.raises(BadOption) as caught:
        build_variants(values)
    assert str(caught.value) == fact


def test_a_variant_is_titled_by_what_differs() -> None:
    assert build_variants({"model": ["a", "b"], "temperature": [0.0], "thinking": [True, False]}) == (
        Variant("a · thinking on", {"model": "a", "temperature": 0.0, "thinking": True}),
        Variant("a · thinking off", {"model": "a", "temperature": 0.0, "thinking": False}),
        Variant("b · thinking on", {"model": "b", "temperature": 0.0, "thinking": True}),
        Variant("b · thinking off", {"model": "b", "temperature": 0.0, "thinking": False}),
    )


def test_on_and_off_are_titled_as_values_of_a_switch() -> None:
    titles = [variant.title for variant in build_variants({"thinking": ["on", False]})]
    assert titles == ["thinking on", "thinking off"]


def test_repeated_calls_are_numbered() -> None:
    assert [translate(each.title) for each in build_variants({}, repeat=2)] == ["no. 1", "no. 2"]
    titles = [translate(each.title) for each in build_variants({"model": ["a"]}, repeat=2)]
    assert titles == ["a · no. 1", "a · no. 2"]
    assert [translate(each.title) for each in build_variants({})] == ["current settings"]


def test_a_comparison_with_too_many_calls_is_an_error() -> None:
    assert len(build_variants({"temperature": [0, 1]}, repeat=MAX_CALLS // 2)) == MAX_CALLS
    with pytest.raises(BadOption) as caught:
        build_variants({"temperature": [0, 1]}, repeat=MAX_CALLS // 2 + 1)
    assert (str(caught.value), caught.value.hint) == (
        "The comparison has 102 calls.",
        "Use 1 to 100 calls.",
    )
