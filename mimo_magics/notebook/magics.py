"""The magics. They parse a line or cell, and call the sessions, settings and displays that do the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from IPython.core.magic import needs_local_scope, no_var_expand

from mimo_magics.client import model_list, portal
from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import DisplayTarget
from mimo_magics.display.output import display_bundle
from mimo_magics.display.selection import choose_renderer
from mimo_magics.document.code_text import CodeText
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook import cell_request, comparison_request
from mimo_magics.notebook.argument_parser import parse_command, parse_options
from mimo_magics.notebook.cell_run import CellRun
from mimo_magics.notebook.commands import models, reply as reply_command, tools as tools_command
from mimo_magics.notebook.commands.config import run_config_command
from mimo_magics.notebook.commands.session import SessionContext, run_session_command
from mimo_magics.notebook.commands.tape import run_tape_command
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.context_option import CellSelection
from mimo_magics.notebook.help_page import documented
from mimo_magics.notebook.kernel.async_cell import AsyncCell, get_display_target, heartbeat
from mimo_magics.notebook.kernel.cell_ids import CellIds
from mimo_magics.notebook.kernel.cell_recorder import CellRecorder
from mimo_magics.notebook.kernel.comm_pump import pump_comm_messages
from mimo_magics.notebook.kernel.notebook_cells import NotebookState, SelectedCells, read_notebook_state
from mimo_magics.notebook.kernel.user_variables import get_prompt_variables, get_user_variables
from mimo_magics.notebook.one_off_prompts import OneOffPrompts
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.session.limits.usage_report import UsageReport
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.tools.approval import (
    ApprovalCallback,
    ask_by_input,
    ask_in_window,
    refuse_unattended,
)

if TYPE_CHECKING:  # imported on first use
    from mimo_magics.batch.case_grid import GridResult
    from mimo_magics.batch.map_result import MapResult
    from mimo_magics.batch.plan import RunPlan
    from mimo_magics.notebook.commands.case_grid import CaseGridCommands
    from mimo_magics.notebook.commands.check import CheckCommands
    from mimo_magics.notebook.commands.fix import FixCommands
    from mimo_magics.notebook.commands.function_tests import FunctionTestCommands
    from mimo_magics.notebook.commands.row_map import MapCommands
    from mimo_magics.notebook.commands.speech import SpeechCommands
    from mimo_magics.notebook.comparison_cells import ComparisonCells
    from mimo_magics.prompts.check_result import CheckResult
    from mimo_magics.prompts.fix import Fix
    from mimo_magics.prompts.function_tests import FunctionTests
    from mimo_magics.prompts.prompt_function import PromptFunction
    from mimo_magics.session.comparison.result import Comparison
    from mimo_magics.session.dry_run import DryRun
    from mimo_magics.session.speech import Speech
    from mimo_magics.session.transcription import Transcription

CellValue: TypeAlias = "Reply | CodeText | DryRun | PromptFunction | None"
"""The value of a `%%mimo` cell."""
APPROVAL_CALLBACKS: dict[DisplayTarget, ApprovalCallback] = {
    "front end": partial(ask_by_input, input_function=input),
    "terminal": partial(ask_in_window, input_function=input),
    "unattended": refuse_unattended,
}
"""Decide on tool calls where the renderer has no buttons."""


class MimoMagics:
    """The magics of one shell, which share its settings and sessions.

    Args:
        shell: the shell.
        config: settings of the shell.
        cell_ids: ids of its cells.
        cell_recorder: the record of the cells that it ran.
    """

    def __init__(
        self, shell: Any, config: MimoConfig, cell_ids: CellIds, cell_recorder: CellRecorder
    ) -> None:
        self.shell = shell
        self.config = config
        self._cell_recorder = cell_recorder
        self.session_selection = SessionSelection(shell, Sessions(config.snapshot), cell_ids)
        self._reply_display = ReplyDisplay(shell, config)
        self.install()

    @cached_property
    def comparisons(self) -> ComparisonCells:
        """The comparison cells, which are imported on first use."""
        from mimo_magics.notebook.comparison_cells import ComparisonCells

        return ComparisonCells(
            self.shell, self.config, self.session_selection, self._reply_display, self._select_cells
        )

    @cached_property
    def speech(self) -> SpeechCommands:
        """The speech magics, which are imported on first use."""
        from mimo_magics.notebook.commands.speech import SpeechCommands

        return SpeechCommands(
            self.shell, self.config, self.session_selection, self._reply_display, APPROVAL_CALLBACKS
        )

    @cached_property
    def fixes(self) -> FixCommands:
        """The magics for failed cells, which are imported on first use."""
        from mimo_magics.notebook.commands.fix import FixCommands

        return FixCommands(self.shell, self._create_prompts(), self._reply_display, self._read_notebook_state)

    @cached_property
    def function_tests(self) -> FunctionTestCommands:
        """The magics for tests of functions, which are imported on first use."""
        from mimo_magics.notebook.commands.function_tests import FunctionTestCommands

        return FunctionTestCommands(
            self.shell, self._create_prompts(), self._reply_display, APPROVAL_CALLBACKS
        )

    @cached_property
    def checks(self) -> CheckCommands:
        """The checks of prompt functions, which are imported on first use."""
        from mimo_magics.notebook.commands.check import CheckCommands

        return CheckCommands(self.shell, self.config, self.session_selection, self._reply_display)

    @cached_property
    def maps(self) -> MapCommands:
        """The prompts over many rows, which are imported on first use."""
        from mimo_magics.notebook.commands.row_map import MapCommands

        return MapCommands(self.shell, self.config, self.session_selection, self._reply_display)

    @cached_property
    def grids(self) -> CaseGridCommands:
        """The comparisons over rows, which are imported on first use."""
        from mimo_magics.notebook.commands.case_grid import CaseGridCommands

        return CaseGridCommands(self.shell, self.session_selection, self._reply_display)

    def _create_prompts(self) -> OneOffPrompts:
        return OneOffPrompts(self.shell, self.config, self.session_selection)

    def install(self) -> None:
        """Register the display of replies."""
        self._reply_display.install()

    def uninstall(self) -> None:
        """Unregister the display of replies."""
        self._reply_display.uninstall()

    @property
    def has_turns(self) -> bool:
        """Whether a session has turns."""
        return any(session.history.all_turns for session in self.session_selection.sessions)

    @documented("%%mimo")
    def mimo_cell(self, line: str, body: str) -> CellValue:
        """Run `%%mimo`."""
        if function := self._define_prompt(line, body):
            return function
        cell_run = self._create_cell_run(line, body)
        return self._run_cell(cell_run) if cell_run.sends_request else self._show_dry_run(cell_run)

    @needs_local_scope
    @documented("%mimo")
    def mimo_line(self, line: str, local_ns: Mapping[str, Any] | None = None) -> CellValue:
        """Run `%mimo`."""
        command = reply_command.parse_line(line)
        if command and command.name == "help":
            display_bundle({"text/plain": str(self.mimo_line.__doc__)})
            return None
        if command:
            self._reply_display.run_command(command, self.session_selection.sessions.current)
            return None
        if function := self._define_prompt(line, None, local_ns or {}):
            return function
        cell_run = self._create_cell_run(line, None, local_ns or {})
        if cell_run.continues_complete_reply:
            display_bundle({"text/plain": translate(reply_command.ALREADY_COMPLETE)})
            return None
        return self._run_cell(cell_run) if cell_run.sends_request else self._show_dry_run(cell_run)

    @no_var_expand
    async def mimo_cell_async(self, line: str, body: str) -> CellValue:
        """Run `%%mimo` in a cell that awaits."""
        if function := self._define_prompt(line, body):
            return function
        async_cell = AsyncCell(self.shell)
        cell_run = self._create_cell_run(line, body, async_cell=async_cell)
        if not cell_run.sends_request:
            return self._show_dry_run(cell_run)
        with self._record_turn(cell_run):
            async with pump_comm_messages(self.shell.kernel), heartbeat(cell_run.renderer.tick):
                await async_cell.run(cell_run.run())
        return self._store_reply(cell_run)

    @documented("%%mimo_compare")
    def compare_cell(self, line: str, body: str) -> Comparison | GridResult:
        """Run `%%mimo_compare`."""
        options = comparison_request.parse_line(line)
        return (self.grids if options.each else self.comparisons).run(options, body)

    @no_var_expand
    async def compare_cell_async(self, line: str, body: str) -> Comparison | GridResult:
        """Run `%%mimo_compare` in a cell that awaits."""
        options = comparison_request.parse_line(line)
        return await (self.grids if options.each else self.comparisons).run_async(options, body)

    @documented("%mimo_compare")
    def compare_line(self, line: str) -> None:
        """Run `%mimo_compare`."""
        self.comparisons.run_command(line)

    @documented("%mimo_config")
    def mimo_config(self, line: str) -> None:
        """Run `%mimo_config`."""
        display_bundle(run_config_command(line, self.config))
        self.session_selection.load_saved_turns(self.config.snapshot())

    @documented("%mimo_panel")
    def mimo_panel(self, line: str) -> None:
        """Run `%mimo_panel`."""
        from mimo_magics.notebook.panel import panel, state

        command, _ = parse_command("%mimo_panel", line)
        if not command:
            self.show_panel()
        elif not panel.insert_restore_cell(self.config, self.shell):
            display_bundle({"text/plain": translate(state.NOTHING_TO_RESTORE)})

    def show_panel(self) -> None:
        """Show a panel, with a prompt box where widgets work."""
        from mimo_magics.notebook.panel.panel import Panel
        from mimo_magics.notebook.panel.prompt_box import PromptBox

        if get_display_target(self.shell) == "front end":
            prompt_box = PromptBox(self.shell, self.config, self.session_selection)
            Panel(self.config, self.shell, prompt_box.root, prompt_box.close).show()
        else:
            Panel(self.config, self.shell).show()

    @documented("%mimo_models")
    def mimo_models(self, line: str) -> None:
        """Run `%mimo_models`."""
        _, arguments = parse_command("%mimo_models", line)
        settings = self.config.snapshot()
        if arguments.service:
            settings = settings.override({"preset": arguments.service})
        ids = portal.run_async(partial(model_list.list_models, settings))
        display_bundle(models.models_bundle(settings, ids))

    @documented("%mimo_tools")
    def mimo_tools(self, line: str) -> None:
        """Run `%mimo_tools`."""
        display_bundle(tools_command.run_tools_command(line, get_user_variables(self.shell)))

    @documented("%mimo_session")
    def mimo_session(self, line: str) -> None:
        """Run `%mimo_session`."""
        settings = self.config.snapshot()
        display_bundle(
            run_session_command(
                line,
                SessionContext(
                    self.session_selection.sessions, self.session_selection.notebook_path(settings)
                ),
            ),
        )

    @documented("%mimo_prompts")
    def mimo_prompts(self, line: str) -> None:
        """Run `%mimo_prompts`."""
        from mimo_magics.notebook.commands.prompts import run_prompts_command

        display_bundle(run_prompts_command(line, self.shell.user_ns))

    @documented("%mimo_tape")
    def mimo_tape(self, line: str) -> None:
        """Run `%mimo_tape`."""
        display_bundle(run_tape_command(line, self.config))

    @documented("%mimo_usage")
    def mimo_usage(self, line: str) -> UsageReport:
        """Run `%mimo_usage`."""
        _, arguments = parse_command("%mimo_usage", line)
        sessions = self.session_selection.sessions
        session = sessions.get(arguments.session) if arguments.session else sessions.current
        report = session.usage_report()
        self._reply_display.show_value(report)
        return report

    @documented("%%mimo_speak")
    def speak_cell(self, line: str, body: str) -> Speech | DryRun:
        """Run `%%mimo_speak`."""
        return self.speech.speak(line, body, {})

    @needs_local_scope
    @documented("%mimo_speak")
    def speak_line(self, line: str, local_ns: Mapping[str, Any] | None = None) -> Speech | DryRun:
        """Run `%mimo_speak`."""
        return self.speech.speak(line, None, local_ns or {})

    @documented("%mimo_transcribe")
    def mimo_transcribe(self, line: str) -> Transcription | DryRun:
        """Run `%mimo_transcribe`."""
        return self.speech.transcribe(line)

    def _define_prompt(
        self, line: str, body: str | None, local: Mapping[str, Any] = MappingProxyType({})
    ) -> PromptFunction | None:
        """Return the prompt function that a cell or line defines with `--define`; else `None`."""
        options, text = self._split_cell(line, body)
        parsed = parse_options("%%mimo", options)
        if parsed.define is None:
            return None
        from mimo_magics.notebook.prompt_definition import define_prompt

        variables = {**get_user_variables(self.shell), **local}
        settings = self.session_selection.sessions.current.settings
        function = define_prompt(parsed, text, variables, settings)
        self.shell.user_ns[function.name] = function
        return function

    @staticmethod
    def _split_cell(line: str, body: str | None) -> tuple[tuple[str, ...], str]:
        """Return the options and the prompt of a cell, or of a line, which has no body."""
        options, rest = cell_request.split_options(line)
        if body is not None and rest:
            raise cell_request.extra_text_error(options, rest)
        return options, rest if body is None else cell_request.drop_option_lines(body)

    @documented("%mimo_fix")
    def fix_line(self, line: str) -> Fix | DryRun:
        """Run `%mimo_fix`."""
        return self.fixes.fix(line, "")

    @documented("%%mimo_fix")
    def fix_cell(self, line: str, body: str) -> Fix | DryRun:
        """Run `%%mimo_fix`."""
        return self.fixes.fix(line, body)

    @documented("%%mimo_check")
    def check_cell(self, line: str, body: str) -> CheckResult:
        """Run `%%mimo_check`."""
        return self.checks.check(line, body)

    @no_var_expand
    async def check_cell_async(self, line: str, body: str) -> CheckResult:
        """Run `%%mimo_check` in a cell that awaits."""
        return await self.checks.check_async(line, body)

    @documented("%%mimo_map")
    def map_cell(self, line: str, body: str) -> MapResult | RunPlan:
        """Run `%%mimo_map`."""
        return self.maps.map(line, body)

    @no_var_expand
    async def map_cell_async(self, line: str, body: str) -> MapResult | RunPlan:
        """Run `%%mimo_map` in a cell that awaits."""
        return await self.maps.map_async(line, body)

    @documented("%mimo_test")
    def test_line(self, line: str) -> FunctionTests | DryRun:
        """Run `%mimo_test`."""
        return self.function_tests.test(line, "")

    @documented("%%mimo_test")
    def test_cell(self, line: str, body: str) -> FunctionTests | DryRun:
        """Run `%%mimo_test`."""
        return self.function_tests.test(line, body)

    def _create_cell_run(
        self,
        line: str,
        body: str | None,
        local: Mapping[str, Any] = MappingProxyType({}),
        *,
        async_cell: AsyncCell | None = None,
    ) -> CellRun:
        options, text = self._split_cell(line, body)
        prompt = None if body is None and cell_request.is_continue_line(line) else text
        request = cell_request.build_cell_request(
            parse_options("%%mimo", options),
            prompt,
            {**get_prompt_variables(self.shell), **local},
            self.config.snapshot(),
            select_cells=self._select_cells,
        )
        settings = self.config.snapshot().override(request.settings)
        session = self.session_selection.select_session(request, settings)
        settings = session.settings.override(request.settings)
        target = get_display_target(self.shell)
        tools = tools_command.select_tools(request.tools, {**get_user_variables(self.shell), **local})
        renderer = choose_renderer(target, settings, async_cell)
        stream_options = self.session_selection.build_stream_options(request, session, target)
        return CellRun(
            request,
            session,
            renderer,
            tools,
            APPROVAL_CALLBACKS[target],
            display_options=DisplayOptions.from_settings(settings),
            **stream_options,
        )

    def _select_cells(self, selection: CellSelection) -> SelectedCells:
        """Return the cells of the notebook that `--context` selects."""
        return self._read_notebook_state().select(selection)

    def _read_notebook_state(self) -> NotebookState:
        path = self.session_selection.notebook_path(self.config.snapshot())
        return read_notebook_state(self.shell, self._cell_recorder, path)

    def _run_cell(self, cell_run: CellRun) -> Reply | CodeText:
        with self._record_turn(cell_run):
            cell_run.run_sync()
        return self._store_reply(cell_run)

    def _show_dry_run(self, cell_run: CellRun) -> DryRun | None:
        """Return the dry run as the value of the cell, or show it as code."""
        dry_run = cell_run.build_dry_run()
        if cell_run.request.out:
            self.shell.user_ns[cell_run.request.out] = dry_run
        if isinstance(dry_run, str):
            language = "bash" if cell_run.request.code == "curl" else "python"
            display_bundle(reply_command.copyable_bundle(dry_run, language))
            return None
        return dry_run

    @contextmanager
    def _record_turn(self, cell_run: CellRun) -> Iterator[None]:
        """Record that the cell sent a prompt, if its turn was added to the session."""
        try:
            with cell_run.finalize_output():
                yield
        finally:
            if cell_run.turn and cell_run.request.keep:
                self.session_selection.record_turn(cell_run.request, cell_run.session)

    def _store_reply(self, cell_run: CellRun) -> Reply | CodeText:
        reply, value = cell_run.reply, cell_run.value
        assert reply
        quiet = cell_run.request.settings.get("quiet") or self.config.snapshot().quiet
        self._reply_display.record_reply(reply, quiet=quiet)
        if value is not reply:
            self._reply_display.record_value(value)
        if cell_run.request.into_cell and cell_run.code:
            self.shell.set_next_input(str(cell_run.code))
        if cell_run.request.out:
            self.shell.user_ns[cell_run.request.out] = value
        return value
