"""The run of a check: the prompt function is called for each case, and then the asserts are run for each reply."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from time import monotonic
from typing import Any

from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply, Usage
from mimo_magics.core.renderer_protocol import Renderer, SilentRenderer
from mimo_magics.core.settings import Settings
from mimo_magics.prompts.assertion import (
    JUDGE,
    NOT_RUN,
    Assertion,
    CheckOutcome,
    VerdictMissing,
    parse_assertions,
)
from mimo_magics.prompts.cases import Case, read_cases
from mimo_magics.prompts.judge import SCHEMA, Judge, Question, Rating, read_verdict
from mimo_magics.prompts.prompt_function import PromptFunction, load_prompt
from mimo_magics.session import turn_driver
from mimo_magics.session.comparison.runner import RunningComparison, TurnFactory
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, Variant
from mimo_magics.session.session import Session
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_preparation import create_running_turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.approval import refuse_unattended

MAX_CALLS = 2_000
MAX_JUDGE_ROUNDS = 10
"""Each round gets the verdicts that the asserts needed in the one before. An assert may need new ones endlessly."""


@dataclass(frozen=True, slots=True)
class CheckCall(Variant):
    """One call of the prompt function. The options are those of its variant."""

    case: int = 0
    """The place of its case."""
    variant: int = 0
    """The place of its variant."""
    repetition: int = 1


@dataclass(frozen=True, slots=True)
class JudgeCall(Variant):
    """One call of the judge."""

    question: Question = field(default_factory=lambda: Question("", ""))


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What a check calls and asserts."""

    function: PromptFunction
    cases: tuple[Case, ...]
    assertions: tuple[Assertion, ...]
    variants: tuple[Variant, ...] = (Variant("", {}),)
    """The settings that are compared on the same cases."""
    repeat: int = 1
    """Number of calls for each case and variant."""
    at_once: int = MAX_CONCURRENT_CALLS
    judge_options: Mapping[str, Any] = field(default_factory=dict)
    """The settings that the judge overrides."""

    def __post_init__(self) -> None:
        """Check the number of calls.

        Raises:
            BadOption: there are none, or too many.
        """
        if not 1 <= self.call_count <= MAX_CALLS:
            raise BadOption(
                Translatable("The check has {count:,} calls.", count=self.call_count),
                Translatable("Use 1 to {max_calls:,} calls.", max_calls=MAX_CALLS),
            )

    @property
    def call_count(self) -> int:
        """Number of calls of the prompt function."""
        return len(self.cases) * len(self.variants) * self.repeat

    @property
    def calls(self) -> tuple[CheckCall, ...]:
        """The calls of the prompt function, case by case."""
        return tuple(self._iter_calls())

    def _iter_calls(self) -> Iterator[CheckCall]:
        for case in range(len(self.cases)):
            for place, variant in enumerate(self.variants):
                for repetition in range(1, self.repeat + 1):
                    title = Translatable("case {number}", number=case + 1)
                    yield CheckCall(title, variant.options, case, place, repetition)


def build_plan(prompt: PromptFunction | str | Path, cases: object, checks: str, **fields: Any) -> CheckPlan:
    """Return the plan of a check.

    Args:
        prompt: a prompt function, or the path of its file.
        cases: a list of dicts or a data frame.
        checks: the assert statements.
        fields: the other fields of the plan.

    Raises:
        BadOption: a case, an assert or a number is not valid.
        BadPromptFile: the file cannot be read.
    """
    function = prompt if isinstance(prompt, PromptFunction) else load_prompt(prompt)
    rows = read_cases(cases, function.parameters)
    return CheckPlan(function, rows, parse_assertions(checks), **fields)


@dataclass(frozen=True, slots=True)
class EvaluatedCheck:
    """The outcome of an assert for one call, and the verdicts that it used."""

    outcome: CheckOutcome
    ratings: tuple[Rating, ...] = ()


