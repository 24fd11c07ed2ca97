"""The output of a run: the rows of the input with the columns of the values, as the same kind of value as the input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from typing import Any

from mimo_magics.batch.row_files import FILE_ENDINGS, write_rows
from mimo_magics.batch.row_result import REPLY_COLUMN, RowResult
from mimo_magics.batch.rows import MAX_NAME_CHARS, VALUE_COLUMN, Row, RowSource
from mimo_magics.context.libraries import find_converter
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

RESULT_COLUMNS = {"error": "string", "tokens": "Int64", "usd": "Float64", "seconds": "Float64"}
"""The columns after those of the values, with their dtypes in pandas."""
DTYPES: Mapping[frozenset[type], str] = {
    frozenset({bool}): "boolean",
    frozenset({int}): "Int64",
    frozenset({float}): "Float64",
    frozenset({int, float}): "Float64",
    frozenset({str}): "string",
}
"""The dtypes in pandas by the types of the values."""
MAX_INTEGER = 2**63 - 1
OTHER_FILE = Translatable("Choose another file with --out.")
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
    iter_rows = source.iter_inputs if source.is_repeatable else lambda: repeat({}, len(results))
    existing = dict.fromkeys(name for row in iter_rows() for name in row)
    return [*_iter_merged(iter_rows(), results, columns, name_columns([*existing], columns))]


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
    _check_not_input(source.file.path, path)
    existing = source.file.columns
    new = name_columns(existing, columns)

    def iter_rows() -> Iterator[Row]:
        return _iter_merged(source.iter_inputs(), iter_results(), columns, new)

    write_rows(path, (*existing, *new), new, iter_rows)


def check_output_path(source: Path, path: Path) -> None:
    """Check that the output of a file can be written to a path, so that no call is made in vain.

    Raises:
        BadOption: the path is that of the input, has another ending, or its folder does not exist.
    """
    if path.suffix.lower() not in FILE_ENDINGS:
        raise BadOption(
            Translatable(
                "The output cannot be a {ending!r} file.", ending=quote(path.suffix, MAX_NAME_CHARS)
            ),
            Translatable("Use a file that ends in {endings}.", endings=", ".join(FILE_ENDINGS)),
        )
    if not path.parent.is_dir():
        raise BadOption(Translatable("The folder of the output does not exist."), OTHER_FILE)
    _check_not_input(source, path)


def _check_not_input(source: Path, path: Path) -> None:
    if path.exists() and path.samefile(source):
        raise BadOption(Translatable("The output would replace the input."), OTHER_FILE)


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


def _iter_merged(
    rows: Iterator[Row], results: Iterable[RowResult], columns: Sequence[str], names: Sequence[str]
) -> Iterator[Row]:
    """Yield the rows with their new cells under the given names."""
    for row, result in zip(rows, results, strict=False):
        yield {**row, **dict(zip(names, list_cells(result, columns), strict=True))}


def _iter_columns(
    existing: Sequence[str], results: Sequence[RowResult], columns: Sequence[str]
) -> Iterator[tuple[str, list[Any], str]]:
    """Yield the name, the cells and the dtype of each new column."""
    rows = [list_cells(result, columns) for result in results]
    dtypes = (*(None for _ in columns), *RESULT_COLUMNS.values())
    for place, (name, dtype) in enumerate(zip(name_columns(existing, columns), dtypes, strict=True)):
        cells = [row[place] for row in rows]
        yield name, cells, dtype or _find_dtype(cells)


def _find_dtype(cells: Iterable[Any]) -> str:
    """Return the dtype of values of JSON; `object` if they have several types, are lists or objects, or do not fit it."""
    values = [cell for cell in cells if cell is not None]
    # pandas only warns about an integer that is too large, and changes it.
    if any(isinstance(value, int) and abs(value) > MAX_INTEGER for value in values):
        return "object"
    return DTYPES.get(frozenset(map(type, values)), "object")


def _build_pandas(value: Any, results: Sequence[RowResult], columns: Sequence[str]) -> Any:
    import pandas as pd

    frame = value.to_frame(VALUE_COLUMN if value.name is None else value.name) if value.ndim == 1 else value
    existing = [str(name) for name in frame.columns]
    new = {
        name: pd.Series(cells, index=frame.index, dtype=dtype)
        for name, cells, dtype in _iter_columns(existing, results, columns)
    }
    return pd.concat([frame, pd.DataFrame(new, index=frame.index)], axis=1)


def _build_polars(value: Any, results: Sequence[RowResult], columns: Sequence[str]) -> Any:
    import polars as pl

    frame = value.to_frame(value.name or VALUE_COLUMN) if isinstance(value, pl.Series) else value
    new = _iter_columns(frame.columns, results, columns)
    return frame.with_columns(_build_polars_column(*column) for column in new)


def _build_polars_column(name: str, cells: list[Any], dtype: str) -> Any:
    import polars as pl

    dtypes = {"string": pl.String, "Int64": pl.Int64, "Float64": pl.Float64, "boolean": pl.Boolean}
    if dtype in dtypes:
        return pl.Series(name, cells, dtype=dtypes[dtype])
    if all(cell is None or isinstance(cell, list | dict) for cell in cells):
        # Lists and objects in one column have no common type.
        with suppress(OverflowError, TypeError, pl.exceptions.PolarsError):
            # `Series` would take the type of the first cell, and drop fields and decimals of later ones.
            return pl.from_dicts([{name: cell} for cell in cells], infer_schema_length=None).to_series()
    return pl.Series(name, cells, dtype=pl.Object)


FRAMES: Mapping[type | str, Callable[[Any, Sequence[RowResult], Sequence[str]], Any]] = {
    "pandas.DataFrame": _build_pandas,
    "pandas.Series": _build_pandas,
    "polars.DataFrame": _build_polars,
    "polars.Series": _build_polars,
}
