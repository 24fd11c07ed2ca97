"""What one turn may spend, and how much of the conversation it can tell the model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mimo_magics.core.errors import BudgetReached
from mimo_magics.core.events import Event
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Message, Request, Usage
from mimo_magics.core.models import estimate_tokens
from mimo_magics.core.serialization import to_dict
from mimo_magics.session.limits import context_window
from mimo_magics.session.limits.budget import Budget, Spent, reached, told
from mimo_magics.session.limits.context_window import Plan
from mimo_magics.session.limits.usage_meter import Meter
from mimo_magics.session.request import Question
from mimo_magics.session.turn import Turn


class Limits:
    """Those of one turn.

    Args:
        asked: what it begins with.
        spent: what the session has spent before.

    Raises:
        BadOption: a budget cannot be read.
    """

    def __init__(self, asked: Question, spent: Spent) -> None:
        settings = asked.settings
        budgets = ((settings.budget, spent), (settings.turn_budget, Spent()))
        self._budgets = [(Budget.read(text), before) for text, before in budgets if text]
        self._asked = asked
        self._meter = Meter()
        self._beside = round(sum(estimate_tokens(json.dumps(to_dict(tool))) for tool in asked.tools))
        self.left_out = asked.past[-1].left_out if asked.past else 0
        """How many of the oldest turns the model is not told."""

    def feed(self, event: Event) -> None:
        """Count what comes."""
        self._meter.feed(event)

    def add(self, usage: Usage) -> None:
        """Count a request beside those of the turn."""
        self._meter.add(usage)

    @property
    def usage(self) -> Usage:
        """What was spent up to now, in tokens."""
        return self._meter.spent

    @property
    def context(self) -> int:
        """Tokens of the last request and its answer together."""
        return self._meter.context

    def plan(self, own: Sequence[Message]) -> Plan:
        """Decide what of the conversation goes with a request.

        Raises:
            WindowFull: it does not fit.
        """
        asked = self._asked
        size = context_window.size(asked.model, asked.settings.window)
        overflow = asked.settings.overflow
        return context_window.plan(
            asked.past, (*asked.head, *own), size, overflow, beside=self._beside, before=self.left_out
        )

    def summarisable(self, turns: Sequence[Turn], earlier: str) -> Sequence[Turn]:
        """Return the turns that fit into a request for a summary; they may have been said to a larger model."""
        size = context_window.size(self._asked.model, self._asked.settings.window)
        own = context_window.summary_request((), earlier)
        return turns[context_window.plan(turns, own, size, "drop-oldest", before=0).left_out :]

    def bounded(self, request: Request, tokens_in: int) -> Request:
        """Return the request with no more output than the window has room for: servers refuse what is beyond it."""
        size = context_window.size(self._asked.model, self._asked.settings.window)
        bound = request.params.max_completion_tokens
        if not size or not bound or tokens_in + bound <= size:
            return request
        return replace(
            request, params=replace(request.params, max_completion_tokens=max(size - tokens_in, 1))
        )

    def check(self, tokens_in: int) -> None:
        """Decide whether a request of about this many tokens may be sent.

        Raises:
            BudgetReached: it would spend more than it may.
            BadOption: a budget is in US dollars, and no price is known.
        """
        for budget, before in self._spending():
            if reached(budget, before + self._cost(Usage(tokens_in)), self._asked.model):
                raise self._refusal(budget, before, tokens_in)

    def asking(self, tokens_in: int) -> None:
        """Count from here on what a request of about this many tokens brings."""
        self._meter.asking(tokens_in)

    @property
    def reached(self) -> bool:
        """Whether a budget is used up."""
        return any(reached(budget, spent, self._asked.model) for budget, spent in self._spending())

    @property
    def warning(self) -> str:
        """A line on how full the window is, when it is."""
        asked = self._asked
        size = context_window.size(asked.model, asked.settings.window)
        return context_window.warning(self._meter.context, size, asked.model)

    def cost(self) -> float | None:
        """Estimate what was spent, in US dollars."""
        return self._cost(self._meter.spent).usd

    def _spending(self) -> Iterator[tuple[Budget, Spent]]:
        now = self._cost(self._meter.spent)
        return ((budget, before + now) for budget, before in self._budgets)

    def _cost(self, usage: Usage) -> Spent:
        asked = self._asked
        return Spent.of(usage, asked.service.name, asked.model, asked.settings.prices)

    def _refusal(self, budget: Budget, spent: Spent, tokens_in: int) -> BudgetReached:
        """Say whether something is left, and the prompt too long for it."""
        if reached(budget, spent, self._asked.model):
            return BudgetReached(told(budget, spent))
        return BudgetReached(
            Words(
                "This prompt of about {tokens:,} tokens is more than what is left of the budget: {told}",
                tokens=tokens_in,
                told=told(budget, spent),
            )
        )
