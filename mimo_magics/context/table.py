"""A frame of any library as one value: its size and its columns, of which only some rows are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from mimo_magics.context.column import Column

MAX_COLUMNS = 50
"""Columns that are described. Of the others only the names are listed."""
MAX_LISTED_NAMES = 200


@dataclass(frozen=True, slots=True)
class Table:
    """A frame or a series of pandas, polars or pyarrow."""

    kind: str
    """Library and class, such as `pandas DataFrame`."""
    row_count: int
    columns: tuple[Column, ...]
    """The first columns."""
    column_count: int
    index: tuple[Column, ...] = ()
    """The levels of the index, if it is more than the number of the row."""
    more_names: tuple[str, ...] = ()
    """The names of the next columns."""
    is_series: bool = False


def spread_positions(count: int, row_count: int) -> Sequence[int]:
    """Return at most `count` positions of rows, evenly spaced, with the first and the last row."""
    if row_count <= count:
        return range(row_count)
    if count <= 1:
        return range(count)
    return [number * (row_count - 1) // (count - 1) for number in range(count)]


def sample_positions(count: int, row_count: int) -> Sequence[int]:
    """Return the positions of a sample: one from each of `count` equal parts, always the same for the same sizes.

    Rows at equal distances would be misleading for values with a period, such as hourly ones.
    """
    if row_count <= count:
        return range(row_count)
    draw = Random(0).random  # noqa: S311  no secret depends on it
    return [int((number + draw()) * row_count / count) for number in range(count)]


def end_positions(count: int, row_count: int) -> Sequence[int]:
    """Return the positions of the first and the last rows, `count` in all."""
    if row_count <= count:
        return range(row_count)
    head = count - count // 2
    return [*range(head), *range(row_count - count // 2, row_count)]
