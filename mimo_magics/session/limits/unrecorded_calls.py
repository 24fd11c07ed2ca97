"""The usage of calls that no turn of the history holds: one-off prompts, failed calls, comparisons, deleted turns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from mimo_magics.core.messages import Usage
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.turn import MAX_COST


@dataclass(frozen=True, slots=True)
class RunUsage:
    """Tokens and cost of one run over many rows."""

    label: str
    """What was sent to how many rows."""
    model: str
    usage: Usage
    cost: float | None
    """US dollars; `None` if a call had no known price."""


@dataclass(frozen=True, slots=True)
class UnrecordedCalls:
    """Tokens and cost of these calls."""

    usage: Usage = Usage()
    cost: float = 0.0
    """US dollars, of the calls with a known price."""
    is_cost_partial: bool = False
    """Whether a call had no known price."""
    runs: tuple[RunUsage, ...] = ()
    """The runs over many rows, in this process. They are not part of the fields above."""

    def __add__(self, other: UnrecordedCalls) -> UnrecordedCalls:
        cost = min(self.cost + other.cost, MAX_COST)
        is_partial = self.is_cost_partial or other.is_cost_partial
        runs = (*self.runs, *other.runs)
        return UnrecordedCalls(self.usage + other.usage, cost, is_cost_partial=is_partial, runs=runs)

    @property
    def merged(self) -> UnrecordedCalls:
        """All calls as one, for a file."""
        return reduce(lambda calls, run: calls.add(run.usage, run.cost), self.runs, replace(self, runs=()))

    def add(self, usage: Usage, cost: float | None, run: str = "", model: str = "") -> UnrecordedCalls:
        """Return the calls with one more, or with those of a run over many rows.

        Args:
            usage: the tokens.
            cost: US dollars; `None` if a price is unknown.
            run: the label of the run; empty for a single call.
            model: the model of the run.
        """
        if run:
            return replace(self, runs=(*self.runs, RunUsage(run, model, usage, cost)))
        return self + UnrecordedCalls(usage, cost or 0.0, is_cost_partial=cost is None)

    @property
    def spending(self) -> Spending:
        """Tokens and known costs, which count against a budget."""
        merged = self.merged if self.runs else self
        return Spending(merged.usage.input + merged.usage.output, merged.cost)
