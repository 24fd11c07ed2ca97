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

from mimo_magics.context.encoding import detect_encoding
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.regular_file import open_regular_file
from mimo_magics.core.text import quote

FILE_ENDINGS = (".csv", ".tsv", ".parquet")
HEAD_BYTES = 65_536
"""Bytes from which the encoding is detected."""
MAX_FIELD_CHARS = 10_000_000
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
    try:
        file = _open_parquet(path) if path.suffix.lower() == ".parquet" else _open_csv(path)
        is_empty = next(file.iter_rows(), None) is None
    except (OSError, ValueError, csv.Error) as error:
        raise _cannot_read_error(path, error) from None
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
            # The limit of the module holds for the whole process, so fields are measured here.
            yield from csv.reader(text, delimiter=separator)

    columns = tuple(name.strip().removeprefix("\ufeff") for name in next(iter_lines(), []))
    return RowFile(path, columns, None, lambda: _iter_csv_rows(path, columns, islice(iter_lines(), 1, None)))


def _iter_csv_rows(path: Path, columns: Sequence[str], lines: Iterator[list[str]]) -> Iterator[Row]:
    """Yield the rows. Fields that a line lacks are missing, and fields without a column are left out."""
    try:
        for line in lines:
            if line:
                fields = (field or None for field in line)
                yield dict.fromkeys(columns) | dict(zip(columns, fields, strict=False))
    except (OSError, ValueError, csv.Error) as error:
        raise _cannot_read_error(path, error) from None


def _open_parquet(path: Path) -> RowFile:
    try:
        from pyarrow import parquet
    except ImportError:
        return _scan_parquet(path)
    with parquet.ParquetFile(path) as file:
        columns, count = tuple(file.schema_arrow.names), file.metadata.num_rows

    def iter_rows() -> Iterator[Row]:
        with parquet.ParquetFile(path) as file:
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
    scan = pl.scan_parquet(path)
    count = scan.select(pl.len()).collect().item()

    def iter_rows() -> Iterator[Row]:
        for start in range(0, count, BATCH_ROWS):
            yield from scan.slice(start, BATCH_ROWS).collect().iter_rows(named=True)

    return RowFile(path, tuple(scan.collect_schema().names()), count, iter_rows)


def _cannot_read_error(path: Path, error: Exception) -> BadOption:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BadOption(
        Translatable(
            "The file {path} cannot be read: {reason}.",
            path=quote(str(path), MAX_PATH_CHARS),
            reason=quote(reason, MAX_PATH_CHARS),
        ),
        "",
    )


def write_rows(
    path: Path, columns: Sequence[str], model_columns: Collection[str], iter_rows: Callable[[], Iterable[Row]]
) -> None:
    """Write rows to a CSV, TSV or Parquet file, chosen by its ending. The file is replaced at the end.

    Args:
        path: the file.
        columns: all columns in their order.
        model_columns: those that a model wrote. A text there that a spreadsheet would run gets an apostrophe in front.
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
        writer.writerow(columns)
        for row in rows:
            writer.writerow(
                _format_field(row.get(name), is_foreign=name in model_columns) for name in columns
            )


def _format_field(value: Any, *, is_foreign: bool) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
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
        array = pa.array(cells, schema.field(name).type if schema else None)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise _TypeChange(name) from None
    if array.type == pa.null():
        # A later group may have values.
        raise _TypeChange(name)
    return array


def _flatten(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
