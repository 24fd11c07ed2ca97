"""`%%mimo_check`: calls a prompt function for each case, and runs assert statements for each reply."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import Any

from mimo_magics.core.errors import BadOption, Interrupted, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.display.selection import choose_renderer
from mimo_magics.notebook.argument_parser import parse_command
from mimo_magics.notebook.cell_request import check_variable_name
from mimo_magics.notebook.comparison_request import DEFAULT_ASK_ABOVE
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.cost_confirmation import confirm_estimate
from mimo_magics.notebook.kernel.async_cell import AsyncCell, get_display_target, heartbeat
from mimo_magics.notebook.kernel.comm_pump import pump_comm_messages
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.notebook.session_selection import SessionSelection
from mimo_magics.prompts.check_result import CheckResult, build_result
from mimo_magics.prompts.check_run import CheckPlan, CheckRun, build_plan, select_slots
from mimo_magics.prompts.judge import SCHEMA, Question
from mimo_magics.prompts.prompt_function import PromptFunction
from mimo_magics.session.comparison.estimate import Estimate, estimate_spending
from mimo_magics.session.comparison.result import DisplayBundle
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, Variant
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.session import Session

CHECK = "%%mimo_check"
USAGE = Translatable("Usage: {usage}", usage="%%mimo_check classify --cases cases")


class CheckCommands:
    """Runs the checks of one shell.

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

    def check(self, line: str, body: str) -> CheckResult:
        """Run a check, show its result and return it.

        Raises:
            BadOption: an argument, a case or an assert is not valid, or the user refused the cost.
            MimoError: all calls failed.
        """
        cell = self._prepare(line, body, None)
        with self._finish(cell):
            cell.run.drive_sync(cell.renderer)
        return self._mark_shown(cell)

    async def check_async(self, line: str, body: str) -> CheckResult:
        """Run a check in a cell that awaits."""
        async_cell = AsyncCell(self._shell)
        cell = self._prepare(line, body, async_cell)
        with self._finish(cell):
            async with pump_comm_messages(self._shell.kernel), heartbeat(cell.renderer.tick):
                await async_cell.run(cell.run.drive(cell.renderer))
        return self._mark_shown(cell)

    def _prepare(self, line: str, body: str, async_cell: AsyncCell | None) -> _CheckCell:
        _, arguments = parse_command(CHECK, line)
        check_variable_name(arguments.out)
        plan = self._build_plan(arguments, body)
        session = plan.function.session or self._session_selection.sessions.current
        target = get_display_target(self._shell)
        confirm_estimate(
            estimate_check(plan, session),
            plan.call_count,
            arguments.ask_above or DEFAULT_ASK_ABOVE,
            None if target == "unattended" else input,
        )
        titles = [call.title for call in plan.calls]
        renderer = choose_renderer(target, session.settings, async_cell, titles=titles, has_columns=False)
        return _CheckCell(CheckRun(plan, session, self._shell.user_ns), renderer, arguments.out)

    def _build_plan(self, arguments: Namespace, body: str) -> CheckPlan:
        models = list(dict.fromkeys(arguments.model or ()))
        return build_plan(
            self._find_function(arguments.name),
            self._find_cases(arguments.cases),
            body,
            variants=tuple(Variant(each, {"model": each}) for each in models) or (Variant("", {}),),
            repeat=_read_count("--repeat", arguments.repeat, 1),
            at_once=_read_count("--at-once", arguments.at_once, MAX_CONCURRENT_CALLS),
            judge_options={"model": arguments.judge_model} if arguments.judge_model else {},
        )

    def _find_function(self, name: str | None) -> PromptFunction:
        if not name:
            raise BadOption(Translatable("The name of a prompt function is missing."), USAGE)
        value = self._shell.user_ns.get(name)
        if isinstance(value, PromptFunction):
            return value
        names = [each for each, value in self._shell.user_ns.items() if isinstance(value, PromptFunction)]
        advice = did_you_mean(name, names, Translatable("Define it with %%mimo --define {name}.", name=name))
        raise BadOption(Translatable("{name!r} is not a prompt function.", name=name), advice)

    def _find_cases(self, name: str | None) -> object:
        if not name:
            raise BadOption(Translatable("The cases are missing."), USAGE)
        if name not in self._shell.user_ns:
            names = [each for each in self._shell.user_ns if not each.startswith("_")]
            raise BadOption(
                Translatable("There is no variable {name!r}.", name=name), did_you_mean(name, names, USAGE)
            )
        return self._shell.user_ns[name]

    @contextmanager
    def _finish(self, cell: _CheckCell) -> Iterator[None]:
        """Leave the document in the output and store the result, however the check ends."""
        try:
            with cell.finalize_output():
                yield
        finally:
            if cell.result and cell.out:
                self._shell.user_ns[cell.out] = cell.result

    def _mark_shown(self, cell: _CheckCell) -> CheckResult:
        assert cell.result
        self._reply_display.record_value(cell.result)
        return cell.result


class _CheckCell:
    """A check in its cell."""

    def __init__(self, run: CheckRun, renderer: Renderer, out: str | None) -> None:
        self.run = run
        self.renderer = renderer
        self.out = out
        self.result: CheckResult | None = None
        """The result, when the check is over and has replies."""

    @contextmanager
    def finalize_output(self) -> Iterator[None]:
        """Leave the document in the output, however the check ends.

        Raises:
            MimoError: all calls failed.
            Interrupted: the cell was interrupted.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            # What arrived is checked too, except for what needs the judge.
            self.run.evaluate()
            count = len(self.run.replies)
            raise Interrupted(Translatable("Replies received: {count}.", count=count)) from None
        finally:
            self._leave_document()
        if self.result is None and self.run.first_error:
            raise self.run.first_error

    def _leave_document(self) -> None:
        if not self.run.replies:
            self.renderer.clear()
            return
        self.result = build_result(self.run)
        self.renderer.finish(DisplayBundle(self.result._repr_mimebundle_()), {})


def estimate_check(plan: CheckPlan, session: Session) -> Estimate:
    """Return the estimated cost of all calls. A call that is not valid is left out: it fails later, in its row."""
    spending = [*_iter_spending(plan, session)]
    judge_calls = plan.call_count * sum(each.judge_calls for each in plan.assertions)
    if judge_calls:
        with suppress(MimoError):
            options: dict[str, Any] = dict(plan.judge_options)
            prompt = Question("", "").prompt
            draft = session.draft(prompt, keep=False, tools=(), schema=SCHEMA, **options)
            spending += repeat(estimate_spending(draft), judge_calls)
    return Estimate.from_spending(spending)


def _iter_spending(plan: CheckPlan, session: Session) -> Iterator[Spending]:
    function = plan.function
    for call in plan.calls:
        with suppress(MimoError):
            settings = function.build_settings(session, call.options)
            prompt = function.build_prompt(select_slots(function, plan.cases[call.case]), settings)
            options: dict[str, Any] = {**function.options, "system": function.system, **call.options}
            draft = session.draft(prompt, keep=False, tools=(), schema=function.schema, **options)
            yield estimate_spending(draft)


def _read_count(name: str, count: int | None, default: int) -> int:
    if count is not None and count < 1:
        raise BadOption(
            Translatable("Invalid value {text!r} for {name}.", text=str(count), name=name),
            Translatable("Use a number of calls from 1."),
        )
    return count or default
