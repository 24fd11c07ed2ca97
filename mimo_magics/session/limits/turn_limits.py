"""The limits of one turn: its budgets and its context window."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mimo_magics.core.errors import BudgetExceeded
from mimo_magics.core.events import Event, ResponseStarted
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Message, Request, Usage
from mimo_magics.core.models import estimate_tokens
from mimo_magics.core.pricing import choose_priced_model
from mimo_magics.core.serialization import to_dict
from mimo_magics.session.limits import context_window
from mimo_magics.session.limits.budget import Budget, Spending, describe_spending, is_exceeded
from mimo_magics.session.limits.context_window import ContextPlan
from mimo_magics.session.limits.usage_meter import UsageMeter
from mimo_magics.session.request import TurnInput
from mimo_magics.session.turn import Turn


class TurnLimits:
    """The budgets and the context window of one turn.

    Args:
        turn_input: input of the turn.
        session_spending: spending of the session before the turn.

    Raises:
        BadOption: a budget is not valid.
    """

    def __init__(self, turn_input: TurnInput, session_spending: Spending) -> None:
        settings = turn_input.settings
        budgets = ((settings.budget, session_spending), (settings.turn_budget, Spending()))
        self._budgets = [(Budget.parse(text), before) for text, before in budgets if text]
        self._turn_input = turn_input
        self._meter = UsageMeter()
        self._answering_model = ""
        self._tool_tokens = round(
            sum(estimate_tokens(json.dumps(to_dict(tool))) for tool in turn_input.tools)
        )
        self.omitted_turns = turn_input.past[-1].omitted_turns if turn_input.past else 0
        """Number of the oldest turns that are not sent."""

    def feed(self, event: Event) -> None:
        """Count the tokens of an event."""
        if isinstance(event, ResponseStarted):
            self._answering_model = event.model
        self._meter.feed(event)

    def add(self, usage: Usage) -> None:
        """Count the usage of a request for a summary."""
        self._meter.add(usage)

    @property
    def usage(self) -> Usage:
        """Tokens of all requests until now."""
        return self._meter.usage

    @property
    def context_tokens(self) -> int:
        """Tokens of the last request and its response."""
        return self._meter.context_tokens

    def plan_context(self, turn_messages: Sequence[Message]) -> ContextPlan:
        """Decide which turns go with a request.

        Raises:
            ContextWindowExceeded: the request does not fit into the context window.
        """
        turn_input = self._turn_input
        size = context_window.get_window_size(turn_input.model, turn_input.settings.window)
        overflow = turn_input.settings.overflow
        return context_window.plan_context(
            turn_input.sent_past,
            (*turn_input.system_messages, *turn_messages),
            size,
            overflow,
            extra_tokens=self._tool_tokens,
            omitted_before=self.omitted_turns,
        )

    def select_turns_to_summarize(self, turns: Sequence[Turn], earlier_summary: str) -> Sequence[Turn]:
        """Return the turns that fit into a request for a summary. A larger model may have written them."""
        size = context_window.get_window_size(self._turn_input.model, self._turn_input.settings.window)
        prompt_messages = context_window.build_summary_request((), earlier_summary)
        return turns[
            context_window.plan_context(
                turns, prompt_messages, size, "drop-oldest", omitted_before=0
            ).omitted_turns :
        ]

    def limit_output(self, request: Request, tokens_in: int) -> Request:
        """Return the request with an output limit that fits into the window, as servers refuse larger ones."""
        size = context_window.get_window_size(self._turn_input.model, self._turn_input.settings.window)
        max_tokens = request.params.max_completion_tokens
        if not size or not max_tokens or tokens_in + max_tokens <= size:
            return request
        return replace(
            request, params=replace(request.params, max_completion_tokens=max(size - tokens_in, 1))
        )

    def check_budgets(self, tokens_in: int) -> None:
        """Check that the budgets allow a request of about this many tokens.

        Raises:
            BudgetExceeded: a budget does not.
            BadOption: a budget is in US dollars, and the price is unknown.
        """
        for budget, spending_before in self._current_spending():
            if is_exceeded(
                budget, spending_before + self._compute_spending(Usage(tokens_in)), self._turn_input.model
            ):
                raise self._build_budget_error(budget, spending_before, tokens_in)

    def start_response(self, tokens_in: int) -> None:
        """Start to count the response to a request of about this many tokens."""
        self._meter.start_response(tokens_in)

    def drop_response(self) -> None:
        """Do not count the request, because it was not sent."""
        self._meter.drop_response()

    @property
    def is_budget_exceeded(self) -> bool:
        """Whether a budget is used up."""
        return any(
            is_exceeded(budget, spending, self._turn_input.model)
            for budget, spending in self._current_spending()
        )

    @property
    def warning(self) -> str:
        """A warning that the context window is nearly full; empty if it is not."""
        turn_input = self._turn_input
        size = context_window.get_window_size(turn_input.model, turn_input.settings.window)
        return context_window.build_window_warning(self._meter.context_tokens, size, turn_input.model)

    @property
    def priced_model(self) -> str:
        """The model whose prices apply."""
        turn_input = self._turn_input
        return choose_priced_model(
            turn_input.service.name, turn_input.model, self._answering_model, turn_input.settings.prices
        )

    @property
    def uses_own_price(self) -> bool:
        """Whether the price is one of the setting `prices`."""
        return self.priced_model in self._turn_input.settings.prices

    def cost(self) -> float | None:
        """Return the estimated cost in US dollars."""
        return self._compute_spending(self._meter.usage).usd

    def _current_spending(self) -> Iterator[tuple[Budget, Spending]]:
        turn_spending = self._compute_spending(self._meter.usage)
        return ((budget, before + turn_spending) for budget, before in self._budgets)

    def _compute_spending(self, usage: Usage) -> Spending:
        return Spending.from_usage(
            usage, self._turn_input.service.name, self.priced_model, self._turn_input.settings.prices
        )

    def _build_budget_error(self, budget: Budget, spending: Spending, tokens_in: int) -> BudgetExceeded:
        """Return the error for a budget that is used up, or smaller than the request."""
        if is_exceeded(budget, spending, self._turn_input.model):
            return BudgetExceeded(describe_spending(budget, spending))
        return BudgetExceeded(
            Translatable(
                "This prompt of about {tokens:,} tokens exceeds the rest of the budget. {usage}",
                tokens=tokens_in,
                usage=describe_spending(budget, spending),
            )
        )
