"""Read a table, a batch or an array of pyarrow as a table. pyarrow is not imported."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

from mimo_magics.context.column import Column, name_text
from mimo_magics.context.object_text import class_name
from mimo_magics.context.table import MAX_COLUMNS, MAX_LISTED_NAMES, Table

TYPES = {
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
    "large_string": "string",
    "string_view": "string",
    "date32": "date",
    "date64": "date",
    "time32": "time",
    "time64": "time",
    "timestamp": "datetime",
    "dictionary": "category",
    "large_binary": "binary",
    "fixed_size_binary": "binary",
    "binary_view": "binary",
    "large_list": "list",
    "fixed_size_list": "list",
    "decimal32": "decimal",
    "decimal64": "decimal",
    "decimal128": "decimal",
    "decimal256": "decimal",
}
"""Types by the beginning of their text, where it is not our own word."""
TYPE_NAME_PATTERN = re.compile(r"[a-z0-9_]+")


def read_table(table: Any) -> Table:
    """Return a Table or a RecordBatch as a table."""
    names = table.schema.names
    columns = tuple(
        _array_column(name_text(name), table.column(number))
        for number, name in enumerate(names[:MAX_COLUMNS])
    )
    more = tuple(name_text(name) for name in names[MAX_COLUMNS : MAX_COLUMNS + MAX_LISTED_NAMES])
    kind = f"pyarrow {class_name(type(table))}"
    return Table(kind, table.num_rows, columns, len(names), more_names=more)


def read_array(values: Any) -> Table:
    """Return an Array or a ChunkedArray as a table with one column."""
    kind = "ChunkedArray" if class_name(type(values)) == "ChunkedArray" else "Array"
    return Table(f"pyarrow {kind}", len(values), (_array_column("values", values),), 1, is_series=True)


def _array_column(name: str, values: Any) -> Column:
    return Column(name, arrow_type(values.type), partial(_take, values))


def _take(column: Any, positions: Sequence[int]) -> list[Any]:
    """Take values from each chunk. `ChunkedArray.take` would join all chunks first."""
    chunks = column.chunks if hasattr(type(column), "chunks") else [column]
    starts = [0]
    for chunk in chunks:
        starts.append(starts[-1] + len(chunk))
    number, found = 0, []
    for position in positions:
        while position >= starts[number + 1]:
            number += 1
        found.append((number, position - starts[number]))
    values: list[Any] = []
    for chunk_number, group in groupby(found, lambda each: each[0]):
        values += _to_python(chunks[chunk_number], [offset for _, offset in group])
    return values


def _to_python(chunk: Any, offsets: list[int]) -> list[Any]:
    pyarrow = sys.modules["pyarrow"]
    # `pyarrow.array` would import pandas.
    buffers = [None, pyarrow.py_buffer(array("q", offsets))]
    chosen = chunk.take(pyarrow.Array.from_buffers(pyarrow.int64(), len(offsets), buffers))
    # Python has no nanoseconds: pyarrow would import pandas for them.
    text = str(chosen.type)
    if text.startswith("timestamp[ns"):
        chosen = chosen.cast(pyarrow.timestamp("us", chosen.type.tz), safe=False)
    elif text == "duration[ns]":
        chosen = chosen.cast(pyarrow.duration("us"), safe=False)
    values: list[Any] = chosen.to_pylist()
    return values


def arrow_type(type_: Any) -> str:
    """Return the type of a column in our own words."""
    text = str(type_)
    match = TYPE_NAME_PATTERN.match(text)
    name = match[0] if match else class_name(type(type_))
    if name == "timestamp" and getattr(type_, "tz", None):
        return f"datetime, {type_.tz}"
    return TYPES.get(name, name)
