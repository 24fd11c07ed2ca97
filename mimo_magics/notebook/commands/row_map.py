"""`%%mimo_map`: one prompt over the rows of a variable or a file."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mimo_magics.batch.batch_job import BatchJob
from mimo_magics.batch.map_options import MapOptions
from mimo_magics.batch.map_result import MapResult
from mimo_magics.batch.plan import RunPlan
from mimo_magics.batch.row_files import FILE_ENDINGS
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.display.selection import choose_run_renderer
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.cell_request import check_variable_name, drop_option_lines
from mimo_magics.notebook.comparison_request import DEFAULT_ASK_ABOVE
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.cost_confirmation import confirm_plan
from mimo_magics.notebook.kernel.async_cell import AsyncCell, get_display_target
from mimo_magics.notebook.kernel.user_variables import get_user_variables
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.notebook.row_run import RowRun
from mimo_magics.notebook.schema_option import take_schema
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.session import Session

MAP = "%%mimo_map"
USAGE = Translatable("Usage: {usage}", usage="%%mimo_map df --out labels")
OPTION_NAMES = ("at_once", "store", "requests_per_minute", "tokens_per_minute")


class MapCommands:
    """Runs the maps of one shell.

    Args:
        shell: the shell.
        config: its settings.
        session_selection: the sessions, whose current one counts the usage.
        reply_display: shows the values.
    """

    def __init__(
        self, shell: Any, config: MimoConfig, session_selection: SessionSelection, reply_display: ReplyDisplay
    ) -> None:
        self._shell = shell
        self._config = config
        self._session_selection = session_selection
        self._reply_display = reply_display

    def map(self, line: str, body: str) -> MapResult | RunPlan:
        """Run a prompt over rows, show the result and return it; with `--dry-run` the plan.

        Raises:
            BadOption: an option or the input is not valid, or the user refused the cost; nothing was sent.
            MimoError: the service cannot be called, or the run stopped before its end.
        """
        run = self._prepare(line, body, None)
        return run if isinstance(run, RunPlan) else run.run_sync(self._reply_display)

    async def map_async(self, line: str, body: str) -> MapResult | RunPlan:
        """Run a prompt over rows in a cell that awaits."""
        async_cell = AsyncCell(self._shell)
        run = self._prepare(line, body, async_cell)
        if isinstance(run, RunPlan):
            return run
        return await run.run_async(self._reply_display, async_cell, self._shell.kernel)

    def _prepare(self, line: str, body: str, async_cell: AsyncCell | None) -> RowRun[MapResult] | RunPlan:
        _, arguments = parse_command(MAP, line)
        all_rows = job = self._create_job(arguments, drop_option_lines(body).strip("\n"))
        if arguments.restart:
            job.forget_results()
        if arguments.dry_run:
            return job.plan()
        if arguments.sample is not None:
            job = job.take_sample(_check_sample(arguments.sample))
        target = get_display_target(self._shell)
        if job.source.is_repeatable:
            ask = None if target == "unattended" else input
            confirm_plan(job.plan(), arguments.ask_above or DEFAULT_ASK_ABOVE, ask)
        renderer = choose_run_renderer(target, job.prompt.turn_input.settings, async_cell)
        run = job.open_run()

        def build_result() -> MapResult:
            result = job.build_result(run)
            return result if job is all_rows else result.add_notes(*all_rows.plan().note_lines)

        def keep(result: MapResult) -> None:
            if arguments.out and not job.out:
                self._shell.user_ns[arguments.out] = result.output

        return RowRun(run, renderer, build_result, keep)

    def _create_job(self, arguments: Namespace, text: str) -> BatchJob:
        variables = get_user_variables(self._shell)
        options = {name: value for name, value in vars(arguments).items() if value is not None}
        schema = take_schema(options, variables)
        session = self._find_session(arguments)
        settings = session.settings.override(
            {name: value for name, value in options.items() if name in Settings.__slots__}
        )
        rows = find_rows(arguments.rows, variables)
        is_file = isinstance(rows, Path)
        if not is_file:
            check_variable_name(arguments.out)
        map_options = MapOptions(
            **{name: options[name] for name in OPTION_NAMES if name in options},
            out=arguments.out if is_file else None,
        )
        return BatchJob.create(text, rows, session, settings, schema=schema, options=map_options)

    def _find_session(self, arguments: Namespace) -> Session:
        sessions = self._session_selection.sessions
        return sessions.get_or_create(arguments.session) if arguments.session else sessions.current


def _check_sample(count: int) -> int:
    if count < 1:
        raise BadOption(
            Translatable("Invalid value {text!r} for {name}.", text=str(count), name="--sample"),
            Translatable("Use a number of rows from 1."),
        )
    return count


def find_rows(name: str | None, variables: Mapping[str, Any]) -> Any:
    """Return the variable that a word names, or else the word as the path of a file.

    Raises:
        BadOption: there is neither.
    """
    if not name:
        raise BadOption(Translatable("The rows are missing."), USAGE)
    if name in variables:
        value = variables[name]
        return Path(value) if isinstance(value, str) else value
    if name.lower().endswith(FILE_ENDINGS):
        return Path(name)
    names = [each for each in variables if not each.startswith("_")]
    raise BadOption(
        Translatable("There is no variable {name!r}.", name=name), did_you_mean(name, names, USAGE)
    )
