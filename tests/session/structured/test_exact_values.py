"""Values that a conversion would change are exact or requested again."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from pydantic import BaseModel

from mimo_magics.session.structured.reading import read_reply
from mimo_magics.session.structured.schema import build_schema


class Grade(IntEnum):
    FIRST = 1


class Measure(BaseModel):
    price: Decimal | None = None
    size: float | None = None
    days: dict[str, date] = {}
    time: datetime | None = None
    grade: Grade | None = None


def read(reply: str) -> list[Any]:
    return [item.value for item in read_reply(reply, build_schema(Measure)).valid_items]


DIGITS = ["0.12345678901234567890123", "12345678901234567890.5", "1.00000000000000000001"]


@pytest.mark.parametrize("digits", DIGITS)
def test_a_decimal_in_text_has_all_digits(digits: str) -> None:
    assert read(f'{{"price": "{digits}"}}') == [Measure(price=Decimal(digits))]


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_decimal_that_a_float_rounds_is_requested_as_text(digits: str, quote: str) -> None:
    reading = read_reply(f"{{{quote}price{quote}: {digits}}}", build_schema(Measure))
    (item,) = reading.invalid_items.values()
    assert item.error == f"The number {digits} has too many digits. Write it as a string."


def test_a_short_decimal_is_exact() -> None:
    assert read('{"price": 0.1}') == [Measure(price=Decimal("0.1"))]


def test_a_float_is_the_nearest_one() -> None:
    assert read('{"size": 3.14159265358979323846}') == [Measure(size=3.141592653589793)]


@pytest.mark.parametrize(
    "reply",
    [
        f'{{"size": {"9" * 400}}}',
        '{"size": 1e-400}',
        '{"days": {"a": "86400"}}',
        '{"time": "1.7e9"}',
        '{"time": " 1700000000"}',
        '{"grade": true}',
    ],
)
def test_a_value_that_would_change_is_requested_again(reply: str) -> None:
    assert read(reply) == []
