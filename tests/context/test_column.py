"""What the values of a column have in common."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mimo_magics.context.column import Column, column_type, describe_values, name_text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        ([None, None], "all missing"),
        ([True, False, None], "true 1, false 1; 1 missing"),
        ([1, 1, 2], "1 (2), 2 (1)"),
        ([*range(100), None], "0 to 99, mean 49.5; 1 missing"),
        ([0.1, 2, Decimal(3)], "0.1 to 3, mean 1.7"),
        ([float("inf"), 1.0, 2.0], "1 to inf, mean 1.5"),
        (["a", "b", "a"], "a (2), b (1)"),
        (["a", "bcd"], "2 distinct, 1 to 3 characters"),
        (["", ""], '"" (2)'),
        ([date(2026, 1, 2), date(2025, 1, 2)], "2025-01-02 to 2026-01-02"),
        ([timedelta(1), timedelta(0)], "0:00:00 to 1 day, 0:00:00"),
        ([b"abc", b""], "0 to 3 bytes"),
        ([[1], []], "0 to 1 items"),
        ([{"a": 1, "b": 2}], 'fields "a", "b"'),
        ([1, "x", "y"], "str 2, int 1"),
        ([object()], "object 1"),
    ],
)
def test_values_are_described_by_their_type(values: list[Any], text: str) -> None:
    assert describe_values(values) == text


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["a", None], "string"), ([1, "a"], "object: int, str"), ([None], "object"), ([], "object")],
)
def test_a_column_of_objects_has_the_classes_of_its_values(values: list[Any], kind: str) -> None:
    assert column_type(Column("a", "object", lambda _: values), values) == kind


def test_missing_values_and_nan_are_none() -> None:
    column = Column("a", "float32", lambda _: [float("nan"), 0.10000000149011612, None, Decimal("NaN")])
    assert column.read([0]) == [None, 0.1, None, None]


@pytest.mark.parametrize(
    ("name", "text"), [("a", "a"), (3, "3"), (("a", 2), "a / 2"), ("a\nb", '"a\\nb"'), (None, "null")]
)
def test_the_name_of_a_column_is_one_line(name: Any, text: str) -> None:
    assert name_text(name) == text
