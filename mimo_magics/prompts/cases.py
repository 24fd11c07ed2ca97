"""The cases of a check: rows with a value for each slot of the prompt, and with what the asserts compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

MAX_CASES = 1_000
MAX_NAME_CHARS = 60

Case = Mapping[str, Any]


def read_cases(source: object, slots: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases of a list of dicts, or of a data frame of pandas or polars.

    Raises:
        BadOption: it is another value, has no rows or too many, or a row lacks a slot.
    """
    cases = tuple(islice(_iter_rows(source), MAX_CASES + 1))
    if not cases:
        raise BadOption(Translatable("There are no cases."), ADVICE)
    if len(cases) > MAX_CASES:
        raise BadOption(
            Translatable("There are more than {count:,} cases.", count=MAX_CASES),
            Translatable("Check a sample, such as cases[:{count}].", count=MAX_CASES),
        )
    for number, case in enumerate(cases, 1):
        if missing := [name for name in slots if name not in case]:
            raise _missing_column_error(number, missing[0], case)
    return cases


ADVICE = Translatable("Use a list of dicts or a data frame, with a column for each slot of the prompt.")


def _iter_rows(source: object) -> Iterable[Case]:
    """Yield the rows. The libraries of frames are not imported; their methods differ in name."""
    frame: Any = source
    if hasattr(source, "iter_rows"):
        return (_read_row(row) for row in frame.iter_rows(named=True))
    if hasattr(source, "iloc") and hasattr(source, "to_dict"):
        return (_read_row(row) for row in frame.head(MAX_CASES + 1).to_dict(orient="records"))
    if isinstance(source, (str, bytes, Mapping)) or not isinstance(source, Iterable):
        raise BadOption(Translatable("{kind} holds no cases.", kind=type(source).__name__), ADVICE)
    return (_read_row(row) for row in source)


def _read_row(row: object) -> Case:
    if not isinstance(row, Mapping):
        raise BadOption(Translatable("{kind} is not a case.", kind=type(row).__name__), ADVICE)
    return {str(name): value for name, value in row.items()}


def _missing_column_error(number: int, slot: str, case: Case) -> BadOption:
    columns = ", ".join(quote(name, MAX_NAME_CHARS) for name in islice(case, 20))
    return BadOption(
        Translatable("Case {number} has no value for the slot {slot!r}.", number=number, slot=slot),
        Translatable("Its columns are: {columns}.", columns=columns or Translatable("none yet")),
    )
