"""Read a DataFrame, a Series or an Index of pandas as a table. pandas is not imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mimo_magics.context.arrow_table import arrow_type
from mimo_magics.context.column import Column, name_text
from mimo_magics.context.object_text import class_name
from mimo_magics.context.table import MAX_COLUMNS, MAX_LISTED_NAMES, Table

TYPES = {
    "CategoricalDtype": "category",
    "StringDtype": "string",
    "BooleanDtype": "bool",
    "PeriodDtype": "period",
    "IntervalDtype": "interval",
    "StrDType": "string",
    "StringDType": "string",
}
"""Types by the class of the dtype."""
NUMPY_KINDS = {"M": "datetime", "m": "duration", "O": "object", "U": "string", "S": "binary", "b": "bool"}


def read_frame(frame: Any) -> Table:
    """Return a DataFrame as a table."""
    row_count, column_count = map(int, frame.shape)
    names = frame.columns
    columns = tuple(
        _series_column(name_text(names[number]), frame.iloc[:, number])
        for number in range(min(column_count, MAX_COLUMNS))
    )
    more = tuple(name_text(name) for name in names[MAX_COLUMNS : MAX_COLUMNS + MAX_LISTED_NAMES])
    return Table("pandas DataFrame", row_count, columns, column_count, _read_levels(frame.index), more)


def read_series(series: Any) -> Table:
    """Return a Series as a table with one column."""
    name = "values" if series.name is None else name_text(series.name)
    levels = _read_levels(series.index)
    return Table("pandas Series", len(series), (_series_column(name, series),), 1, levels, is_series=True)


def read_index(index: Any) -> Table:
    """Return an Index as a table with a column for each level."""
    columns = _read_levels(index, hides_numbers=False)
    kind = f"pandas {class_name(type(index))}"
    kind = "pandas MultiIndex" if kind.endswith("MultiIndex") else "pandas Index"
    return Table(kind, len(index), columns, len(columns), is_series=True)


def _series_column(name: str, series: Any) -> Column:
    return Column(name, pandas_type(series.dtype), _reader(lambda positions: series.iloc[positions]))


def _reader(take: Callable[[list[int]], Any]) -> Callable[[Sequence[int]], list[Any]]:
    def read(positions: Sequence[int]) -> list[Any]:
        values = take(list(positions))
        missing = values.isna().tolist()
        return [
            None if is_missing else value for value, is_missing in zip(values.tolist(), missing, strict=True)
        ]

    return read


def _read_levels(index: Any, *, hides_numbers: bool = True) -> tuple[Column, ...]:
    """Return the levels of an index; none if it only numbers the rows."""
    is_range = class_name(type(index)) == "RangeIndex" and index.name is None
    if hides_numbers and is_range and (index.start, index.step) == (0, 1):
        return ()
    if not hasattr(type(index), "levels"):
        name = "index" if index.name is None else name_text(index.name)
        return (Column(name, pandas_type(index.dtype), _reader(index.take)),)
    return tuple(
        _level_column(number, name, level, codes)
        for number, (name, level, codes) in enumerate(
            zip(index.names, index.levels, index.codes, strict=True)
        )
    )


def _level_column(number: int, name: Any, level: Any, codes: Any) -> Column:
    """Return one level of a MultiIndex. It is read by its codes, because its values would be a copy of all rows."""

    def read(positions: Sequence[int]) -> list[Any]:
        values = level.tolist() if len(level) <= len(positions) else None
        found = [int(codes[position]) for position in positions]
        if values is None:
            found_values = level.take([max(code, 0) for code in found]).tolist()
            return [None if code < 0 else value for code, value in zip(found, found_values, strict=True)]
        return [None if code < 0 else values[code] for code in found]

    return Column(f"level {number}" if name is None else name_text(name), pandas_type(level.dtype), read)


def pandas_type(dtype: Any) -> str:
    """Return the type of a column in our own words. The text of a dtype may contain values, such as categories."""
    kind = class_name(type(dtype))
    if kind in TYPES:
        return TYPES[kind]
    if kind == "DatetimeTZDtype":
        return f"datetime, {dtype.tz}"
    if kind == "ArrowDtype":
        return arrow_type(dtype.pyarrow_dtype)
    if kind == "SparseDtype":
        return f"sparse {pandas_type(dtype.subtype)}"
    if type(dtype).__module__.startswith("numpy"):
        return NUMPY_KINDS.get(dtype.kind) or ("struct" if dtype.kind == "V" else str(dtype.name))
    return kind.removesuffix("Dtype").lower()
