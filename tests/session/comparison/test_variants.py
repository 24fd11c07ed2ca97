"""The combinations of settings that a comparison runs."""

from typing import Any

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.session.comparison.variants import build_variants


def test_a_setting_without_values_makes_no_calls() -> None:
    with pytest.raises(BadOption, match="cannot make 0 calls"):
        build_variants({"model": []})


@pytest.mark.parametrize(
    ("values", "fact"),
    [
        ({"temprature": [1]}, "There is no setting 'temprature'."),
        ({"temperature": [0, "x"]}, "temperature cannot be 'x'."),
        ({"stop": ["a"]}, "stop cannot be 'a'."),
    ],
)
def test_what_a_program_compares_is_checked(values: dict[str, list[Any]], fact: str) -> None:
    with pytest.raises(BadOption) as caught:
        build_variants(values)
    assert str(caught.value) == fact
