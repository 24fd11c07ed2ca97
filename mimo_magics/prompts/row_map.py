"""`mimo_magics.map`: one prompt over many rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mimo_magics.batch.batch_job import BatchJob, OnError, ProgressCallback, check_rows, ignore_progress
from mimo_magics.batch.map_options import split_options
from mimo_magics.batch.map_result import MapResult
from mimo_magics.batch.plan import RunPlan
from mimo_magics.prompts.prompt_function import PromptFunction
from mimo_magics.session.current_session import get_current_session

if TYPE_CHECKING:
    from mimo_magics.session.session import Session


def map(  # noqa: A001  the name that says what it does
    prompt: str | PromptFunction,
    rows: object,
    *,
    session: Session | None = None,
    schema: Any = None,
    on_error: OnError = "value",
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> MapResult:
    """Send a prompt for each row, and return the results in the order of the rows.

        labels = mimo_magics.map("Is this praise or a complaint? {text}", df, schema="label")
        df = labels.output

    A row that fails is a value with an error. Results are saved while the run goes on: the same call sends only what is
    missing or failed. Rows see the system prompt and the settings, but no history, and add no turns.

    Args:
        prompt: a text with the names of columns in braces, or a prompt function.
        rows: a data frame or series of pandas or polars, a list, dicts, an iterator, or the path of a CSV, TSV or Parquet
            file. A row that is a single value fills the only slot.
        session: counts the usage; by default the current one.
        schema: a type or a JSON Schema that each reply must fit, as in `Session.ask`.
        on_error: `raise` raises the error of the first failed row at the end.
        on_progress: is called about ten times a second.
        options: fields of `MapOptions` and of `Settings`.

    Raises:
        BadOption: the prompt has no slots, the rows lack a column, or an option is not valid; nothing was sent.
        BadRowStore: the results cannot be saved; nothing was sent.
        MimoError: the service cannot be called at all.
        RowFailed: a row failed, with `on_error="raise"`.
        KeyboardInterrupt: Ctrl-C, or an interrupt of the kernel. What arrived is saved.
    """
    job = create_job(prompt, rows, session=session, schema=schema, **options)
    return check_rows(job.run(on_progress), on_error)


async def amap(
    prompt: str | PromptFunction,
    rows: object,
    *,
    session: Session | None = None,
    schema: Any = None,
    on_error: OnError = "value",
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> MapResult:
    """Do the same as `map`, without blocking the event loop."""
    job = create_job(prompt, rows, session=session, schema=schema, **options)
    return check_rows(await job.run_async(on_progress), on_error)


def plan_map(
    prompt: str | PromptFunction,
    rows: object,
    *,
    session: Session | None = None,
    schema: Any = None,
    **options: Any,
) -> RunPlan:
    """Return what `map` would do: calls, tokens, cost and time. Nothing is sent. Arguments and errors are those of `map`."""
    return create_job(prompt, rows, session=session, schema=schema, **options).plan()


def create_job(
    prompt: str | PromptFunction,
    rows: object,
    *,
    session: Session | None = None,
    schema: Any = None,
    **options: Any,
) -> BatchJob:
    """Return a job, which has not started. Arguments and errors are those of `map`."""
    if isinstance(prompt, PromptFunction):
        function = prompt if schema is None else replace(prompt, schema=schema)
        return function.create_job(rows, session, **options)
    map_options, settings = split_options(options)
    session = session or get_current_session()
    return BatchJob.create(
        prompt, rows, session, session.settings.override(settings), schema=schema, options=map_options
    )
