"""`%mimo_test`: the model writes tests for a function. They run after the user has approved them."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Part, Reply, ToolCall
from mimo_magics.core.renderer_protocol import DisplayTarget
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.cell_request import check_variable_name
from mimo_magics.notebook.cell_run import CellRun
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.kernel.user_variables import get_user_variables
from mimo_magics.notebook.one_off_prompts import OneOffPrompts
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.prompts.fix_proposal import find_syntax_error
from mimo_magics.prompts.function_source import FunctionSource, find_function_source
from mimo_magics.prompts.function_tests import FunctionTests
from mimo_magics.prompts.pytest_process import PytestRun, run_tests
from mimo_magics.prompts.tests_prompt import add_failure, build_test_prompt, read_tests
from mimo_magics.session.dry_run import DryRun
from mimo_magics.tools.approval import ApprovalCallback, get_decision

TEST = "%mimo_test"
TOOL_NAME = "run_tests"
"""The name of the call that the user approves."""
SETTING_OPTIONS = ("model", "share")
MAX_PROPOSALS = 2
Value = TypeVar("Value", FunctionTests, DryRun)


class FunctionTestCommands:
    """Tests the functions of one shell.

    Args:
        shell: the shell.
        prompts: sends the prompts.
        reply_display: shows the values.
        callbacks: ask whether the tests may run, by where the cell runs.
    """

    def __init__(
        self,
        shell: Any,
        prompts: OneOffPrompts,
        reply_display: ReplyDisplay,
        callbacks: Mapping[DisplayTarget, ApprovalCallback],
    ) -> None:
        self._shell = shell
        self._prompts = prompts
        self._reply_display = reply_display
        self._callbacks = callbacks

    def test(self, line: str, wish: str) -> FunctionTests | DryRun:
        """Get tests for a function, ask for an approval, run them and show how they end.

        Args:
            line: the arguments of the magic.
            wish: what the user wants; empty for the usual tests.

        Raises:
            BadOption: there is no such function, the run is unattended, or pytest is not installed.
            MimoError: the call failed.
        """
        _, arguments = parse_command(TEST, line)
        check_variable_name(arguments.out)
        if arguments.name is None:
            raise BadOption(
                Translatable("There is no function to test."),
                Translatable("Write its name: %mimo_test NAME"),
            )
        cells = self._shell.history_manager.input_hist_parsed
        source = find_function_source(arguments.name, get_user_variables(self._shell), cells)
        overrides = {name: getattr(arguments, name) for name in SETTING_OPTIONS if getattr(arguments, name)}
        prompt = build_test_prompt(source, wish.strip(), self._prompts.build_settings(overrides))
        if arguments.dry_run:
            return self._bind(arguments, self._prompts.draft(prompt, overrides))
        self._check_can_run()
        tests = self._propose(source, prompt, overrides)
        if arguments.into_cell and tests.code:
            self._shell.set_next_input(tests.code)
        self._reply_display.show_value(tests)
        return self._bind(arguments, tests)

    def _check_can_run(self) -> None:
        """Check that tests can run, before anything is paid.

        Raises:
            BadOption: they cannot.
        """
        if get_display_target(self._shell) == "unattended":
            raise BadOption(
                Translatable("%mimo_test runs code of a model, so an unattended run refuses it."),
                Translatable("Run the cell yourself, and approve the tests."),
            )
        if not find_spec("pytest"):
            raise BadOption(Translatable("pytest is not installed."), "pip install pytest")

    def _propose(
        self, source: FunctionSource, prompt: Sequence[Part], overrides: Mapping[str, Any]
    ) -> FunctionTests:
        """Get tests and run them. Once, what fails or is not valid goes back to the model."""
        request = prompt
        for number in range(1, MAX_PROPOSALS + 1):
            reply = self._request(request, overrides)
            tests = self._run_tests(source, reply)
            if tests.run.is_successful or tests.notices or number == MAX_PROPOSALS:
                break
            request = add_failure(prompt, tests.code, tests.output)
        return tests

    def _run_tests(self, source: FunctionSource, reply: Reply) -> FunctionTests:
        code = read_tests(reply)
        file = f"{source.to_code()}\n\n\n{code}\n"
        if not code:
            notice = Translatable("The reply contains no test.")
            return FunctionTests(source.name, "", "", PytestRun(), reply, (notice,))
        if error := find_syntax_error(code, str):
            return FunctionTests(source.name, code, file, PytestRun(output=error), reply)
        approve = self._callbacks[get_display_target(self._shell)]
        call = ToolCall(
            "", TOOL_NAME, json.dumps({"function": source.name, "tests": code}, ensure_ascii=False)
        )
        if not get_decision(call, approve).allowed:
            refused = Translatable("The tests were not approved, so they did not run.")
            return FunctionTests(source.name, code, file, PytestRun(), reply, (refused,))
        return FunctionTests(source.name, code, file, run_tests(file, Path.cwd()), reply)

    def _request(self, prompt: Sequence[Part], overrides: Mapping[str, Any]) -> Reply:
        run = self._prompts.create_run(CellRun, prompt, overrides)
        with run.finalize_output():
            run.run_sync()
        assert run.reply
        return run.reply

    def _bind(self, arguments: Namespace, value: Value) -> Value:
        if arguments.out:
            self._shell.user_ns[arguments.out] = value
        return value
