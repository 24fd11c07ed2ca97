"""The question before calls that may cost more than `--ask-above`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.session.comparison.estimate import EXPECTED_OUTPUT_TOKENS, Estimate
from mimo_magics.session.limits.budget import Budget

if TYPE_CHECKING:
    from mimo_magics.batch.plan import RunPlan


def confirm_estimate(
    estimate: Estimate, call_count: int, ask_above: str, input_function: Callable[[str], str] | None
) -> None:
    """Ask the user if an estimate exceeds a limit.

    Args:
        estimate: the tokens and the cost of the calls.
        call_count: their number.
        ask_above: the value of `--ask-above`.
        input_function: asks the user; `None` in an unattended run.

    Raises:
        BadOption: the user refused, the run is unattended, or the limit is invalid.
    """
    if not estimate.exceeds(Budget.parse(ask_above)):
        return
    summary = Translatable(
        "{calls} calls, about {estimate} with {expected:,} tokens per reply",
        calls=call_count,
        estimate=estimate.text,
        expected=EXPECTED_OUTPUT_TOKENS,
    )
    _ask(summary, input_function)


def confirm_plan(plan: RunPlan, ask_above: str, input_function: Callable[[str], str] | None) -> None:
    """Ask the user if the expected cost of a run exceeds a limit. Arguments and errors are those of `confirm_estimate`."""
    limit, expected = Budget.parse(ask_above), plan.expected
    amount = expected.tokens if limit.unit == "tokens" else expected.usd
    if amount is not None and amount > limit.amount:
        _ask(plan.question, input_function)


def _ask(summary: Translatable, input_function: Callable[[str], str] | None) -> None:
    if input_function is None:
        raise BadOption(
            Translatable("The estimate exceeds --ask-above: {summary}.", summary=summary),
            Translatable("To allow it, raise the limit: --ask-above '5 USD'"),
        )
    translated_summary = translate(summary)
    question = translate(
        "{summary}. Continue? [y/N] ", summary=f"{translated_summary[0].upper()}{translated_summary[1:]}"
    )
    if input_function(replace_unencodable_characters(question)).strip().lower() not in ("y", "yes"):
        raise BadOption(
            Translatable("Cancelled. Nothing was sent."),
            Translatable("--ask-above sets the cost above which you are asked."),
        )
