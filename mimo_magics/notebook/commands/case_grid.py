"""`%%mimo_compare --each ROWS`: several prompts or settings over the same rows."""

from __future__ import annotations

import re
from argparse import Namespace
from itertools import product
from pathlib import Path
from typing import Any

from mimo_magics.batch.batch_job import BatchJob
from mimo_magics.batch.case_grid import CaseGrid, GridColumn, GridResult
from mimo_magics.batch.map_options import MapOptions
from mimo_magics.batch.row_files import open_row_file
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.settings import COMPARABLE_SETTINGS, Settings
from mimo_magics.display.selection import choose_run_renderer
from mimo_magics.notebook.cell_request import check_variable_name, drop_option_lines
from mimo_magics.notebook.commands.row_map import find_rows
from mimo_magics.notebook.comparison_request import DEFAULT_ASK_ABOVE
from mimo_magics.notebook.cost_confirmation import confirm_plan
from mimo_magics.notebook.kernel.async_cell import AsyncCell, get_display_target
from mimo_magics.notebook.kernel.user_variables import get_user_variables
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.notebook.row_run import RowRun
from mimo_magics.notebook.schema_option import take_schema
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.comparison.variants import Variant, build_variants

SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
"""The line between two prompts."""
OTHER_OPTIONS = (
    "repeat",
    "keep",
    "context",
    "file",
    "fetch",
    "raw",
    "image",
    "audio",
    "video",
    "fps",
    "media_resolution",
)
"""Options of a comparison that have no meaning for rows."""
FLAGS = {"keep": "--no-history"}
"""The flags of options whose values have another name."""


class CaseGridCommands:
    """Runs the case grids of one shell.

    Args:
        shell: the shell.
        session_selection: the sessions, whose current one counts the usage.
        reply_display: shows the values.
    """

    def __init__(self, shell: Any, session_selection: SessionSelection, reply_display: ReplyDisplay) -> None:
        self._shell = shell
        self._session_selection = session_selection
        self._reply_display = reply_display

    def run(self, options: Namespace, body: str) -> GridResult:
        """Run a grid, show it and return it.

        Raises:
            BadOption: an option or the rows are not valid, or the user refused the cost; nothing was sent.
            MimoError: the service cannot be called, or a run stopped before its end.
        """
        return self._prepare(options, body, None).run_sync(self._reply_display)

    async def run_async(self, options: Namespace, body: str) -> GridResult:
        """Run a grid in a cell that awaits."""
        async_cell = AsyncCell(self._shell)
        run = self._prepare(options, body, async_cell)
        return await run.run_async(self._reply_display, async_cell, self._shell.kernel)

    def _prepare(self, options: Namespace, body: str, async_cell: AsyncCell | None) -> RowRun[GridResult]:
        check_variable_name(options.out)
        values = {name: value for name, value in vars(options).items() if value is not None}
        if unused := [name for name in OTHER_OPTIONS if name in values]:
            flag = FLAGS.get(unused[0], f"--{unused[0].replace('_', '-')}")
            raise BadOption(Translatable("--each cannot be used with {flag}.", flag=flag), "")
        grid = CaseGrid(self._build_columns(values, body))
        target = get_display_target(self._shell)
        ask = None if target == "unattended" else input
        confirm_plan(grid.plan(), options.ask_above or DEFAULT_ASK_ABOVE, ask)
        renderer = choose_run_renderer(target, self._session_selection.sessions.current.settings, async_cell)

        def keep(result: GridResult) -> None:
            if options.out:
                self._shell.user_ns[options.out] = result

        return RowRun(grid, renderer, grid.build_result, keep)

    def _build_columns(self, values: dict[str, Any], body: str) -> list[GridColumn]:
        """Return a column for each prompt and each combination of settings."""
        variables = get_user_variables(self._shell)
        schema = take_schema(values, variables)
        rows = find_rows(values["each"], variables)
        # A matrix is shown and kept as a whole, so its rows are read into memory.
        rows = [*open_row_file(rows).iter_rows()] if isinstance(rows, Path) else rows
        sessions = self._session_selection.sessions
        session = sessions.get_or_create(values["session"]) if "session" in values else sessions.current
        compared = {name: values.pop(name) for name in COMPARABLE_SETTINGS if name in values}
        shared = {name: value for name, value in values.items() if name in Settings.__slots__}
        map_options = MapOptions(**({"at_once": values["at_once"]} if "at_once" in values else {}))
        prompts = split_prompts(drop_option_lines(body))
        columns = []
        for (number, prompt), variant in product(enumerate(prompts, 1), build_variants(compared)):
            settings = session.settings.override({**shared, **variant.options})
            job = BatchJob.create(prompt, rows, session, settings, schema=schema, options=map_options)
            title = _build_title(number if len(prompts) > 1 else 0, variant, has_settings=bool(compared))
            columns.append(GridColumn(title, job))
        return columns


def split_prompts(body: str) -> list[str]:
    """Return the prompts of a cell, which lines of three dashes separate.

    Raises:
        BadOption: a prompt is empty.
    """
    prompts = [each.strip("\n") for each in SEPARATOR.split(body)]
    if not all(each.strip() for each in prompts):
        raise BadOption(
            Translatable("A prompt is empty."),
            Translatable("Separate the prompts by a line of three dashes."),
        )
    return prompts


def _build_title(number: int, variant: Variant, *, has_settings: bool) -> str:
    prompt = translate("prompt {number}", number=number) if number else ""
    settings = translate(variant.title) if has_settings else ""
    return " · ".join(filter(None, (prompt, settings))) or translate("value")
