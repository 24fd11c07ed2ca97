"""A case grid: several prompts or settings over the same rows, and their values as a matrix."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mimo_magics.batch.batch_job import BatchJob
from mimo_magics.batch.batch_run import BatchRun
from mimo_magics.batch.map_result import MapResult
from mimo_magics.batch.plan import RunPlan, add_plans
from mimo_magics.batch.row_result import RowResult
from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import translate
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.core.text import quote_value, replace_unencodable_characters
from mimo_magics.document.grid_table import GridLine, grid_bundle
from mimo_magics.session.data_frame import build_frame

if TYPE_CHECKING:
    import pandas as pd

MAX_VALUE_CHARS = 200


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One prompt with its settings."""

    title: str
    job: BatchJob


@dataclass(frozen=True)
class GridResult:
    """The values of all rows for each prompt and its settings. It displays itself as a matrix."""

    inputs: tuple[dict[str, Any], ...]
    """The rows."""
    columns: dict[str, MapResult]
    """The results by the titles of the columns, in their order."""

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with the columns of the rows, and a column for each prompt and its settings.

        The value of a schema with one field is the value of that field. A row that failed has `None`.

        Raises:
            BadOption: pandas is not installed.
        """
        return build_frame(
            {**row, **{title: simplify(result[place]) for title, result in self.columns.items()}}
            for place, row in enumerate(self.inputs)
        )

    @cached_property
    def _bundle(self) -> dict[str, str]:
        rows = (
            GridLine(
                place + 1, describe_row(row), tuple(_describe(each[place]) for each in self.columns.values())
            )
            for place, row in enumerate(self.inputs)
        )
        return grid_bundle(tuple(self.columns), rows, tuple(self._iter_totals()))

    def _iter_totals(self) -> Iterator[str]:
        for title, result in self.columns.items():
            summary = result.summary
            total = translate(
                "{count:,} of {total:,} rows have a value",
                count=summary.rows - summary.failed,
                total=summary.rows,
            )
            tokens = translate(
                "{input:,} → {output:,} tokens", input=summary.usage.input, output=summary.usage.output
            )
            yield " · ".join(
                filter(None, (title, total, tokens, f"{summary.usd:.4f} USD" if summary.usd else ""))
            )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {**self._bundle, "text/plain": replace_unencodable_characters(self._bundle["text/plain"])}

    def __repr__(self) -> str:
        return f"<GridResult of {len(self.inputs)} rows and {len(self.columns)} columns>"


class CaseGrid:
    """Runs the columns of a grid, one after the other.

    Args:
        columns: the prompts with their settings. All have the same rows.
    """

    def __init__(self, columns: Sequence[GridColumn]) -> None:
        self._columns = columns
        self._results: dict[str, MapResult] = {}
        self._run: BatchRun | None = None
        """The run of the present column."""
        self._finished = RunProgress(0)
        self.progress = RunProgress()
        """The progress of all columns together."""
        self.stopped: MimoError | None = None
        """Why a run ended before its last row. The columns after it were not run."""

    def plan(self) -> RunPlan:
        """Return what all runs would do. Nothing is sent."""
        return add_plans([column.job.plan() for column in self._columns])

    async def watch(self) -> AsyncGenerator[RunProgress]:
        """Run the columns, and yield the progress of all. Closing the generator cancels the calls; errors are those of a run."""
        for column in self._columns:
            if self.stopped:
                return
            self._run = run = column.job.open_run()
            try:
                async with aclosing(run.watch()) as running:
                    async for progress in running:
                        self.progress = self._add(progress)
                        yield self.progress
            finally:
                self._finished = self._add(run.progress)
                # The first column that has no value at all raises the error of its run.
                self._results[column.title] = column.job.build_result(run)
                self.stopped = run.stopped
                self.close()

    def close(self) -> None:
        """Close the store of the run that is over."""
        if self._run:
            self._run.close()
            self._run = None

    def build_result(self) -> GridResult:
        """Return the values of the columns that were run."""
        source = self._columns[0].job.source
        return GridResult(tuple(dict(row) for row in source.iter_inputs()), dict(self._results))

    def _add(self, progress: RunProgress) -> RunProgress:
        past = self._finished
        rows = self._columns[0].job.source.count
        return replace(
            progress,
            total=None if rows is None else rows * len(self._columns),
            called=past.called + progress.called,
            reused=past.reused + progress.reused,
            failed=past.failed + progress.failed,
            unsent=past.unsent + progress.unsent,
            usage=past.usage + progress.usage,
            usd=None if past.usd is None or progress.usd is None else past.usd + progress.usd,
            seconds=past.seconds + progress.seconds,
        )


def simplify(result: RowResult) -> Any:
    """Return the value of a row: of an object with one field, the value of that field."""
    data = result.data
    return next(iter(data.values())) if isinstance(data, dict) and len(data) == 1 else data


def describe_row(row: dict[str, Any]) -> str:
    """Return the values of a row in a few words."""
    texts = (quote_value(value, MAX_VALUE_CHARS).strip("'") for value in row.values())
    return next(texts) if len(row) == 1 else ", ".join(map("{}={}".format, row, texts))


def _describe(result: RowResult) -> str:
    value = simplify(result)
    text = value if isinstance(value, str) else quote_value(value, MAX_VALUE_CHARS)
    return f"✗ {translate(result.error)}" if result.error else text
