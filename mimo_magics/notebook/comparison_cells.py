"""The comparisons of a shell: its cells, and the commands for the last comparison."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.display.output import display_bundle
from mimo_magics.display.selection import choose_renderer
from mimo_magics.document import reply as reply_document
from mimo_magics.document.context_html import context_html
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook import comparison_request
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.cell_context import SelectCells
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.notebook.comparison_request import ComparisonRequest
from mimo_magics.notebook.comparison_run import ComparisonRun, confirm_cost
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import AsyncCell, get_display_target, heartbeat
from mimo_magics.notebook.kernel.comm_pump import pump_comm_messages
from mimo_magics.notebook.kernel.user_variables import get_prompt_variables
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.comparison.result import Comparison
from mimo_magics.session.prompt_context import describe_turn_context
from mimo_magics.session.session import Session
from mimo_magics.session.storage.turn_record import add_notices


class ComparisonCells:
    """Runs the comparisons of one shell, and keeps the last one."""

    def __init__(
        self,
        shell: Any,
        config: MimoConfig,
        session_selection: SessionSelection,
        reply_display: ReplyDisplay,
        select_cells: SelectCells,
    ) -> None:
        self._shell = shell
        self._config = config
        self._session_selection = session_selection
        self._reply_display = reply_display
        self._select_cells = select_cells
        self._last_comparison: Comparison | None = None

    def run(self, options: Namespace, body: str) -> Comparison:
        """Run a comparison, show its replies side by side and return it.

        Raises:
            BadOption: an option is invalid, or the user refused the cost.
            MimoError: all replies failed.
        """
        request = self._build_request(options, body)
        run = self._create_run(request)
        with self._record_comparison(run, request.out):
            run.run_sync()
        return self._mark_shown()

    async def run_async(self, options: Namespace, body: str) -> Comparison:
        """Run a comparison in a cell that awaits."""
        request = self._build_request(options, body)
        async_cell = AsyncCell(self._shell)
        run = self._create_run(request, async_cell)
        with self._record_comparison(run, request.out):
            async with pump_comm_messages(self._shell.kernel), heartbeat(run.renderer.tick):
                await async_cell.run(run.run())
        return self._mark_shown()

    def run_command(self, line: str) -> None:
        """Run a command of `%mimo_compare`.

        Raises:
            BadOption: the command is unknown, or there is no comparison.
        """
        command, arguments = parse_command("%mimo_compare", line)
        if self._last_comparison is None:
            raise BadOption(Translatable("There is no comparison yet."), "%%mimo_compare --temperature 0 1")
        match command:
            case "show":
                display_bundle(self._last_comparison.show().bundle)
            case "diff":
                display_bundle(self._last_comparison.diff(arguments.number, arguments.other).bundle)
            case _:
                self._adopt(self._last_comparison, arguments.number)

    def _build_request(self, options: Namespace, body: str) -> ComparisonRequest:
        variables, defaults = get_prompt_variables(self._shell), self._config.snapshot()
        return comparison_request.build_comparison_request(
            options, body, variables, defaults, self._select_cells
        )

    def _create_run(self, request: ComparisonRequest, async_cell: AsyncCell | None = None) -> ComparisonRun:
        session = self._select_session(request)
        settings = session.settings.override(request.settings)
        target = get_display_target(self._shell)
        confirm_cost(
            request, session, None if target == "unattended" else input, self._session_selection.cell_id
        )
        titles = [variant.title for variant in request.variants]
        display_options = DisplayOptions.from_settings(settings)
        renderer = choose_renderer(target, settings, async_cell, titles=titles)
        return ComparisonRun(request, session, renderer, display_options, self._session_selection.cell_id)

    def _select_session(self, request: ComparisonRequest) -> Session:
        cell_request = CellRequest(request.prompt, {}, session=request.session)
        return self._session_selection.select_session(cell_request, self._config.snapshot())

    @contextmanager
    def _record_comparison(self, run: ComparisonRun, out: str | None) -> Iterator[None]:
        """Keep the comparison, also if the cell was interrupted."""
        try:
            with run.finalize_output():
                yield
        finally:
            if run.comparison:
                self._last_comparison = run.comparison
                if out:
                    self._shell.user_ns[out] = self._last_comparison

    def _mark_shown(self) -> Comparison:
        assert self._last_comparison
        self._reply_display.record_value(self._last_comparison)
        return self._last_comparison

    def _adopt(self, comparison: Comparison, number: int) -> None:
        """Make a reply the next turn and show it, with the record of the turn in the output's metadata."""
        session = comparison.session
        previous_turn_count = len(session.turns)
        reply = comparison.adopt(number)
        settings = self._config.snapshot()
        notices = [
            Translatable(
                "Saved reply {number} as turn {count} of session {name}.",
                number=number,
                count=len(session.turns),
                name=session.name,
            )
        ]
        if (branched_turns := previous_turn_count - len(session.turns) + 1) > 0:
            notices.append(
                Translatable(
                    "{count} replaced turn is now a branch."
                    if branched_turns == 1
                    else "{count} replaced turns are now a branch.",
                    count=branched_turns,
                )
            )
        bundle = reply_document.reply_bundle(
            reply,
            display_options=DisplayOptions.from_settings(settings),
            notices=notices,
            head=context_html(describe_turn_context(session.turns[-1])),
        )
        display_bundle(bundle, {"mimo": add_notices(session.record, notices)})
