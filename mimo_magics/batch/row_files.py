"""Files of rows: CSV, TSV and Parquet, read and written row by row, so that memory does not grow with them."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mimo_magics.context.encoding import NotText, UnknownEncoding, detect_encoding
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.regular_file import open_regular_file
from mimo_magics.core.text import quote

FILE_ENDINGS = (".csv", ".tsv", ".parquet")
HEAD_BYTES = 65_536
"""Bytes from which the encoding is detected."""
SEPARATORS = ",;\t|"
BATCH_ROWS = 1_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""The first characters of a text that a spreadsheet would run as a formula."""
MAX_PATH_CHARS = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of rows."""

    path: Path
    columns: tuple[str, ...]
    count: int | None
    """The number of rows; `None` if the file has to be read to count them."""
    iter_rows: Callable[[], Iterator[Row]]
    """Returns the rows from the first one."""


def open_row_file(path: Path) -> RowFile:
    """Return the rows of a file.

    Raises:
        BadOption: the file cannot be read, or has no columns or rows.
    """
    with _name_read_errors(path):
        # A pipe or a device could block the library that reads it by its path.
        with open_regular_file(path):
            pass
        file = _open_parquet(path) if path.suffix.lower() == ".parquet" else _open_csv(path)
        is_empty = next(file.iter_rows(), None) is None
    if is_empty:
        raise BadOption(
            Translatable("There are no rows in {path}.", path=quote(str(path), MAX_PATH_CHARS)), ""
        )
    return file


def _open_csv(path: Path) -> RowFile:
    with open_regular_file(path) as file:
        head = file.read(HEAD_BYTES)
    encoding = detect_encoding(head)
    first_line = head.decode(encoding, "replace").partition("\n")[0]
    separator = "\t" if path.suffix.lower() == ".tsv" else max(SEPARATORS, key=first_line.count)

    def iter_lines() -> Iterator[list[str]]:
        with open_regular_file(path) as file:
            text = io.TextIOWrapper(file, encoding, "replace", newline="")
            yield from csv.reader(text, delimiter=separator)

    # Spreadsheets leave a separator for each empty column behind.
    columns = tuple(
        name.strip().removeprefix("\ufeff") or f"column {number}"
        for number, name in enumerate(next(iter_lines(), []), 1)
    )
    return RowFile(path, columns, None, lambda: _iter_csv_rows(path, columns, islice(iter_lines(), 1, None)))


def _iter_csv_rows(path: Path, columns: Sequence[str], lines: Iterator[list[str]]) -> Iterator[Row]:
    """Yield the rows. Fields that a line lacks are missing, and fields without a column are left out."""
    with _name_read_errors(path):
        for line in lines:
            if line:
                fields = (field or None for field in line)
                yield dict.fromkeys(columns) | dict(zip(columns, fields, strict=False))


def _open_parquet(path: Path) -> RowFile:
    try:
        from pyarrow import parquet
    except ImportError:
        return _scan_parquet(path)
    with parquet.ParquetFile(path) as file:
        columns, count = tuple(file.schema_arrow.names), file.metadata.num_rows

    def iter_rows() -> Iterator[Row]:
        with _name_read_errors(path), parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                yield from batch.to_pylist()

    return RowFile(path, columns, count, iter_rows)


def _scan_parquet(path: Path) -> RowFile:
    try:
        import polars as pl
    except ImportError:
        name = quote(path.name, MAX_PATH_CHARS)
        raise BadOption(
            Translatable("Reading {name!r} requires pyarrow or polars.", name=name),
            Translatable("Run: %pip install pyarrow"),
        ) from None
    try:
        # A name such as `data[1].parquet` is no pattern.
        scan = pl.scan_parquet(path, glob=False)
        count = scan.select(pl.len()).collect().item()
    except pl.exceptions.PolarsError as error:
        raise ValueError(error) from None

    def iter_rows() -> Iterator[Row]:
        for start in range(0, count, BATCH_ROWS):
            yield from scan.slice(start, BATCH_ROWS).collect().iter_rows(named=True)

    return RowFile(path, tuple(scan.collect_schema().names()), count, iter_rows)


@contextmanager
def _name_read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, csv.Error) as error:
        reason, advice = _describe_read_error(error)
        name = quote(str(path), MAX_PATH_CHARS)
        raise BadOption(
            Translatable("The file {path} cannot be read: {reason}.", path=name, reason=reason), advice
        ) from None


def _describe_read_error(error: Exception) -> tuple[str, str]:
    """Return the reason of an error, and what to do."""
    if isinstance(error, NotText):
        return Translatable("it is not text"), ""
    if isinstance(error, UnknownEncoding):
        return (
            Translatable("it is not UTF-8 text"),
            Translatable("To detect its encoding: %pip install 'mimo-magics[files]'"),
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    # The limit holds for the whole process, so only the user may raise it.
    advice = Translatable(
        "Check its quotes. To allow longer fields: import csv; csv.field_size_limit(10_000_000)"
    )
    is_field_limit = isinstance(error, csv.Error) and "field limit" in reason
    return quote(reason, MAX_PATH_CHARS), advice if is_field_limit else ""


def write_rows(
    path: Path, columns: Sequence[str], model_columns: Collection[str], iter_rows: Callable[[], Iterable[Row]]
) -> None:
    """Write rows to a CSV, TSV or Parquet file, chosen by its ending. The file is replaced at the end.

    Args:
        path: the file.
        columns: all columns in their order.
        model_columns: those that a model wrote. A text there, also their name, that a spreadsheet would run gets an
            apostrophe in front.
        iter_rows: returns the rows from the first one. It may be called again.

    Raises:
        BadOption: the file cannot be written.
    """
    try:
        with _replace_file(path) as temporary:
            if path.suffix.lower() == ".parquet":
                _write_parquet(temporary, columns, iter_rows)
            else:
                _write_csv(temporary, path, columns, model_columns, iter_rows())
    except OSError as error:
        raise BadOption(
            Translatable(
                "The file {path} cannot be written: {reason}.",
                path=quote(str(path), MAX_PATH_CHARS),
                reason=error.strerror or str(error),
            ),
            Translatable("The results are saved. Choose another file, and run the cell again."),
        ) from None


@contextmanager
def _replace_file(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write_csv(
    temporary: Path, path: Path, columns: Sequence[str], model_columns: Collection[str], rows: Iterable[Row]
) -> None:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(_format_field(name, is_foreign=name in model_columns) for name in columns)
        for row in rows:
            writer.writerow(
                _format_field(row.get(name), is_foreign=name in model_columns) for name in columns
            )


def _format_field(value: Any, *, is_foreign: bool) -> Any:
    value = _flatten(value)
    if is_foreign and isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


class _TypeChange(Exception):
    """A column has values of several types."""


def _write_parquet(temporary: Path, columns: Sequence[str], iter_rows: Callable[[], Iterable[Row]]) -> None:
    """Write the rows in groups, whose types are those of the first one. A column of several types is text."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise BadOption(
            Translatable("Writing a Parquet file requires pyarrow."),
            Translatable("Run: %pip install pyarrow"),
        ) from None
    text_columns: set[str] = set()
    while True:
        try:
            schema = None
            with ExitStack() as stack:
                for group in _iter_groups(iter_rows()):
                    arrays = [
                        _build_array(pa, name, group, schema, is_text=name in text_columns)
                        for name in columns
                    ]
                    table = pa.table(arrays, names=[*columns])
                    if schema is None:
                        schema = table.schema
                        writer = stack.enter_context(parquet.ParquetWriter(temporary, schema))
                    writer.write_table(table)
            return
        except _TypeChange as change:
            text_columns.add(str(change))


