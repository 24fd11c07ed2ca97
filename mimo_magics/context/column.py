"""A column of a frame: its type, and what its values have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from math import fsum, isfinite
from typing import Any

from mimo_magics.context.cell import cell_text, value_text
from mimo_magics.context.object_text import class_name

MAX_LISTED_VALUES = 10
"""Distinct values up to which they are listed with their numbers."""
MAX_LISTED_CHARS = 40
MAX_NAME_CHARS = 100
MAX_TYPED_VALUES = 1_000
NUMBER_TYPES = (int, float, Decimal)
ORDERED_TYPES = (date, datetime, time, timedelta)
FLOAT_DIGITS = {"float16": 4, "float32": 7}
"""Significant digits of narrow floats. As a Python float they would show digits that they do not have."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a frame, or a level of its index."""

    name: str
    type: str
    """The type in our own words, equal for all libraries and versions."""
    read_raw: Callable[[Sequence[int]], list[Any]]
    """Read the Python values at some positions."""

    def read(self, positions: Sequence[int]) -> list[Any]:
        """Return the values at some positions, with `None` for missing values and NaN."""
        if not positions:
            return []
        values = [None if _is_nan(value) else value for value in self.read_raw(positions)]
        if digits := FLOAT_DIGITS.get(self.type):
            return [float(f"{value:.{digits}g}") if type(value) is float else value for value in values]
        return values


def _is_nan(value: Any) -> bool:
    return type(value) in (float, Decimal) and bool(value != value)  # noqa: PLR0124  only NaN differs from itself


def name_text(name: Any) -> str:
    """Return the name of a column; the parts of a name with several levels are joined by a slash."""
    if isinstance(name, tuple):
        return " / ".join(name_text(part) for part in name)
    return "null" if name is None else cell_text(name, MAX_NAME_CHARS)


def column_type(column: Column, values: Iterable[Any]) -> str:
    """Return the type of a column. A column of Python objects is described by the classes of its first values."""
    if column.type != "object":
        return column.type
    present = islice((value for value in values if value is not None), MAX_TYPED_VALUES)
    names = sorted({class_name(type(value)) for value in present})
    if names == ["str"]:
        return "string"
    return f"object: {', '.join(names[:MAX_LISTED_VALUES])}" if names else "object"


def describe_values(values: Sequence[Any]) -> str:
    """Return what some values have in common: range and mean, the values themselves where few are distinct, and missing ones."""
    present = [value for value in values if value is not None]
    missing = len(values) - len(present)
    parts = [_describe_present(present)] if present else []
    if missing:
        parts.append(f"{missing:,} missing" if present else "all missing")
    return "; ".join(parts)


def _describe_present(values: list[Any]) -> str:
    kinds = set(map(type, values))
    if kinds == {bool}:
        return f"true {values.count(True):,}, false {values.count(False):,}"
    if kinds <= set(NUMBER_TYPES) or kinds == {str}:
        return _list_values(values) or (_describe_strings if kinds == {str} else _describe_numbers)(values)
    if len(kinds) == 1 and isinstance(values[0], ORDERED_TYPES):
        return f"{value_text(min(values))} to {value_text(max(values))}"
    if kinds == {dict}:
        return f"fields {', '.join(value_text(name) for name in islice(values[0], MAX_LISTED_VALUES))}"
    if len(kinds) == 1 and kinds <= {bytes, list}:
        low, high = min(map(len, values)), max(map(len, values))
        return f"{low:,} to {high:,} {'bytes' if kinds == {bytes} else 'items'}"
    counts = Counter(class_name(type(value)) for value in values)
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common(MAX_LISTED_VALUES))


def _describe_numbers(values: list[Any]) -> str:
    low, high = min(values), max(values)
    finite = [float(value) for value in values if isfinite(value)]
    mean = f", mean {fsum(finite) / len(finite):.6g}" if finite else ""
    return f"{_number_text(low)} to {_number_text(high)}{mean}"


def _number_text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else value_text(value)


def _describe_strings(values: list[Any]) -> str:
    lengths = [len(value) for value in values]
    return f"{len(set(values)):,} distinct, {min(lengths):,} to {max(lengths):,} characters"


def _list_values(values: list[Any]) -> str:
    """Return the distinct values, the most frequent first, if they are few. Few values that are all distinct are no pattern."""
    counts: Counter[Any] = Counter(values)
    if len(counts) > MAX_LISTED_VALUES or len(counts) == len(values) > 1:
        return ""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{cell_text(value, MAX_LISTED_CHARS)} ({count:,})" for value, count in ordered)
