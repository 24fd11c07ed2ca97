"""The rows of an input: a frame, a series, a list, an iterator, or a file, one mapping after the other.

No library of frames is imported for a value of another kind: a frame is recognized by its class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
"""The column of a series without a name, in the output."""
ADVICE = Translatable(
    "Use a data frame, a series, a list, an iterator, or the path of a CSV or Parquet file."
)

NO_ROWS = Translatable("There are no rows.")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowSource:
    """The rows of an input."""

    kind: str
    """What the input is, such as `pandas DataFrame` or `list`."""
    value: Any
    """The input, from which the output is built."""
    iter_inputs: Callable[[], Iterator[Row]]
    """Returns the rows from the first one, with their own columns. Missing values, such as NaN, are `None`."""
    count: int | None = None
    """The number of rows; `None` if it is unknown before they are read."""
    is_repeatable: bool = True
    """Whether the rows can be read again."""
    file: RowFile | None = None
    """The file of the rows, if they are not in memory."""
    has_whole_row: bool = False
    """Whether the prompt uses the whole row."""

    def iter_rows(self) -> Iterator[Row]:
        """Return the rows for the prompt: with the whole row as `row`, if it uses that and no column has the name."""
        inputs = self.iter_inputs()
        return map(_add_whole_row, inputs) if self.has_whole_row else inputs


def open_rows(source: object, slots: Sequence[str]) -> RowSource:
    """Return the rows of an input.

    Args:
        source: the input.
        slots: the names of the columns that the prompt uses. A row that is a single value fills the only slot.

    Raises:
        BadOption: the input has no rows, lacks a column, or has two columns of one name.
    """
    opened = _open_input(source, slots)
    if opened.count == 0:
        raise BadOption(NO_ROWS, ADVICE)
    return replace(opened, has_whole_row=WHOLE_ROW in slots)


def _open_input(source: object, slots: Sequence[str]) -> RowSource:
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
    if not all(isinstance(row, Mapping) for row in source):
        _check_single_slot(slots)
    elif source and (missing := _find_missing_slots(source, slots)):
        names = dict.fromkeys(str(name) for row in source for name in row)
        _check_slots(missing, [*names])
    return RowSource("list", source, lambda: map(_build_reader(slots), source), len(source))


def _find_missing_slots(rows: Iterable[Row], slots: Sequence[str]) -> list[str]:
    """Return the slots that no row has. A row may lack some: that is an error of this row."""
    missing = [slot for slot in slots if slot != WHOLE_ROW]
    for row in rows:
        if not missing:
            break
        names = set(map(str, row))
        missing = [slot for slot in missing if slot not in names]
    return missing


def _build_reader(slots: Sequence[str]) -> Callable[[Any], Row]:
    """Return a function that reads a row of a list or an iterator: a mapping, or the value of the only slot."""

    def read(row: Any) -> Row:
        if isinstance(row, Mapping):
            return {str(name): None if _is_missing(value) else value for name, value in row.items()}
        _check_single_slot(slots)
        return {slots[0]: None if _is_missing(row) else row}

    return read


def _check_single_slot(slots: Sequence[str]) -> None:
    if len(slots) != 1:
        raise BadOption(
            Translatable("A row is a single value, but the prompt has {count} slots.", count=len(slots)),
            Translatable("Use dicts or a data frame, with a column for each slot."),
        )


def _open_file(path: Path, slots: Sequence[str]) -> RowSource:
    if path.suffix.lower() not in FILE_ENDINGS:
        raise BadOption(
            Translatable(
                "{path} is not the path of a file with rows.", path=repr(quote(str(path), MAX_NAME_CHARS))
            ),
            Translatable("Use a file that ends in {endings}.", endings=", ".join(FILE_ENDINGS)),
        )
    file = open_row_file(path)
    _check_names(file.columns)
    _check_slots(slots, file.columns)
    is_parquet = path.suffix.lower() == ".parquet"
    kind = "Parquet file" if is_parquet else f"{path.suffix[1:].upper()} file"
    # The fields of a CSV file are text, so none of them is NaN.
    iter_rows = (lambda: map(_build_reader(slots), file.iter_rows())) if is_parquet else file.iter_rows
    return RowSource(kind, path, iter_rows, file.count, file=file)


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
    _check_names(names)
    _check_slots(slots, names)
    needs_whole_row = WHOLE_ROW in slots and WHOLE_ROW not in names
    used = {name: place for place, name in enumerate(names) if needs_whole_row or name in slots}

    def iter_rows() -> Iterator[Row]:
        columns = [read_column(place) for place in used.values()]
        for values in zip(*columns, strict=True):
            yield {
                name: None if _is_missing(value) else value for name, value in zip(used, values, strict=True)
            }

    return RowSource(kind, frame, iter_rows, len(frame))


def _open_pandas_series(series: Any, slots: Sequence[str]) -> RowSource:
    return _open_series("pandas Series", series, slots, series.tolist)


def _open_polars_series(series: Any, slots: Sequence[str]) -> RowSource:
    return _open_series("polars Series", series, slots, series.to_list)


def _open_series(
    kind: str, series: Any, slots: Sequence[str], read_values: Callable[[], list[Any]]
) -> RowSource:
    """Return the rows of a series. A value that is a mapping, such as a struct, is a row with columns."""
    if len(slots) > 1 and not any(isinstance(value, Mapping) for value in read_values()):
        _check_single_slot(slots)
    return RowSource(kind, series, lambda: map(_build_reader(slots), read_values()), len(series))


FRAMES: Mapping[type | str, Callable[[Any, Sequence[str]], RowSource]] = {
    "pandas.DataFrame": _open_pandas_frame,
    "pandas.Series": _open_pandas_series,
    "polars.DataFrame": _open_polars_frame,
    "polars.Series": _open_polars_series,
}


def _check_names(names: Sequence[str]) -> None:
    """Check that no two columns have the same name: rows are mappings, so one of them would be lost."""
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        shown = ", ".join(quote(name, MAX_NAME_CHARS) for name in doubled[:20])
        raise BadOption(
            Translatable("Several columns have the same name: {names}.", names=shown),
            Translatable("Rename them."),
        )


def _add_whole_row(row: Row) -> Row:
    return row if WHOLE_ROW in row else {**row, WHOLE_ROW: row}


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
