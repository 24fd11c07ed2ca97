"""The output of a run: the rows of the input with the columns of the values, as the same kind of value as the input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mimo_magics.batch.row_files import write_rows
from mimo_magics.batch.row_prompt import WHOLE_ROW
from mimo_magics.batch.row_result import REPLY_COLUMN, RowResult
from mimo_magics.batch.rows import VALUE_COLUMN, Row, RowSource
from mimo_magics.context.libraries import find_converter
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable

RESULT_COLUMNS = {"error": "string", "tokens": "Int64", "usd": "Float64", "seconds": "Float64"}
"""The columns after those of the values, with their dtypes in pandas."""
SUFFIX = "_reply"
"""Is added to the name of a new column that the input has already."""


def build_output(source: RowSource, results: Sequence[RowResult], columns: Sequence[str]) -> Any:
    """Return the output: a frame for a frame or a series, else a list of dicts.

    New columns are those of the values, then `error`, `tokens`, `usd` and `seconds`.

    Args:
        source: the input.
        results: a result for each row, in order.
        columns: the columns of the values.
    """
    build_frame = find_converter(type(source.value), FRAMES)
    if build_frame:
        return build_frame(source.value, results, columns)
    # An iterator is read once, and its rows are not kept.
    rows: Iterator[Row] = source.iter_rows() if source.is_repeatable else ({} for _ in results)
    return [*_iter_merged(rows, results, columns)]


def find_columns(results: Sequence[RowResult], schema_columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the values: those of the schema, and those of the values in their order."""
    names = dict.fromkeys(schema_columns)
    for result in results:
        names.update(dict.fromkeys(result.fields))
    return tuple(names) or (REPLY_COLUMN,)


def write_output(
    source: RowSource, iter_results: Callable[[], Iterator[RowResult]], path: Path, columns: Sequence[str]
) -> None:
    """Write the output of a file to another file, row by row.

    Raises:
        BadOption: the file cannot be written, or is the input.
    """
    assert source.file
    if path.exists() and path.samefile(source.file.path):
        raise BadOption(
            Translatable("The output would replace the input."),
            Translatable("Choose another file with --out."),
        )
    existing = source.file.columns
    new = name_columns(existing, columns)

    def iter_rows() -> Iterator[Row]:
        return _iter_merged(source.iter_rows(), iter_results(), columns)

    write_rows(path, (*existing, *new), new[: len(columns)], iter_rows)


def name_columns(existing: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the new columns, those of the values first. A name that is taken gets a suffix."""
    used, names = set(existing), []
    for name in (*columns, *RESULT_COLUMNS):
        new = name
        while new in used:
            new += SUFFIX
        used.add(new)
        names.append(new)
    return tuple(names)


def list_cells(result: RowResult, columns: Sequence[str]) -> tuple[Any, ...]:
    """Return the new cells of a row, in the order of their names."""
    fields = result.fields
    values = (fields.get(name) for name in columns)
    return (*values, result.error or None, result.tokens, result.usd, result.seconds)


def _iter_merged(rows: Iterator[Row], results: Iterable[RowResult], columns: Sequence[str]) -> Iterator[Row]:
    for row, result in zip(rows, results, strict=False):
        inputs = {name: value for name, value in row.items() if name != WHOLE_ROW}
        names = name_columns([*inputs], columns)
        yield inputs | dict(zip(names, list_cells(result, columns), strict=True))


def _list_columns(
    existing: Sequence[str], results: Sequence[RowResult], columns: Sequence[str]
) -> dict[str, list[Any]]:
    """Return the new columns by their names."""
    rows = [list_cells(result, columns) for result in results]
    names = name_columns(existing, columns)
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _build_pandas(value: Any, results: Sequence[RowResult], columns: Sequence[str]) -> Any:
    import pandas as pd

    frame = value.to_frame(VALUE_COLUMN if value.name is None else value.name) if value.ndim == 1 else value
    existing = [str(name) for name in frame.columns]
    cells = _list_columns(existing, results, columns)
    new = {name: pd.Series(cells[name], index=frame.index, dtype="object").convert_dtypes() for name in cells}
    dtypes = dict(zip([*cells][len(columns) :], RESULT_COLUMNS.values(), strict=True))
    return pd.concat([frame, pd.DataFrame(new, index=frame.index).astype(dtypes)], axis=1)


def _build_polars(value: Any, results: Sequence[RowResult], columns: Sequence[str]) -> Any:
    import polars as pl

    frame = value.to_frame() if isinstance(value, pl.Series) else value
    new = _list_columns(frame.columns, results, columns)
    return frame.with_columns(_build_polars_column(name, cells) for name, cells in new.items())


def _build_polars_column(name: str, cells: list[Any]) -> Any:
    import polars as pl

    try:
        return pl.Series(name, cells)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, cells, dtype=pl.Object)


FRAMES: Mapping[type | str, Callable[[Any, Sequence[RowResult], Sequence[str]], Any]] = {
    "pandas.DataFrame": _build_pandas,
    "pandas.Series": _build_pandas,
    "polars.DataFrame": _build_polars,
    "polars.Series": _build_polars,
}
