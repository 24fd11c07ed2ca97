"""The summary of a run: how many rows have a value, what they cost, and how the values are distributed.

It is built row by row, so that memory does not grow with the rows.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from typing import Any

from mimo_magics.batch.row_result import RowResult
from mimo_magics.core.messages import Usage
from mimo_magics.core.text import quote_value

MAX_LABELS, MAX_LABEL_CHARS = 200, 80
"""Distinct values of a column, and characters of one, up to which they are labels."""
MAX_COLUMNS = 20
MAX_LISTED_FAILURES, MAX_LISTED_VALUES = 100, 12


@dataclass(slots=True)
class ColumnCounts:
    """The values of one column: labels, or numbers, or the lengths of texts."""

    labels: Counter[str] = field(default_factory=Counter)
    """How often each value occurs; empty if the values are no labels."""
    numbers: array[float] = field(default_factory=lambda: array("d"))
    """The numbers; of texts their lengths in characters."""
    is_text: bool = False
    """Whether a value is a text."""
    has_labels: bool = True
    """Whether the values are few and short."""

    def add(self, value: Any) -> None:
        """Count a value."""
        if isinstance(value, str):
            self.is_text = True
            self.numbers.append(len(value))
        elif isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            self.numbers.append(value)
        if not self.has_labels:
            return
        label = value if isinstance(value, str) else repr(value)
        self.labels[label[: MAX_LABEL_CHARS + 1]] += 1
        if len(label) > MAX_LABEL_CHARS or len(self.labels) > MAX_LABELS:
            self.has_labels = False
            self.labels.clear()


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row that the document of a run shows."""

    result: RowResult
    inputs: str
    """The values of the row, shortened."""


@dataclass(slots=True)
class RunSummary:
    """What a run came to."""

    rows: int = 0
    failed: int = 0
    reused: int = 0
    """Rows whose result was in the store, or that equal another row."""
    usage: Usage = Usage()
    usd: float | None = 0.0
    """US dollars of this run; `None` if a price is unknown."""
    columns: dict[str, ColumnCounts] = field(default_factory=dict)
    """The distribution of each column of the values."""
    failures: list[ListedRow] = field(default_factory=list)
    """The first failed rows."""
    values: list[ListedRow] = field(default_factory=list)
    """The first rows with a value."""
    errors: Counter[str] = field(default_factory=Counter)
    """How often each error occurs."""

    def add(self, result: RowResult, row: Mapping[str, Any]) -> None:
        """Count a row and its result."""
        self.rows += 1
        self.reused += result.is_reused
        self.usage += result.usage
        self.usd = None if self.usd is None or result.usd is None else self.usd + result.usd
        if result.error:
            self._add_failure(result, row)
            return
        if len(self.values) < MAX_LISTED_VALUES:
            self.values.append(ListedRow(result, _describe_row(row)))
        for name, value in islice(result.fields.items(), MAX_COLUMNS):
            if name in self.columns or len(self.columns) < MAX_COLUMNS:
                self.columns.setdefault(name, ColumnCounts()).add(value)

    def _add_failure(self, result: RowResult, row: Mapping[str, Any]) -> None:
        self.failed += 1
        if len(self.failures) < MAX_LISTED_FAILURES:
            self.failures.append(ListedRow(result, _describe_row(row)))
        if result.error in self.errors or len(self.errors) < MAX_LABELS:
            self.errors[result.error] += 1


def _describe_row(row: Mapping[str, Any]) -> str:
    """Return the values of a row in a few words. A row of one column is its value."""
    columns = dict(islice(row.items(), MAX_COLUMNS))
    texts = (quote_value(value, MAX_LABEL_CHARS).strip("'") for value in columns.values())
    if len(columns) == 1:
        return next(texts)
    return ", ".join(f"{name}={text}" for name, text in zip(columns, texts, strict=True))
