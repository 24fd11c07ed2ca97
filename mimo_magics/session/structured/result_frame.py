"""The data frame of a result, with typed columns. pandas builds it, or polars if only that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.session.structured.schema import Column, ResultSchema
from mimo_magics.session.structured.validation import ValidItem

VALUE_COLUMN = "value"
"""The column of items that are not objects."""
ColumnBuilder = Callable[[Column, list[Any]], Any]
NOT_INSTALLED = Translatable("Neither pandas nor polars is installed.")


def find_library() -> str:
    """Return the library that builds data frames. It is imported, because a broken one must fail before a call.

    Raises:
        BadOption: neither pandas nor polars is installed.
    """
    for name in BUILDERS:
        with suppress(ImportError):
            import_module(name)
            return name
    raise BadOption(NOT_INSTALLED, "pip install pandas")


def build_result_frame(items: Sequence[ValidItem], schema: ResultSchema) -> Any:
    """Return the items as a data frame, one row for each.

    A column whose values do not fit its type, such as an integer of 30 digits, has the type `object`.

    Raises:
        BadOption: neither pandas nor polars is installed.
    """
    rows = _read_rows(items, schema)
    columns = schema.columns or tuple(
        Column(name, "object") for name in dict.fromkeys(name for row in rows for name in row)
    )
    if not schema.has_object_items:
        columns = (Column(VALUE_COLUMN, schema.item_dtype),)
    values = {column: [row.get(column.name) for row in rows] for column in columns}
    return BUILDERS[find_library()](values)


def _read_rows(items: Sequence[ValidItem], schema: ResultSchema) -> list[Mapping[str, Any]]:
    """Return the items as JSON, with the defaults of keys that the model left out."""
    try:
        rows = schema.adapter.dump_python([item.value for item in items], mode="json", by_alias=True)
    except Exception:  # noqa: BLE001  a serializer of the user can raise any error
        rows = [item.data for item in items]
    return [row if isinstance(row, dict) else {VALUE_COLUMN: row} for row in rows]


def _build_pandas(values: Mapping[Column, list[Any]]) -> Any:
    import pandas as pd

    def build_column(column: Column, cells: list[Any]) -> Any:
        if column.dtype == "datetime64[ns]":
            return pd.to_datetime(pd.Series(cells, dtype="object"), format="ISO8601")
        return pd.Series(cells, dtype=column.dtype)

    def build_untyped(_: Column, cells: list[Any]) -> Any:
        return pd.Series(cells, dtype="object")

    columns = _build_columns(values, build_column, build_untyped)
    return pd.DataFrame({column.name: series for column, series in zip(values, columns, strict=True)})


def _build_polars(values: Mapping[Column, list[Any]]) -> Any:
    import polars as pl

    dtypes = {"string": pl.String, "Int64": pl.Int64, "Float64": pl.Float64, "boolean": pl.Boolean}

    def build_column(column: Column, cells: list[Any]) -> Any:
        if column.dtype == "datetime64[ns]":
            return pl.Series(column.name, [each and datetime.fromisoformat(each) for each in cells])
        return pl.Series(column.name, cells, dtype=dtypes.get(column.dtype))

    def build_untyped(column: Column, cells: list[Any]) -> Any:
        return pl.Series(column.name, cells, dtype=pl.Object)

    return pl.DataFrame(list(_build_columns(values, build_column, build_untyped)))


def _build_columns(
    values: Mapping[Column, list[Any]], build_column: ColumnBuilder, build_untyped: ColumnBuilder
) -> Iterator[Any]:
    """Yield the typed columns. A column with a value that does not fit its type is untyped."""
    for column, cells in values.items():
        try:
            yield build_column(column, cells)
        except Exception:  # noqa: BLE001  each library has errors of its own
            yield build_untyped(column, cells)


BUILDERS: Mapping[str, Callable[[Mapping[Column, list[Any]]], Any]] = {
    "pandas": _build_pandas,
    "polars": _build_polars,
}
