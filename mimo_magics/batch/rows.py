"""The rows of an input: a frame, a series, a list, an iterator, or a file, one mapping after the other.

No library of frames is imported for a value of another kind: a frame is recognized by its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimo_magics.batch.row_files import FILE_ENDINGS, RowFile, open_row_file
from mimo_magics.batch.row_prompt import WHOLE_ROW
from mimo_magics.context.libraries import find_converter
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote

MAX_NAME_CHARS = 60
VALUE_COLUMN = "value"
"""The column of rows that are single values, in outputs."""
ADVICE = Translatable(
    "Use a data frame, a series, a list, an iterator, or the path of a CSV or Parquet file."
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowSource:
    """The rows of an input."""

    kind: str
    """What the input is, such as `pandas DataFrame` or `list`."""
    value: Any
    """The input, from which the output is built."""
    iter_rows: Callable[[], Iterator[Row]]
    """Returns the rows from the first one."""
    count: int | None = None
    """The number of rows; `None` if it is unknown before they are read."""
    is_repeatable: bool = True
    """Whether the rows can be read again."""
    file: RowFile | None = None
    """The file of the rows, if they are not in memory."""


def open_rows(source: object, slots: Sequence[str]) -> RowSource:
    """Return the rows of an input.

    Args:
        source: the input.
        slots: the names of the columns that the prompt uses. A row that is a single value fills the only slot.

    Raises:
        BadOption: the input has no rows, or lacks a column.
    """
    open_frame = find_converter(type(source), FRAMES)
    if open_frame:
        return open_frame(source, slots)
    if isinstance(source, str | Path):
        return _open_file(Path(source), slots)
    if isinstance(source, bytes | Mapping) or not isinstance(source, Iterable):
        raise BadOption(Translatable("{kind} has no rows.", kind=type(source).__name__), ADVICE)
    if isinstance(source, list | tuple):
        return _open_list(source, slots)
    return RowSource("iterator", source, lambda: map(_build_reader(slots), source), None, is_repeatable=False)


def _open_list(source: Sequence[Any], slots: Sequence[str]) -> RowSource:
    if not source:
        raise BadOption(Translatable("There are no rows."), ADVICE)
    if isinstance(source[0], Mapping):
        _check_slots(slots, [str(name) for name in source[0]])
    read = _build_reader(slots)
    read(source[0])
    return RowSource("list", source, lambda: map(read, source), len(source))


def _build_reader(slots: Sequence[str]) -> Callable[[Any], Row]:
    """Return a function that reads a row of a list or an iterator: a mapping, or the value of the only slot."""

    def read(row: Any) -> Row:
        if isinstance(row, Mapping):
            return add_whole_row({str(name): value for name, value in row.items()}, slots)
        if len(slots) == 1:
            return {slots[0]: None if _is_missing(row) else row}
        raise BadOption(
            Translatable("A row is a single value, but the prompt has {count} slots.", count=len(slots)),
            Translatable("Use dicts or a data frame, with a column for each slot."),
        )

    return read


def _open_file(path: Path, slots: Sequence[str]) -> RowSource:
    if path.suffix.lower() not in FILE_ENDINGS:
        raise BadOption(
            Translatable(
                "{path} is not the path of a file with rows.", path=repr(quote(str(path), MAX_NAME_CHARS))
            ),
            Translatable("Use a file that ends in {endings}.", endings=", ".join(FILE_ENDINGS)),
        )
    file = open_row_file(path)
    _check_slots(slots, file.columns)

    def iter_rows() -> Iterator[Row]:
        return (add_whole_row(row, slots) for row in file.iter_rows())

    return RowSource(f"{path.suffix[1:].upper()} file", path, iter_rows, file.count, file=file)


def _open_pandas_frame(frame: Any, slots: Sequence[str]) -> RowSource:
    names = [str(name) for name in frame.columns]
    return _open_frame("pandas DataFrame", frame, names, slots, lambda place: frame.iloc[:, place].tolist())


def _open_polars_frame(frame: Any, slots: Sequence[str]) -> RowSource:
    return _open_frame(
        "polars DataFrame", frame, frame.columns, slots, lambda place: frame.to_series(place).to_list()
    )


def _open_frame(
    kind: str, frame: Any, names: Sequence[str], slots: Sequence[str], read_column: Callable[[int], list[Any]]
) -> RowSource:
    """Return the rows of a frame. Only the columns that the prompt uses are read."""
    if doubled := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        shown = ", ".join(quote(name, MAX_NAME_CHARS) for name in doubled)
        raise BadOption(
            Translatable("Several columns have the same name: {names}.", names=shown),
            Translatable("Rename them."),
        )
    _check_slots(slots, names)
    used = names if _needs_whole_row(slots, names) else [name for name in names if name in slots]

    def iter_rows() -> Iterator[Row]:
        columns = [read_column(names.index(name)) for name in used]
        for values in zip(*columns, strict=True):
            yield add_whole_row(
                {
                    name: None if _is_missing(value) else value
                    for name, value in zip(used, values, strict=True)
                },
                slots,
            )

    return RowSource(kind, frame, iter_rows, len(frame))


def _open_pandas_series(series: Any, slots: Sequence[str]) -> RowSource:
    read = _build_reader(slots)
    return RowSource("pandas Series", series, lambda: map(read, series.tolist()), len(series))


def _open_polars_series(series: Any, slots: Sequence[str]) -> RowSource:
    read = _build_reader(slots)
    return RowSource("polars Series", series, lambda: map(read, series.to_list()), len(series))


FRAMES: Mapping[type | str, Callable[[Any, Sequence[str]], RowSource]] = {
    "pandas.DataFrame": _open_pandas_frame,
    "pandas.Series": _open_pandas_series,
    "polars.DataFrame": _open_polars_frame,
    "polars.Series": _open_polars_series,
}


def add_whole_row(row: Row, slots: Sequence[str]) -> Row:
    """Return a row with itself under the name `row`, if the prompt uses that and no column has the name."""
    return {**row, WHOLE_ROW: row} if _needs_whole_row(slots, row) else row


def _needs_whole_row(slots: Sequence[str], names: Iterable[str]) -> bool:
    return WHOLE_ROW in slots and WHOLE_ROW not in names


def _check_slots(slots: Sequence[str], names: Sequence[str]) -> None:
    missing = [slot for slot in slots if slot not in names and slot != WHOLE_ROW]
    if missing:
        shown = ", ".join(quote(name, MAX_NAME_CHARS) for name in names[:20])
        available = Translatable("The columns are: {columns}.", columns=shown)
        raise BadOption(
            Translatable("There is no column {name!r}.", name=missing[0]),
            did_you_mean(missing[0], names, available),
        )


def _is_missing(value: Any) -> bool:
    """Return whether a value is missing: NaN, NaT and NA differ from themselves or cannot be compared."""
    if value is None or isinstance(value, str):
        return value is None
    try:
        return bool(value != value)  # noqa: PLR0124
    except Exception:  # noqa: BLE001  an array, or NA of pandas
        return type(value).__name__ == "NAType"
