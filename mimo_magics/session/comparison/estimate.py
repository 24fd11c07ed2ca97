"""What the calls of a comparison may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.limits.budget import Budget, Spending

EXPECTED_OUTPUT_TOKENS = 2_000
"""Tokens of an answer with its reasoning that an estimate reckons with, unless `--max-tokens` allows fewer."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the calls of a comparison may use up."""

    tokens: int
    usd: float
    """US dollars, of the calls whose price is known."""
    priced_calls: int
    unpriced_calls: int
    """How many those are, and the others."""

    @classmethod
    def from_spending(cls, calls: Sequence[Spending]) -> Estimate:
        """Sum up what each of the calls may."""
        known_costs = [call.usd for call in calls if call.usd is not None]
        return cls(
            sum(call.tokens for call in calls),
            sum(known_costs),
            len(known_costs),
            len(calls) - len(known_costs),
        )

    def exceeds(self, budget: Budget) -> bool:
        """Tell whether that is above a bound."""
        return (self.tokens if budget.unit == "tokens" else self.usd) > budget.amount

    @property
    def text(self) -> Translatable:
        """The same in words."""
        tokens = Translatable("{tokens:,} tokens", tokens=self.tokens)
        if not self.priced_calls:
            return tokens
        text = Translatable("{tokens}, {usd:.2f} USD", tokens=tokens, usd=self.usd)
        if not self.unpriced_calls:
            return text
        return Translatable(
            "{told} and {count} call of unknown price"
            if self.unpriced_calls == 1
            else "{told} and {count} calls of unknown price",
            told=text,
            count=self.unpriced_calls,
        )


def estimate_spending(dry_run: DryRun) -> Spending:
    """Estimate what a call spends if its reply has `EXPECTED` tokens."""
    output = min(dry_run.max_output_tokens or EXPECTED_OUTPUT_TOKENS, EXPECTED_OUTPUT_TOKENS)
    return dry_run.compute_spending(Usage(dry_run.tokens, output))
