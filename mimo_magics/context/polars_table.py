"""Read a DataFrame or a Series of polars as a table. polars is not imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mimo_magics.context.column import Column, name_text
from mimo_magics.context.object_text import class_name
from mimo_magics.context.table import MAX_COLUMNS, MAX_LISTED_NAMES, Table

TYPES = {"boolean": "bool", "utf8": "string", "categorical": "category", "enum": "category", "array": "list"}
"""Types by the name of the class, where it is not our own word."""


def read_frame(frame: Any) -> Table:
    """Return a DataFrame as a table."""
    names = frame.columns
    columns = tuple(
        _series_column(name_text(name), frame.to_series(number))
        for number, name in enumerate(names[:MAX_COLUMNS])
    )
    more = tuple(name_text(name) for name in names[MAX_COLUMNS : MAX_COLUMNS + MAX_LISTED_NAMES])
    return Table("polars DataFrame", frame.height, columns, len(names), more_names=more)


def read_series(series: Any) -> Table:
    """Return a Series as a table with one column."""
    column = _series_column(name_text(series.name) if series.name else "values", series)
    return Table("polars Series", len(series), (column,), 1, is_series=True)


def _series_column(name: str, series: Any) -> Column:
    def read(positions: Sequence[int]) -> list[Any]:
        values: list[Any] = series[list(positions)].to_list()
        return values

    return Column(name, polars_type(series.dtype), read)


def polars_type(dtype: Any) -> str:
    """Return the type of a column in our own words. The text of a type may contain values, such as those of an enum."""
    name = class_name(dtype if isinstance(dtype, type) else type(dtype)).lower()
    if name == "datetime" and getattr(dtype, "time_zone", None):
        return f"datetime, {dtype.time_zone}"
    return TYPES.get(name, name)
