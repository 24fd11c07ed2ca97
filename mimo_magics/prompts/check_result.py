"""The result of a check: a row for each call, and the pass rates of cases, asserts and variants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mimo_magics.core.messages import Reply, Usage
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.core.statistics import Agreement, PairedTest, Rate, cohen_kappa, mcnemar_test
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.prompts.assertion import CheckOutcome
from mimo_magics.prompts.check_document import build_document
from mimo_magics.prompts.check_run import CheckPlan, CheckRun, select_slots
from mimo_magics.prompts.judge import Rating
from mimo_magics.session.current_session import get_current_session
from mimo_magics.session.data_frame import build_frame
from mimo_magics.session.session import Session

if TYPE_CHECKING:
    import pandas as pd

RowResult = Literal["failed", "error", "no reply", "not run", "not verified", "passed"]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One call of the prompt function, and what the asserts found."""

    case: int
    """The number of the case, from 1."""
    variant: str
    """The settings that are compared; empty if none are."""
    repetition: int
    """The number of the call, from 1."""
    inputs: Mapping[str, Any]
    """The values of the slots."""
    value: Any
    """The value of the reply; `None` if there is none."""
    reply: Reply | None
    """The reply; `None` if the call failed."""
    failure: str
    """Why there is no reply."""
    outcomes: tuple[CheckOutcome, ...]
    """The outcome of each assert."""


@dataclass(frozen=True, slots=True)
class CheckRate:
    """One assert: how many cases it passed, for one variant."""

    source: str
    variant: str
    rate: Rate
    agreement: Agreement | None = None
    """How far the judge agrees with the labels; `None` if the assert asks no judge."""

    @property
    def is_verified(self) -> bool:
        """Whether the rate counts. That of a judge counts only where the user labeled rows."""
        return self.agreement is None or bool(self.agreement.count)


@dataclass(frozen=True, slots=True)
class VariantRate:
    """One variant: how many cases passed all asserts that count."""

    variant: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class VariantTest:
    """Two variants on the same cases: the exact McNemar test."""

    first: str
    second: str
    test: PairedTest