def _iter_groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while group := [*islice(remaining, BATCH_ROWS)]:
        yield group


def _build_array(pa: Any, name: str, group: Sequence[Row], schema: Any, *, is_text: bool) -> Any:
    """Return the values of a column.

    Raises:
        _TypeChange: they do not have the type of the first group, or no type.
    """
    cells = [_flatten(row.get(name)) for row in group]
    if is_text:
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
    try:
        array = pa.array(cells)
        if schema:
            return _convert_array(pa, array, schema.field(name).type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        raise _TypeChange(name) from None
    if array.type == pa.null():
        # A later group may have values.
        raise _TypeChange(name)
    return array


def _convert_array(pa: Any, array: Any, dtype: Any) -> Any:
    """Return an array with a type, if no value changes. With the type `array` would drop the decimals of an integer.

    Raises:
        ArrowInvalid: a value does not fit the type.
    """

    def is_number(each: Any) -> bool:
        types = pa.types
        return bool(types.is_integer(each) or types.is_floating(each) or types.is_decimal(each))

    if array.type in (dtype, pa.null()) or (is_number(array.type) and is_number(dtype)):
        return array.cast(dtype)
    raise pa.ArrowInvalid


def _flatten(value: Any) -> Any:
    """Return a nested value as JSON. A Parquet file may have dates in it."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value
