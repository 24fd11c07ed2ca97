"""`%mimo_fix`: the model explains the error of a cell and proposes a corrected cell. Nothing is run."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from mimo_magics.core.messages import Part
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.cell_request import check_variable_name
from mimo_magics.notebook.cell_run import CellRun
from mimo_magics.notebook.kernel.async_cell import get_display_target
from mimo_magics.notebook.kernel.failed_cell import FailedCell, find_failed_cell
from mimo_magics.notebook.kernel.notebook_cells import NotebookState
from mimo_magics.notebook.one_off_prompts import OneOffPrompts
from mimo_magics.notebook.reply_display import ReplyDisplay, print_text
from mimo_magics.prompts.fix import REPEATED_NOTICE, Fix, FixDocument, build_fix
from mimo_magics.prompts.fix_prompt import add_repair, build_fix_prompt
from mimo_magics.prompts.fix_proposal import Proposal, find_syntax_error, read_proposal
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.turn import Turn

FIX = "%mimo_fix"
Value = TypeVar("Value", Fix, DryRun)
SETTING_OPTIONS = ("model", "share")
"""The options of the magic that are settings."""


class FixCommands:
    """Corrects the failed cells of one shell.

    Args:
        shell: the shell.
        prompts: sends the prompts.
        reply_display: shows the values.
        read_state: returns the cells of the notebook.
    """

    def __init__(
        self,
        shell: Any,
        prompts: OneOffPrompts,
        reply_display: ReplyDisplay,
        read_state: Callable[[], NotebookState],
    ) -> None:
        self._shell = shell
        self._prompts = prompts
        self._reply_display = reply_display
        self._read_state = read_state

    def fix(self, line: str, wish: str) -> Fix | DryRun:
        """Propose a corrected cell, show it and insert it.

        Args:
            line: the arguments of the magic.
            wish: what the user wants; empty for a plain correction.

        Raises:
            BadOption: no cell has failed, or an argument is invalid.
            MimoError: the call failed.
        """
        _, arguments = parse_command(FIX, line)
        check_variable_name(arguments.out)
        overrides = {name: getattr(arguments, name) for name in SETTING_OPTIONS if getattr(arguments, name)}
        settings = self._prompts.build_settings(overrides)
        failed = find_failed_cell(self._shell, arguments.n, self._read_state())
        prompt = build_fix_prompt(failed.failure, failed.cells, wish.strip(), settings)
        if arguments.dry_run:
            return self._bind(arguments, self._prompts.draft(prompt, overrides))
        return self._bind(arguments, self._propose(failed, prompt, overrides, arguments))

    def _propose(
        self, failed: FailedCell, prompt: Sequence[Part], overrides: Mapping[str, Any], arguments: Namespace
    ) -> Fix:
        """Get a proposal. Code that is not valid is requested once more."""
        run = self._run(failed, prompt, overrides, is_last=False)
        if run.needs_repair:
            repair = add_repair(prompt, run.proposal.code, run.syntax_error)
            run = self._run(failed, repair, overrides, is_last=True)
        if run.fix.code:
            self._shell.set_next_input(run.fix.code, replace=bool(arguments.replace))
        self._reply_display.record_value(run.fix)
        return run.fix

    def _run(
        self, failed: FailedCell, prompt: Sequence[Part], overrides: Mapping[str, Any], *, is_last: bool
    ) -> FixRun:
        run = self._prompts.create_run(FixRun, prompt, overrides)
        run.failed, run.transform, run.is_last = failed, self._shell.transform_cell, is_last
        with run.finalize_output():
            run.run_sync()
        if get_display_target(self._shell) == "terminal" and not run.needs_repair:
            # A terminal has shown the text of the reply, but not the difference.
            print_text(FixDocument(run.fix).to_bundle()["text/plain"])
        return run

    def _bind(self, arguments: Namespace, value: Value) -> Value:
        if arguments.out:
            self._shell.user_ns[arguments.out] = value
        return value


class FixRun(CellRun):
    """The run of a prompt for a corrected cell. Its document shows the cause and the change."""

    failed: FailedCell
    transform: Callable[[str], str]
    """Replaces the magics of a cell by plain Python."""
    is_last = False
    """Whether code that is not valid is not requested again."""

    @cached_property
    def proposal(self) -> Proposal:
        """What the model proposes."""
        assert self.reply
        return read_proposal(self.reply.text, self.failed.cells)

    @cached_property
    def syntax_error(self) -> str:
        """Why the proposed code is not valid; empty if it is."""
        return find_syntax_error(self.proposal.code, self.transform)

    @property
    def needs_repair(self) -> bool:
        """Whether the code is requested again."""
        return bool(self.syntax_error) and not self.is_last

    @cached_property
    def fix(self) -> Fix:
        """The value of the cell."""
        assert self.reply
        notices = (REPEATED_NOTICE,) if self.is_last else ()
        return build_fix(self.proposal, self.syntax_error, self.reply, self.failed.number, notices)

    def _leave_document(self, turn: Turn) -> None:
        if not turn.is_complete:
            super()._leave_document(turn)
        elif self.needs_repair:
            self.renderer.clear()
        else:
            document = FixDocument(self.fix, self._running.context if self._running else ())
            self.renderer.finish(document, {"mimo": self._build_record(turn, self.fix.notices)})
