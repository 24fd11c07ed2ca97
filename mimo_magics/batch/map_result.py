"""The result of a run: the result of each row, and the output as the same kind of value as the input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from mimo_magics.batch.row_result import RowResult
from mimo_magics.batch.run_document import build_document
from mimo_magics.batch.summary import RunSummary
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.session.data_frame import build_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MapResult(Sequence[RowResult]):
    """The results of a run, one for each row and in their order. It displays itself, failed rows first."""

    rows: tuple[RowResult, ...]
    """The results. For a file only those that the document shows: the others are in the output file."""
    output: Any
    """The rows of the input with their values: a frame for a frame, a list of dicts for a list, the path for a path."""
    summary: RunSummary
    """Counts, tokens, cost and the distribution of the values."""
    seconds: float
    stopped: MimoError | None = None
    """Why the run ended before the last row; `None` if it did not."""
    notes: tuple[str, ...] = ()
    """Sentences for the user."""
    rerun: Callable[[], MapResult] | None = field(default=None, repr=False, compare=False)
    """Runs the rows again that have no value."""

    @overload
    def __getitem__(self, index: int) -> RowResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RowResult, ...]: ...
    def __getitem__(self, index: int | slice) -> RowResult | tuple[RowResult, ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RowResult]:
        return iter(self.rows)

    @property
    def values(self) -> list[Any]:
        """The values in the order of the rows; `None` for a row with an error."""
        return [row.value for row in self.rows]

    @property
    def failed(self) -> tuple[RowResult, ...]:
        """The rows without a value."""
        return tuple(row for row in self.rows if row.error)

    @property
    def usage(self) -> Usage:
        """Tokens of this run."""
        return self.summary.usage

    @property
    def usd(self) -> float | None:
        """Cost of this run in US dollars; `None` if a price is unknown."""
        return self.summary.usd

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with a row for each row: its place, the value, `error`, `tokens`, `usd` and `seconds`.

        Raises:
            BadOption: pandas is not installed.
        """
        return build_frame(
            {
                "row": row.index,
                **row.fields,
                "error": row.error or None,
                "tokens": row.tokens,
                "usd": row.usd,
                "seconds": row.seconds,
            }
            for row in self.rows
        )

    def retry_failed(self) -> MapResult:
        """Send the rows without a value again, and return the results of all rows.

        Raises:
            BadOption: the rows came from an iterator, which cannot be read again.
            MimoError: the service cannot be called at all.
        """
        if not self.rerun:
            raise BadOption(
                Translatable("The rows came from an iterator, which cannot be read again."),
                Translatable("Use a list, a data frame or a file."),
            )
        return self.rerun()

    def add_notes(self, *notes: str) -> MapResult:
        """Return the result with more sentences for the user."""
        return replace(self, notes=(*self.notes, *notes))

    @cached_property
    def _bundle(self) -> dict[str, str]:
        return build_document(self.summary, self.seconds, self.stopped, self.notes)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {**self._bundle, "text/plain": replace_unencodable_characters(self._bundle["text/plain"])}

    def __repr__(self) -> str:
        summary = self.summary
        return f"<MapResult: {summary.rows - summary.failed} of {summary.rows} rows have a value>"
