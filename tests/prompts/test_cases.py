"""The cases of a check: from lists and data frames, checked before anything is sent."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.prompts.cases import read_cases

ROWS = [{"text": "a", "label": 1}, {"text": "b", "label": 2}]


@pytest.mark.parametrize("source", [ROWS, tuple(ROWS), iter(ROWS), pd.DataFrame(ROWS), pl.DataFrame(ROWS)])
def test_lists_and_data_frames_give_the_same_cases(source: Any) -> None:
    assert read_cases(source, ["text"]) == tuple(ROWS)


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ([], "There are no cases.", "Use a list"),
        (pd.DataFrame({"text": []}), "There are no cases.", "Use a list"),
        ("text", "str holds no cases.", "Use a list"),
        ({"text": ["a"]}, "dict holds no cases.", "Use a list"),
        (3, "int holds no cases.", "Use a list"),
        (["a"], "str is not a case.", "Use a list"),
        ([{"text": "a"}, {}], "Case 2 has no value for the slot 'text'.", "Its columns are: none yet"),
        ([{"Text": "a", "b": 1}], "Case 1 has no value for the slot 'text'.", "Its columns are: Text, b"),
        ([{"text": "a"}] * 1_001, "There are more than 1,000 cases.", "Check a sample"),
    ],
)
def test_other_cases_are_refused(source: Any, message: str, hint: str) -> None:
    with pytest.raises(BadOption) as caught:
        read_cases(source, ["text"])
    assert caught.value.message == message
    assert str(caught.value.hint).startswith(hint)


def test_the_rows_of_an_endless_source_are_bounded() -> None:
    with pytest.raises(BadOption, match="more than 1,000"):
        read_cases(iter(lambda: {"text": "a"}, None), ["text"])


def test_a_hostile_column_is_named_in_readable_form() -> None:
    with pytest.raises(BadOption) as caught:
        read_cases([{"\u202e<b>" + "x" * 500: 1}], ["text"])
    assert "\u202e" not in str(caught.value.hint)
    assert len(str(caught.value.hint)) < 120
