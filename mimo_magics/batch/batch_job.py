"""A prompt, its rows, and how to run it: the plan, a sample, the run, and the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from random import Random
from typing import Any, Literal

from mimo_magics.batch.batch_run import NOT_REACHED, BatchRun, RunOptions, choose_limits
from mimo_magics.batch.map_options import MapOptions
from mimo_magics.batch.map_result import MapResult
from mimo_magics.batch.plan import RunPlan, plan_run
from mimo_magics.batch.row_output import build_output, check_output_path, find_columns, write_output
from mimo_magics.batch.row_prompt import RowPrompt
from mimo_magics.batch.row_result import RowResult
from mimo_magics.batch.rows import Row, RowSource, open_rows
from mimo_magics.batch.store import MEMORY, open_store
from mimo_magics.batch.summary import RunSummary
from mimo_magics.client import portal
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.core.settings import Settings
from mimo_magics.session.session import Session

SEED = 0
"""Of the random rows of a sample, so that they are the same each time."""
OnError = Literal["value", "raise"]
ProgressCallback = Callable[[RunProgress], None]


class RowFailed(MimoError):
    """A row has no value, and `on_error="raise"` was set. The results of the others are in the store."""


def ignore_progress(progress: RunProgress) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class BatchJob:
    """A prompt over rows.

    The results are in the store, so running a job again asks only for what is missing or failed.
    """

    prompt: RowPrompt
    source: RowSource
    session: Session
    options: RunOptions
    out: Path | None = None
    """The file of the output, if the rows are in a file."""
    places: tuple[int, ...] = ()
    """The places of the rows in the input; empty if these are all rows."""

    def __post_init__(self) -> None:
        """Check that the output of a file has a place.

        Raises:
            BadOption: it has none, or it cannot be written there.
        """
        if not self.source.file:
            return
        if not self.out:
            raise BadOption(
                Translatable("The rows are in a file, so the output needs a file, too."),
                Translatable("Add --out labels.csv, or out='labels.csv' in Python."),
            )
        check_output_path(self.source.file.path, self.out)

    @classmethod
    def create(
        cls,
        text: str,
        rows: object,
        session: Session,
        settings: Settings,
        *,
        schema: Any = None,
        options: MapOptions,
    ) -> BatchJob:
        """Return the job of a prompt over any input.

        Args:
            text: the prompt with its slots.
            rows: the input, as `open_rows` reads it.
            session: counts the usage.
            settings: all settings of the calls.
            schema: a type or a JSON Schema that each reply must fit.
            options: how to go about the rows.

        Raises:
            BadOption: the prompt has no slots, the rows lack a column, or an option is not valid.
        """
        prompt = RowPrompt.create(text, settings, session.started_on, schema)
        out = None if options.out is None else Path(options.out)
        return cls(prompt, open_rows(rows, prompt.slots), session, options.build(), out)

    def plan(self) -> RunPlan:
        """Return what a run would do. Nothing is sent, and no file is created.

        Raises:
            BadOption: the rows can be read only once.
            BadRowStore: the store holds something else.
        """
        self._check_repeatable()
        path = self.options.store
        store = open_store(path if path != MEMORY and Path(path).exists() else MEMORY)
        try:
            limits = self.options.limits or choose_limits(self.prompt.turn_input)
            return plan_run(self.prompt, self.source.iter_rows(), self.source.count, store, limits)
        finally:
            store.close()

    def forget_results(self) -> None:
        """Delete the saved results of these rows, so that a run sends all of them.

        Raises:
            BadOption: the rows can be read only once.
            BadRowStore: the store cannot be written.
        """
        self._check_repeatable()
        store = open_store(self.options.store)
        try:
            store.delete(self._iter_keys())
        finally:
            store.close()

    def _iter_keys(self) -> Iterator[str]:
        for row in self.source.iter_rows():
            with suppress(MimoError):
                yield self.prompt.build(row).key

    def _check_repeatable(self) -> None:
        if not self.source.is_repeatable:
            raise BadOption(
                Translatable("An iterator can be read only once, so it has no plan and no sample."),
                Translatable("Use a list, a data frame or a file."),
            )

    def open_run(self) -> BatchRun:
        """Return the run over all rows. It has not started."""
        source = self.source
        return BatchRun(self.prompt, source.iter_rows(), self.session, self.options, source.count)

    def run(self, on_progress: ProgressCallback = ignore_progress) -> MapResult:
        """Run all rows, for callers that cannot await.

        Raises:
            BadRowStore: results cannot be saved; nothing was sent.
            MimoError: the service cannot be called at all.
            KeyboardInterrupt: Ctrl-C, or an interrupt of the kernel. What arrived is in the store.
        """
        run = self.open_run()
        try:
            with portal.PortalStream(aclosing(run.watch())) as stream:
                for progress in stream:
                    on_progress(progress)
            return self.build_result(run)
        finally:
            run.close()

    async def run_async(self, on_progress: ProgressCallback = ignore_progress) -> MapResult:
        """Do the same as `run`, without blocking the event loop."""
        run = self.open_run()
        try:
            async with aclosing(run.watch()) as running:
                async for progress in running:
                    on_progress(progress)
            return self.build_result(run)
        finally:
            run.close()

    def take_sample(self, size: int) -> BatchJob:
        """Return the job for some random rows, always the same ones. Their results count for the whole job.

        Raises:
            BadOption: the rows can be read only once.
        """
        self._check_repeatable()
        rows = dict(_choose_rows(self.source.iter_inputs(), size))
        sample = RowSource(
            "list",
            [*rows.values()],
            lambda: iter(rows.values()),
            len(rows),
            has_whole_row=self.source.has_whole_row,
        )
        return replace(self, source=sample, out=None, places=tuple(rows))

    def build_result(self, run: BatchRun) -> MapResult:
        """Return the result of a run that is over or was stopped. The store must be open.

        Raises:
            MimoError: the run stopped, and no row has a value.
        """
        summary, rows = self._summarize(run)
        if run.stopped and summary.failed == summary.rows:
            raise run.stopped.with_traceback(None)
        columns = find_columns(rows, self._schema_columns)
        if self.source.file and self.out:
            write_output(self.source, lambda: _iter_all_results(run), self.out, columns)
            output: Any = self.out
        else:
            output = build_output(self.source, rows, columns)
        progress = run.progress
        rerun = self.run if self.source.is_repeatable else None
        notes = (
            (Translatable("The results could not be saved: {reason}.", reason=progress.problem),)
            if progress.problem
            else ()
        )
        return MapResult(tuple(rows), output, summary, progress.seconds, run.stopped, notes, rerun)

    @property
    def _schema_columns(self) -> tuple[str, ...]:
        schema = self.prompt.turn_input.schema
        return tuple(schema.item_properties) if schema and not schema.is_list else ()

    def _summarize(self, run: BatchRun) -> tuple[RunSummary, list[RowResult]]:
        """Return the summary, and the results: all, or those that the document shows if the rows are in a file."""
        summary, results = RunSummary(), []
        for row, each in self._iter_pairs(run):
            result = replace(each, index=self.places[each.index]) if self.places else each
            summary.add(result, row)
            if not self.source.file:
                results.append(result)
        listed = [row.result for row in (*summary.failures, *summary.values)]
        return summary, sorted(listed, key=lambda row: row.index) if self.source.file else results

    def _iter_pairs(self, run: BatchRun) -> Iterable[tuple[Row, RowResult]]:
        """Return the rows with their results. Of an iterator the rows are gone, and only those that were read count."""
        if not self.source.is_repeatable:
            return (({}, result) for result in run.iter_results())
        return zip(self.source.iter_inputs(), _iter_all_results(run), strict=False)


def _iter_all_results(run: BatchRun) -> Iterator[RowResult]:
    """Return the results, and then endlessly that of a row that the run did not reach."""
    not_reached = (RowResult(place, error=NOT_REACHED) for place in count(run.row_count))
    return chain(run.iter_results(), not_reached)


def _choose_rows(rows: Iterator[Row], size: int) -> Iterator[tuple[int, Row]]:
    """Yield random rows with their places, in their order. Each row is as likely (reservoir sampling)."""
    draw, chosen = Random(SEED), dict[int, tuple[int, Row]]()  # noqa: S311  no secret depends on it
    for place, row in enumerate(rows):
        slot = place if place < size else draw.randrange(place + 1)
        if slot < size:
            chosen[slot] = (place, row)
    yield from sorted(chosen.values(), key=lambda item: item[0])


def check_rows(result: MapResult, on_error: OnError) -> MapResult:
    """Return a result, if a failed row is not to raise.

    Raises:
        RowFailed: a row failed, and `on_error` is `raise`.
    """
    if on_error == "raise" and result.failed:
        row = result.failed[0]
        raise RowFailed(
            Translatable("Row {number} failed: {error}", number=row.index + 1, error=row.error),
            Translatable("The other results are saved; the same call sends only what failed."),
        )
    return result
