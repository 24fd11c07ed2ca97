"""What the calls of a comparison may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Usage
from mimo_magics.session.dry_run import Draft
from mimo_magics.session.limits.budget import Budget, Spent

EXPECTED = 2_000
"""Tokens of an answer with its reasoning that an estimate reckons with, unless `--max-tokens` allows fewer."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the calls of a comparison may use up."""

    tokens: int
    usd: float
    """US dollars, of the calls whose price is known."""
    priced: int
    unpriced: int
    """How many those are, and the others."""

    @classmethod
    def of(cls, calls: Sequence[Spent]) -> Estimate:
        """Sum up what each of the calls may."""
        known = [call.usd for call in calls if call.usd is not None]
        return cls(sum(call.tokens for call in calls), sum(known), len(known), len(calls) - len(known))

    def exceeds(self, bound: Budget) -> bool:
        """Tell whether that is above a bound."""
        return (self.tokens if bound.unit == "tokens" else self.usd) > bound.amount

    @property
    def told(self) -> Words:
        """The same in words."""
        tokens = Words("{tokens:,} tokens", tokens=self.tokens)
        if not self.priced:
            return tokens
        told = Words("{tokens}, {usd:.2f} USD", tokens=tokens, usd=self.usd)
        if not self.unpriced:
            return told
        return Words(
            "{told} and {count} call of unknown price"
            if self.unpriced == 1
            else "{told} and {count} calls of unknown price",
            told=told,
            count=self.unpriced,
        )


def expected_cost(draft: Draft) -> Spent:
    """Estimate what a call spends if its reply has `EXPECTED` tokens."""
    output = min(draft.most_output or EXPECTED, EXPECTED)
    return draft.spent(Usage(draft.tokens, output))
