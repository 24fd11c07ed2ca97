"""The budgets of a run. A call reserves what it probably costs, so that calls that run at once do not exceed a budget."""

from __future__ import annotations

from mimo_magics.batch.output_estimate import OutputEstimate
from mimo_magics.batch.row_prompt import RowRequest
from mimo_magics.core.errors import BudgetExceeded
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.session.limits.budget import Budget, Spending, describe_spending, is_exceeded
from mimo_magics.session.request import TurnInput


class RowBudget:
    """The budgets of the session (`budget`) and of the run (`turn_budget`).

    Args:
        turn_input: what all rows have in common.
        session_spending: spending of the session before the run.
        output: the expected output of a call.

    Raises:
        BadOption: a budget is not valid, or is in US dollars and the price is unknown.
    """

    def __init__(self, turn_input: TurnInput, session_spending: Spending, output: OutputEstimate) -> None:
        settings = turn_input.settings
        budgets = ((settings.budget, session_spending), (settings.turn_budget, Spending()))
        self._budgets = [(Budget.parse(text), before) for text, before in budgets if text]
        self._turn_input = turn_input
        self._output = output
        self._spending = Spending()
        self._reserved: dict[str, Spending] = {}
        """What the running calls probably cost, by the keys of their rows."""
        for budget, _ in self._budgets:
            is_exceeded(budget, self._price(Usage(1, 1)), turn_input.model)

    def reserve(self, request: RowRequest) -> None:
        """Reserve the expected cost of a call.

        Raises:
            BudgetExceeded: a budget does not allow it.
        """
        if not self._budgets:
            return
        expected = self._price(Usage(request.tokens, self._output.tokens))
        spending = sum(self._reserved.values(), self._spending)
        for budget, before in self._budgets:
            if is_exceeded(budget, before + spending + expected, self._turn_input.model):
                raise BudgetExceeded(
                    describe_spending(budget, before + self._spending),
                    Translatable("The results are saved. Raise the budget, and run the cell again."),
                )
        self._reserved[request.key] = expected

    def settle(self, request: RowRequest, usage: Usage, usd: float | None) -> None:
        """Replace the expected cost of a call by what it cost."""
        if self._reserved.pop(request.key, None):
            self._spending += Spending(usage.input + usage.output, usd)

    def _price(self, usage: Usage) -> Spending:
        turn_input = self._turn_input
        prices = turn_input.settings.prices
        return Spending.from_usage(usage, turn_input.service.name, turn_input.model, prices)
