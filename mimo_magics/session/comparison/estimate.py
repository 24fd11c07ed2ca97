"""The estimated cost of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.limits.budget import Budget, Spending

EXPECTED_OUTPUT_TOKENS = 2_000
"""Assumed output tokens of a reply, reasoning included, unless `--max-tokens` allows fewer."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated tokens and cost of the calls of a comparison."""

    tokens: int
    usd: float
    """US dollars for the calls with a known price."""
    priced_calls: int
    unpriced_calls: int
    """Numbers of calls with and without a known price."""

    @classmethod
    def from_spending(cls, calls: Sequence[Spending]) -> Estimate:
        """Return the sum for these calls."""
        known_costs = [call.usd for call in calls if call.usd is not None]
        return cls(
            sum(call.tokens for call in calls),
            sum(known_costs),
            len(known_costs),
            len(calls) - len(known_costs),
        )

    def exceeds(self, budget: Budget) -> bool:
        """Return whether the estimate exceeds a budget."""
        return (self.tokens if budget.unit == "tokens" else self.usd) > budget.amount

    @property
    def text(self) -> Translatable:
        """The estimate as text."""
        tokens = Translatable("{tokens:,} tokens", tokens=self.tokens)
        if not self.priced_calls:
            return tokens
        text = Translatable("{tokens}, {usd:.2f} USD", tokens=tokens, usd=self.usd)
        if not self.unpriced_calls:
            return text
        return Translatable(
            "{estimate} and {count} call of unknown price"
            if self.unpriced_calls == 1
            else "{estimate} and {count} calls of unknown price",
            estimate=text,
            count=self.unpriced_calls,
        )


def estimate_spending(dry_run: DryRun) -> Spending:
    """Estimate the cost of a call whose reply has `EXPECTED_OUTPUT_TOKENS` tokens."""
    output = min(dry_run.max_output_tokens or EXPECTED_OUTPUT_TOKENS, EXPECTED_OUTPUT_TOKENS)
    return dry_run.compute_spending(Usage(dry_run.tokens, output))