class CheckRun:
    """A check while it runs. Its calls add no turn to the session, which counts their usage.

    Args:
        plan: what is called and asserted.
        session: the session.
        variables: the variables that the asserts may use beside their own.
    """

    def __init__(self, plan: CheckPlan, session: Session, variables: Mapping[str, Any]) -> None:
        self.plan = plan
        self.calls = plan.calls
        self.replies: dict[int, Reply] = {}
        """The complete replies, by the number of the call."""
        self.failures: dict[int, str] = {}
        """Why there is none, by the number of the call."""
        self.evaluated: dict[tuple[int, int], EvaluatedCheck] = {}
        """What the asserts found, by the numbers of call and assert."""
        self.first_error: MimoError | None = None
        """The error of the first call that failed."""
        self.usage = Usage()
        self.cost: float | None = 0.0
        """US dollars of all calls; `None` if a price is unknown."""
        self.request_count = 0
        """Number of calls that were started, those of the judge included."""
        self._session = session
        self._variables = dict(variables)
        self._judge = Judge()
        self._started_at = monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the check was created."""
        return monotonic() - self._started_at

    def drive_sync(self, renderer: Renderer) -> None:
        """Run the check, for callers that cannot await. The renderer shows the calls of the function."""
        for shown, phase in zip(_iter_renderers(renderer), self.iter_phases(), strict=False):
            turn_driver.drive_sync(phase, shown, refuse_unattended)

    async def drive(self, renderer: Renderer) -> None:
        """Run the check. The asserts run between the calls, in this thread."""
        for shown, phase in zip(_iter_renderers(renderer), self.iter_phases(), strict=False):
            async with phase as running:
                await turn_driver.drive(running, shown, refuse_unattended)

    def iter_phases(self) -> Iterator[AbstractAsyncContextManager[RunningComparison]]:
        """Yield what must be driven to its end: the calls of the function, then those of the judge until none is left."""
        yield self._open(self.calls, self._start_call, self._keep_replies)
        for _ in range(MAX_JUDGE_ROUNDS):
            self.evaluate()
            questions = self._judge.take_pending()
            if not questions:
                return
            calls = [JudgeCall("", {}, question) for question in questions]
            yield self._open(calls, self._start_judge, self._keep_verdicts)
        self.evaluate()

    def evaluate(self) -> None:
        """Run the asserts that have no outcome yet, for the replies that arrived."""
        for number, reply in sorted(self.replies.items()):
            for place, assertion in enumerate(self.plan.assertions):
                if (number, place) not in self.evaluated:
                    self._evaluate(number, place, assertion, reply)

    def get_check(self, number: int, place: int) -> EvaluatedCheck:
        """Return what an assert found for a call."""
        return self.evaluated.get((number, place), EvaluatedCheck(NOT_RUN))

    def get_value(self, number: int) -> Any:
        """Return the value of a call; `None` without a reply."""
        reply = self.replies.get(number)
        return self.plan.function.get_value(reply) if reply else None

    def _evaluate(self, number: int, place: int, assertion: Assertion, reply: Reply) -> None:
        case = dict(self.plan.cases[self.calls[number].case])
        names = {"case": case, "value": self.get_value(number), "reply": reply, JUDGE: self._judge}
        self._judge.ratings = []
        try:
            outcome = assertion.run({**self._variables, **names})
        except VerdictMissing:
            return
        ratings = tuple(self._judge.ratings)
        self.evaluated[number, place] = EvaluatedCheck(add_reasons(outcome, ratings), ratings)

    def _start_call(self, variant: Variant) -> RunningTurn:
        assert isinstance(variant, CheckCall)
        function, session = self.plan.function, self._session
        settings = function.build_settings(session, variant.options)
        prompt = function.build_prompt(select_slots(function, self.plan.cases[variant.case]), settings)
        return create_running_turn(session, prompt, (), settings, (), schema=function.schema)

    def _start_judge(self, variant: Variant) -> RunningTurn:
        assert isinstance(variant, JudgeCall)
        settings = build_judge_settings(self.plan, self._session)
        return create_running_turn(self._session, variant.question.prompt, (), settings, (), schema=SCHEMA)

    @asynccontextmanager
    async def _open(
        self, calls: Sequence[Variant], start_turn: TurnFactory, keep: Callable[[RunningComparison], None]
    ) -> AsyncIterator[RunningComparison]:
        comparison = RunningComparison(calls, start_turn, self._finish_turn, self.plan.at_once)
        try:
            async with comparison.run() as running:
                yield running
        finally:
            keep(comparison)

    def _finish_turn(self, running: RunningTurn) -> Turn:
        turn = running.finish()
        self._session.count_unrecorded(turn.usage, running.cost)
        self.request_count += 1
        self.usage += turn.usage
        if turn.usage != Usage():
            self.cost = None if self.cost is None or running.cost is None else self.cost + running.cost
        return turn

    def _keep_replies(self, comparison: RunningComparison) -> None:
        """Keep what arrived, also if the check was stopped."""
        for number in range(len(self.calls)):
            turn, failure = comparison.turns.get(number), comparison.failures.get(number)
            if turn and turn.is_complete and not failure:
                self.replies[number] = comparison.running_turns[number].finished_reply
            else:
                self.first_error = self.first_error or failure
                self.failures[number] = failure.message if failure else Translatable("Stopped")

    def _keep_verdicts(self, comparison: RunningComparison) -> None:
        for number, call in enumerate(comparison.variants):
            assert isinstance(call, JudgeCall)
            turn, failure = comparison.turns.get(number), comparison.failures.get(number)
            if failure:
                self._judge.verdicts[call.question] = failure
            elif turn and turn.is_complete:
                reply = comparison.running_turns[number].finished_reply
                self._judge.verdicts[call.question] = read_verdict(reply)


def _iter_renderers(renderer: Renderer) -> Iterator[Renderer]:
    """Yield the renderer for the calls of the function, and one that shows nothing for each round of the judge."""
    yield renderer
    yield from repeat(SilentRenderer())


def add_reasons(outcome: CheckOutcome, ratings: Sequence[Rating]) -> CheckOutcome:
    """Return the outcome of an assert that failed, with the reasons of the judge."""
    if outcome.outcome != "failed" or not ratings:
        return outcome
    reasons = (f"judge = {each.verdict.meets}: {each.verdict.reason}" for each in ratings)
    return replace(outcome, explanation="\n".join(filter(None, (outcome.explanation, *reasons))))


def select_slots(function: PromptFunction, case: Case) -> dict[str, Any]:
    """Return the values of a case that the prompt has slots for."""
    return {name: case[name] for name in function.parameters}


def build_judge_settings(plan: CheckPlan, session: Session) -> Settings:
    """Return the settings of a call of the judge: those of the session, without those of the function."""
    return session.settings.override(plan.judge_options)
