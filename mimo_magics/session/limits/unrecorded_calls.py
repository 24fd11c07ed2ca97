"""The usage of calls that no turn of the history holds: one-off prompts, failed calls, comparisons, deleted turns."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.core.messages import Usage
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.turn import MAX_COST


@dataclass(frozen=True, slots=True)
class UnrecordedCalls:
    """Tokens and cost of these calls."""

    usage: Usage = Usage()
    cost: float = 0.0
    """US dollars, of the calls with a known price."""
    is_cost_partial: bool = False
    """Whether a call had no known price."""

    def __add__(self, other: UnrecordedCalls) -> UnrecordedCalls:
        cost = min(self.cost + other.cost, MAX_COST)
        return UnrecordedCalls(
            self.usage + other.usage, cost, is_cost_partial=self.is_cost_partial or other.is_cost_partial
        )

    def add_call(self, usage: Usage, cost: float | None) -> UnrecordedCalls:
        """Return the calls with one more; its cost is `None` without a known price."""
        return self + UnrecordedCalls(usage, cost or 0.0, is_cost_partial=cost is None)

    @property
    def spending(self) -> Spending:
        """Tokens and known costs, which count against a budget."""
        return Spending(self.usage.input + self.usage.output, self.cost)
