"""The reader of CSV and Parquet files: a frame of the library that is installed, as the text of a frame.

Of a large file the first rows are read, and the text says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any, BinaryIO

from mimo_magics.context.budget import build_omission_note, count_bytes, keep_head_and_tail, truncate
from mimo_magics.context.encoding import decode_text, detect_encoding
from mimo_magics.context.frame import find_reader, render_frame
from mimo_magics.context.table import Table
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

MAX_CSV_BYTES = 50_000_000
MAX_PARQUET_ROWS, MAX_PARQUET_BYTES = 200_000, 100_000_000
"""Rows and bytes of a Parquet file that are read."""
SEPARATORS = ",;\t|"
VALUE_NAME_PATTERN = re.compile(
    r"[-+]?[0-9.:/eE+-]*[0-9][0-9.:/eE+%-]*|Unnamed: [0-9]+|(?i:true|false|nan|null)"
)
"""The name of a column that may be a value: a number, a date, a time, a truth value, or none."""


def read_csv(file: BinaryIO, name: str, max_bytes: int, share: Share, *, kind: str) -> ContextPart:
    """Return a CSV or TSV file as a frame; as text if no library for frames is installed."""
    data, size = file.read(MAX_CSV_BYTES), os.fstat(file.fileno()).st_size
    text = decode_text(data, detect_encoding(data))
    if len(data) < size:
        # The last line may be cut.
        text = text[: text.rfind("\n") + 1]
    first_line = text[: text.find("\n")]
    separator = "\t" if kind == "TSV" else max(SEPARATORS, key=first_line.count)
    parse = _find_csv_parser()
    if parse is None:
        return _render_as_text(text, name, max_bytes, share, kind)
    note = f"The first {len(data):,} of {size:,} bytes, as a table:\n" if len(data) < size else ""
    return _render_frame(parse(text.encode(), separator), kind, note, max_bytes, share)


def _render_as_text(text: str, name: str, max_bytes: int, share: Share, kind: str) -> ContextPart:
    if share == "schema":
        raise BadOption(
            Translatable("The columns of {name!r} cannot be read without a library for frames.", name=name),
            Translatable("Run: %pip install pandas"),
        )
    size = count_bytes(text)
    shown = (
        truncate(text, max_bytes)
        if size <= max_bytes
        else keep_head_and_tail(text[:max_bytes], text[-max_bytes:], max_bytes, build_omission_note(size))
    )
    return ContextPart(shown, kind=kind, detail=Translatable("{kind} as text", kind=kind), whole_size=size)


def _find_csv_parser() -> Callable[[bytes, str], Any] | None:
    """Return a function that parses UTF-8 text, with the first library that is installed."""
    for parse in (_parse_with_pandas, _parse_with_polars, _parse_with_arrow):
        try:
            parse(b"a\n1\n", ",")
        except ImportError:
            continue
        return parse
    return None


def _parse_with_pandas(data: bytes, separator: str) -> Any:
    import pandas as pd

    return pd.read_csv(BytesIO(data), sep=separator, low_memory=False)


def _parse_with_polars(data: bytes, separator: str) -> Any:
    import polars as pl

    return pl.read_csv(BytesIO(data), separator=separator, infer_schema_length=10_000)


def _parse_with_arrow(data: bytes, separator: str) -> Any:
    from pyarrow import csv

    return csv.read_csv(BytesIO(data), parse_options=csv.ParseOptions(delimiter=separator))


def read_parquet(file: BinaryIO, name: str, max_bytes: int, share: Share) -> ContextPart:
    """Return a Parquet file as a frame."""
    for read in (_read_with_arrow, _read_with_polars):
        try:
            frame, row_count = read(file)
        except ImportError:
            continue
        read_count = len(frame)
        note = f"The first {read_count:,} of {row_count:,} rows:\n" if read_count < row_count else ""
        return _render_frame(frame, "Parquet", note, max_bytes, share)
    raise BadOption(
        Translatable("Reading {name!r} requires pyarrow or polars.", name=name),
        Translatable("Run: %pip install pyarrow"),
    )


def _read_with_arrow(file: BinaryIO) -> tuple[Any, int]:
    import pyarrow as pa
    from pyarrow import parquet

    source = parquet.ParquetFile(file)
    batches, rows, size = [], 0, 0
    for batch in source.iter_batches(10_000):
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= MAX_PARQUET_ROWS or size >= MAX_PARQUET_BYTES:
            break
    return pa.Table.from_batches(batches, source.schema_arrow), source.metadata.num_rows


def _read_with_polars(file: BinaryIO) -> tuple[Any, int]:
    import polars as pl

    scan = pl.scan_parquet(file)
    row_count = scan.select(pl.len()).collect().item()
    return scan.head(MAX_PARQUET_ROWS).collect(), row_count


def _render_frame(frame: Any, kind: str, note: str, max_bytes: int, share: Share) -> ContextPart:
    read = find_reader(type(frame))
    assert read

    def read_named(value: Any) -> Table:
        table = replace(read(value), kind=kind)
        return (
            _number_columns(table)
            if share == "schema" and kind != "Parquet" and _lacks_header(table)
            else table
        )

    rendered = render_frame(frame, read_named, max_bytes, share)
    detail = Translatable("{kind}, {detail}", kind=kind, detail=rendered.detail)
    return replace(rendered, text=note + rendered.text, detail=detail)


def _lacks_header(table: Table) -> bool:
    """Return whether the first line of a CSV file may be a row of data: it has a number, or an empty field."""
    names = (*(each.name for each in table.columns), *table.more_names)
    return any(not name.strip('"') or VALUE_NAME_PATTERN.fullmatch(name) for name in names)


def _number_columns(table: Table) -> Table:
    """Return the table with numbers in place of names, which may be values of the first row."""
    columns = tuple(replace(each, name=f"column {n}") for n, each in enumerate(table.columns, 1))
    return replace(table, columns=columns, more_names=())