@dataclass(frozen=True)
class CheckResult:
    """The result of a check. It displays itself as tables, failures first."""

    name: str
    """The name of the prompt function."""
    rows: tuple[CheckRow, ...]
    """The calls, case by case."""
    checks: tuple[CheckRate, ...]
    """The rate of each assert, for each variant."""
    rates: tuple[VariantRate, ...]
    """The rate of each variant."""
    tests: tuple[VariantTest, ...]
    """The first variant compared with each other one."""
    usage: Usage
    """Tokens of all calls, those of the judge included."""
    cost: float | None
    """US dollars; `None` if a price is unknown."""
    seconds: float
    request_count: int
    """Number of calls, those of the judge included."""

    @property
    def rate(self) -> Rate:
        """The rate of the first variant."""
        return self.rates[0].rate

    @property
    def is_complete(self) -> bool:
        """Whether each call has a reply."""
        return not any(row.failure for row in self.rows)

    @property
    def unverified_checks(self) -> frozenset[int]:
        """The places of the asserts that do not count."""
        count = len(self.rows[0].outcomes)
        return frozenset(place % count for place, each in enumerate(self.checks) if not each.is_verified)

    def get_row_result(self, row: CheckRow) -> RowResult:
        """Return the worst outcome of the asserts of a row that count."""
        return find_row_result(row, self.unverified_checks)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a data frame with a row for each call.

        The columns are case, variant, repetition, the inputs, the value, the text of the reply, the result, the
        outcome of each assert, its explanation, the error of the call, tokens, seconds and cost.

        Raises:
            BadOption: pandas is not installed.
        """
        return build_frame(map(self._build_frame_row, self.rows))

    def _build_frame_row(self, row: CheckRow) -> dict[str, Any]:
        reply, width = row.reply, range(1, len(row.outcomes) + 1)
        usage, timing = reply.usage if reply else None, reply.timing if reply else None
        return {
            "case": row.case,
            "variant": row.variant,
            "repetition": row.repetition,
            **{f"input.{name}": value for name, value in row.inputs.items()},
            "value": row.value,
            "text": reply.text if reply else None,
            "result": self.get_row_result(row),
            **{f"check {n}": each.outcome for n, each in zip(width, row.outcomes, strict=True)},
            "details": "\n".join(each.explanation for each in row.outcomes if each.explanation),
            "failure": row.failure or None,
            "input": usage.input if usage else None,
            "output": usage.output if usage else None,
            "seconds": timing.total if timing else None,
            "cost": reply.cost if reply else None,
        }

    @cached_property
    def _bundle(self) -> dict[str, str]:
        return build_document(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {**self._bundle, "text/plain": replace_unencodable_characters(self._bundle["text/plain"])}

    def __repr__(self) -> str:
        return f"<CheckResult of {self.name}: {self.rate.successes} of {self.rate.count} cases passed>"


def run_check(
    plan: CheckPlan, session: Session | None = None, variables: Mapping[str, Any] = {}
) -> CheckResult:
    """Run a check without showing it, and return its result.

    Args:
        plan: what is called and asserted.
        session: counts the usage; by default that of the function, or the current one.
        variables: the variables that the asserts may use.

    Raises:
        MimoError: a call of the function failed.
    """
    run = CheckRun(plan, session or plan.function.session or get_current_session(), variables)
    run.drive_sync(SilentRenderer())
    if run.first_error:
        # Its traceback is that of a task of the engine.
        raise run.first_error.with_traceback(None)
    return build_result(run)


def build_result(run: CheckRun) -> CheckResult:
    """Return the result of a run, complete or not."""
    plan = run.plan
    rows = tuple(_build_row(run, number) for number in range(len(run.calls)))
    agreements = [*map(cohen_kappa, _collect_labels(run))]
    unverified = frozenset(
        place
        for place, each in enumerate(plan.assertions)
        if each.judge_calls and not agreements[place].count
    )
    titles = [each.title for each in plan.variants]
    columns = [[*_group_cases(rows, title, unverified)] for title in titles]
    return CheckResult(
        plan.function.name,
        rows,
        tuple(_iter_checks(run, rows, agreements)),
        tuple(VariantRate(title, count_rate(column)) for title, column in zip(titles, columns, strict=True)),
        tuple(
            VariantTest(titles[0], title, mcnemar_test(_pair(columns[0], column)))
            for title, column in zip(titles[1:], columns[1:], strict=True)
        ),
        run.usage,
        run.cost,
        run.seconds,
        run.request_count,
    )


def find_row_result(row: CheckRow, unverified: frozenset[int] = frozenset()) -> RowResult:
    """Return the worst outcome of a row, without the asserts that do not count."""
    if row.failure:
        return "no reply"
    counted = {each.outcome for place, each in enumerate(row.outcomes) if place not in unverified}
    if not counted:
        return "not verified"
    order: tuple[RowResult, ...] = ("failed", "error", "not run")
    return next((each for each in order if each in counted), "passed")


def count_rate(outcomes: Iterable[bool | None]) -> Rate:
    """Return the rate of cases that passed, without those that are unknown."""
    known = [each for each in outcomes if each is not None]
    return Rate(sum(known), len(known))


def _build_row(run: CheckRun, number: int) -> CheckRow:
    call, plan = run.calls[number], run.plan
    case = plan.cases[call.case]
    return CheckRow(
        call.case + 1,
        plan.variants[call.variant].title,
        call.repetition,
        select_slots(plan.function, case),
        run.get_value(number),
        run.replies.get(number),
        run.failures.get(number, "") if number not in run.replies else "",
        tuple(run.get_check(number, place).outcome for place in range(len(plan.assertions))),
    )


def _collect_labels(run: CheckRun) -> Iterator[list[tuple[bool, bool]]]:
    """Yield for each assert the verdicts of the judge and the labels, where the user gave one."""
    for place in range(len(run.plan.assertions)):
        ratings: list[Rating] = []
        for number in range(len(run.calls)):
            ratings.extend(run.get_check(number, place).ratings)
        yield [(each.verdict.meets, each.label) for each in ratings if each.label is not None]


def _iter_checks(
    run: CheckRun, rows: Sequence[CheckRow], agreements: Sequence[Agreement]
) -> Iterator[CheckRate]:
    """Yield the rates, variant by variant."""
    for variant in run.plan.variants:
        for place, assertion in enumerate(run.plan.assertions):
            others = frozenset(range(len(run.plan.assertions))) - {place}
            rate = count_rate(_group_cases(rows, variant.title, others))
            agreement = agreements[place] if assertion.judge_calls else None
            yield CheckRate(assertion.source, variant.title, rate, agreement)


def _group_cases(rows: Sequence[CheckRow], variant: str, unverified: frozenset[int]) -> Iterator[bool | None]:
    """Yield for each case whether all its repetitions passed; `None` if there is no reply or no outcome."""
    results: dict[int, set[str]] = {}
    for row in rows:
        if row.variant == variant:
            results.setdefault(row.case, set()).add(find_row_result(row, unverified))
    for found in results.values():
        if found & {"failed", "error"}:
            yield False
        else:
            yield None if found & {"no reply", "not run", "not verified"} else True


def _pair(first: Sequence[bool | None], second: Sequence[bool | None]) -> Iterator[tuple[bool, bool]]:
    for one, other in zip(first, second, strict=True):
        if one is not None and other is not None:
            yield one, other
