"""A frame as text: its size, what each column contains, and some rows.

All of it is written from Python values of the frame, never by its `repr`, so that it is equal in all versions of the
libraries. At most `MAX_READ_ROWS` rows are read, so time and memory do not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mimo_magics.context import arrow_table, pandas_table, polars_table
from mimo_magics.context.budget import count_bytes
from mimo_magics.context.cell import MAX_CELL_CHARS, cell_text
from mimo_magics.context.column import Column, column_type, describe_values
from mimo_magics.context.libraries import find_converter
from mimo_magics.context.object_text import class_name
from mimo_magics.context.table import Table, end_positions, sample_positions, spread_positions
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

SAMPLE_ROWS = 5
"""Rows of a frame that are sent with `share=sample`."""
SAMPLE_VALUES = 10
"""Values of a series that are sent with `share=sample`."""
SAMPLE_LABELS = 100
"""Values of an index that are sent with `share=sample`. Most often it has the names of the columns."""
MAX_READ_ROWS = 10_000
MAX_READ_CELLS = 200_000
MAX_READ_BYTES = 20_000_000
"""Limits for what is read of a frame for its statistics."""
PROBE_ROWS = 20
"""Rows whose size is measured first."""
NOT_SHARED = "Values are not shared."
SHORT_CELL_CHARS = 20
"""Length of a cell if the budget does not allow more."""
READERS: dict[type | str, Callable[[Any], Table]] = {
    "pandas.DataFrame": pandas_table.read_frame,
    "pandas.Series": pandas_table.read_series,
    "pandas.Index": pandas_table.read_index,
    "polars.DataFrame": polars_table.read_frame,
    "polars.Series": polars_table.read_series,
    "pyarrow.Table": arrow_table.read_table,
    "pyarrow.RecordBatch": arrow_table.read_table,
    "pyarrow.ChunkedArray": arrow_table.read_array,
    "pyarrow.Array": arrow_table.read_array,
}


def find_reader(kind: type) -> Callable[[Any], Table] | None:
    """Return the function that reads a frame of this class as a table."""
    return find_converter(kind, READERS)


def render_frame(value: Any, read: Callable[[Any], Table], max_bytes: int, share: Share) -> ContextPart:
    """Return a frame as text.

    Args:
        value: the frame.
        read: the function that reads it as a table.
        max_bytes: the budget.
        share: `schema` for names and types only, `sample` for statistics and a few rows, `full` for as many rows as
            fit.
    """
    table = read(value)
    if share == "schema":
        text = schema_text(table)
        detail = Translatable("{size}, schema", size=_size(table))
        return ContextPart(text, kind=table.kind, detail=detail, whole_size=count_bytes(text))
    return _FrameText(table).render(max_bytes, share)


def schema_text(table: Table) -> str:
    """Return the size, the names and the types of the columns, and nothing that depends on a value."""
    return f"{_bare_text(table)}\n{NOT_SHARED}"


def _bare_text(table: Table) -> str:
    # The name of a series may be a value: a row of a frame is a series that is named by its index.
    if table.is_series:
        return schema_line(table)
    lines = [f"- {each.name} ({_read_type(each, table)})" for each in table.columns]
    index = [f"Index: {each.name} ({_read_type(each, table)})" for each in table.index]
    return "\n".join([_head(table), *index, "Columns:", *lines, *_more_line(table)])


def _read_type(column: Column, table: Table) -> str:
    """Return the type of a column. Of objects some are read, because only new versions of pandas tell strings from them."""
    positions = sample_positions(PROBE_ROWS, table.row_count) if column.type == "object" else ()
    return column_type(column, _read(column, positions))


def schema_line(table: Table) -> str:
    """Return the schema as one line, for a frame in a container."""
    if table.is_series:
        return f"{_head(table)}, {', '.join(_read_type(each, table) for each in table.columns)}"
    columns = [f"{each.name} ({_read_type(each, table)})" for each in table.columns]
    return f"{_head(table)}: {', '.join((*columns, *_more_line(table)))}"


def _head(table: Table) -> str:
    if table.is_series:
        return f"{table.kind}, {_count(table.row_count, 'value')}"
    return f"{table.kind}, {_count(table.row_count, 'row')}, {_count(table.column_count, 'column')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _more_line(table: Table) -> list[str]:
    count = table.column_count - len(table.columns)
    if not count:
        return []
    names = ", ".join(table.more_names)
    listed = f": {names}" + (", …" if count > len(table.more_names) else "") if names else ""
    return [f"- {count:,} more columns{listed}"]


def _size(table: Table) -> str:
    return f"{table.row_count:,}" if table.is_series else f"{table.row_count:,} x {table.column_count:,}"


class _FrameText:
    """The parts of the text of a frame, each read once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._fields = (*table.index, *table.columns)
        row_bytes, row_memory = self._measure_rows()
        width = max(len(self._fields), 1)
        count = min(MAX_READ_ROWS, MAX_READ_CELLS // width, MAX_READ_BYTES // max(row_memory, 1))
        self._read_positions = sample_positions(max(count, PROBE_ROWS), table.row_count)
        self._row_bytes = max(row_bytes, 1)
        self.whole_size = row_bytes * table.row_count
        """Estimated bytes of all rows."""

    def render(self, max_bytes: int, share: Share) -> ContextPart:
        """Return the longest of several texts that fits into the budget."""
        text, rows = next(
            (each for each in self._iter_texts(max_bytes, share) if count_bytes(each[0]) <= max_bytes),
            (_bare_text(self._table), 0),
        )
        size = _size(self._table)
        detail = (
            Translatable("{size}, schema and all rows", size=size)
            if rows == self._table.row_count
            else Translatable("{size}, schema and {rows} rows", size=size, rows=rows)
        )
        return ContextPart(
            text,
            kind=self._table.kind,
            detail=detail,
            whole_size=max(self.whole_size, count_bytes(text)),
        )

    def _iter_texts(self, max_bytes: int, share: Share) -> Iterator[tuple[str, int]]:
        """Yield texts with the number of their rows, shorter and shorter."""
        columns = self._describe_columns()
        rest = max_bytes - count_bytes("\n".join(columns))
        most_rows = _sample_rows(self._table) if share == "sample" else max(2 * rest // self._row_bytes, 1)
        count = min(most_rows, self._table.row_count)
        while count:
            yield "\n".join((*columns, *self._format_rows(count, share, MAX_CELL_CHARS))), count
            if count <= SAMPLE_ROWS:
                yield "\n".join((*columns, *self._format_rows(count, share, SHORT_CELL_CHARS))), count
            count = count * 3 // 4
        yield "\n".join(columns), 0

    def _measure_rows(self) -> tuple[int, int]:
        """Return the bytes of the text and the characters in memory of a row, from a few rows."""
        positions = spread_positions(PROBE_ROWS, self._table.row_count)
        size = memory = 0
        for column in self._fields:
            for value in _read(column, positions):
                size += count_bytes(cell_text(value)) + 1
                memory += len(value) if isinstance(value, str | bytes | list | dict) else 8
        count = max(len(positions), 1)
        return size // count, memory // count

    def _describe_columns(self) -> list[str]:
        table, read_count = self._table, len(self._read_positions)
        is_sampled = read_count < table.row_count
        note = f" (statistics of a sample of {read_count:,} rows)" if is_sampled else ""
        lines = [f"- {self._describe_column(each)}" for each in table.columns]
        index = [f"Index: {self._describe_column(each)}" for each in table.index]
        title = "Values" if table.is_series else "Columns"
        return [_head(table), *index, f"{title}{note}:", *lines, *_more_line(table)]

    def _describe_column(self, column: Column) -> str:
        try:
            values = column.read(self._read_positions)
            described = describe_values(values)
        except Exception as error:  # noqa: BLE001  values of a column may not be readable, or not comparable
            return f"{column.name} ({column.type}): not described: {class_name(type(error))}"
        title = f"{column.name} ({column_type(column, values)})"
        return f"{title}: {described}" if described else title

    def _format_rows(self, count: int, share: Share, max_chars: int) -> list[str]:
        """Return a title, the names of the columns, and rows of values separated by commas."""
        table = self._table
        positions = (spread_positions if share == "sample" else end_positions)(count, table.row_count)
        where = "evenly spaced" if share == "sample" else "from the beginning and the end"
        title = (
            "All rows as CSV:"
            if len(positions) == table.row_count
            else f"{count:,} of {table.row_count:,} rows as CSV, {where}:"
        )
        texts = [[cell_text(value, max_chars) for value in _read(each, positions)] for each in self._fields]
        lines = [",".join(fields) for fields in zip(*texts, strict=True)]
        if share == "full" and count < table.row_count:
            lines.insert(count - count // 2, f"… {table.row_count - count:,} rows left out …")
        if len(self._fields) == 1:
            values = ", ".join(line or "null" for line in lines)
            return [f"{title.replace(' rows as CSV', ' values')} {values}"]
        return [title, ",".join(each.name for each in self._fields), *lines]


def _sample_rows(table: Table) -> int:
    if not table.is_series:
        return SAMPLE_ROWS
    return SAMPLE_LABELS if table.kind.endswith("Index") else SAMPLE_VALUES


def _read(column: Column, positions: Sequence[int]) -> list[Any]:
    """Return the values at some positions; the name of the error for each if they cannot be read."""
    try:
        return column.read(positions)
    except Exception as error:  # noqa: BLE001  a library may not convert a value
        return [f"({class_name(type(error))})"] * len(positions)
