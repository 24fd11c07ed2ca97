"""Read one JSON value strictly, and mark what must not be used: NaN, two values of one key, numbers that are too large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from math import isinf
from typing import Any

from mimo_magics.core.text import join_surrogates

MAX_SOURCE_CHARS = 2_000
"""Characters of a damaged value that are sent back to the model."""
MAX_INT_DIGITS = 4_300
"""Digits of an integer that Python parses."""
MAX_FLOAT_DIGITS = 15
"""Digits that a float holds in any case."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A damaged value. An item that contains one is requested again."""

    reason: str
    """What is wrong, in English, for the model."""
    source: str = ""
    """The text of the value."""
    members: dict[str, Any] = field(default_factory=dict)
    """The complete members of an object that is not closed."""
    is_open: bool = False
    """Whether its end is unknown, so that the rest of the text belongs to it."""


class LongFloat(float):
    """A number with more digits than a float holds."""

    __slots__ = ("text",)
    text: str
    """The number as it was written."""


class OpenList(list[Any]):
    """A list that is truncated, or from which the model left out items."""


def read_strictly(text: str, start: int = 0) -> tuple[Any, int]:
    """Return the JSON value at a place and its end. Control characters in strings are allowed.

    Raises:
        json.JSONDecodeError: the text is not JSON.
        RecursionError: the nesting is too deep.
    """
    return _DECODER.raw_decode(text, start)


def read_number(text: str) -> int | float | Flaw:
    """Return the number of a JSON text; integers are exact."""
    if text.lstrip("-").isdecimal():
        is_too_long = len(text) > MAX_INT_DIGITS
        return Flaw("the number has too many digits", shorten(text)) if is_too_long else int(text)
    number = float(text)
    if isinf(number):
        return Flaw("the number is too large", shorten(text))
    if not number and text.lower().partition("e")[0].strip("-0."):
        return Flaw("the number is too small", shorten(text))
    return _mark_long(number, text)


def _mark_long(number: float, text: str) -> float:
    """Return a number; one that a float rounds keeps its text, because a decimal field needs all digits."""
    if len(text) <= MAX_FLOAT_DIGITS or Decimal(text) == Decimal(repr(number)):
        return number
    marked = LongFloat(number)
    marked.text = text
    return marked


def build_object(members: list[tuple[str, Any]]) -> dict[str, Any] | Flaw:
    """Return an object, unless one key has two different values."""
    value = dict(members)
    if len(value) == len(members):
        return value
    for key, member in members:
        if write_json(value[key]) != write_json(member):
            source = ", ".join(f"{write_json(name)}: {write_json(each)}" for name, each in members)
            return Flaw(f"the key {write_json(key)} has two values", shorten(f"{{{source}}}"))
    return value


def find_flaw(value: Any) -> Flaw | None:
    """Return the first damaged value within a value."""
    return next(_iter_flaws(value), None)


def write_json(value: Any) -> str:
    """Return the JSON of a value; a damaged value is written as a string with its text."""
    return json.dumps(value, ensure_ascii=False, default=lambda flaw: flaw.source)


def shorten(text: str) -> str:
    """Return the beginning of a long text."""
    return join_surrogates(text if len(text) <= MAX_SOURCE_CHARS else f"{text[: MAX_SOURCE_CHARS - 1]}…")


def _iter_flaws(value: Any) -> Iterator[Flaw]:
    match value:
        case Flaw():
            yield value
        case dict():
            for each in value.values():
                yield from _iter_flaws(each)
        case list():
            for each in value:
                yield from _iter_flaws(each)
            if isinstance(value, OpenList):
                yield Flaw("the list is not complete")


_DECODER = json.JSONDecoder(
    strict=False,
    object_pairs_hook=build_object,
    parse_constant=lambda name: Flaw(f"{name} is not a number", name),
    parse_float=read_number,
    parse_int=read_number,
)
