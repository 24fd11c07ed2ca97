"""Budgets: a limit of tokens or US dollars, and the spending that counts against it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any, Literal

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import estimate_cost
from mimo_magics.core.services import LOCAL_SERVICE

BudgetUnit = Literal["USD", "tokens"]
AMOUNT_PATTERN = re.compile(
    r"(?P<dollars>\$\s*)?"
    r"(?P<number>[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"\s*(?P<scale>[km]?)"
    r"(?P<unit>\s*usd|\s*tokens?)?",
    re.IGNORECASE,
)
SCALE_EXPONENTS = {"": 0, "k": 3, "m": 6}


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens and cost of requests."""

    tokens: int = 0
    """Input and output tokens together."""
    usd: float | None = 0.0
    """US dollars; `None` if a price is unknown."""

    def __add__(self, other: Spending) -> Spending:
        is_known = self.usd is not None and other.usd is not None
        return Spending(self.tokens + other.tokens, (self.usd or 0) + (other.usd or 0) if is_known else None)

    @classmethod
    def from_usage(cls, usage: Usage, service: str, model: str, prices: Mapping[str, Any] = {}) -> Spending:
        """Return the spending of a usage. The embedded model is free.

        Args:
            usage: tokens.
            service: name of the preset.
            model: id of the model.
            prices: the setting `prices`.

        Raises:
            BadOption: a price in the setting is not valid.
        """
        tokens = usage.input + usage.output
        return cls(
            tokens,
            estimate_cost(usage, service, model, prices)
            if usage != Usage() and service != LOCAL_SERVICE.name
            else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of tokens or US dollars."""

    amount: float
    unit: BudgetUnit

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parse an amount such as `2 USD`, `$2`, `200k tokens` or `1.5M tokens`.

        Raises:
            BadOption: the text is not an amount above 0 with a unit.
        """
        match = AMOUNT_PATTERN.fullmatch(text.strip())
        unit = _parse_unit(match) if match else None
        if match and unit:
            amount = float(f"{match['number'].replace(',', '')}e{SCALE_EXPONENTS[match['scale'].lower()]}")
            if 0 < amount < inf:
                return cls(amount, unit)
        raise BadOption(
            Translatable("A budget must be an amount, not {text!r}.", text=text),
            Translatable("Examples: 2 USD, 200k tokens."),
        )

    def __str__(self) -> str:
        return f"{Decimal(repr(self.amount)).normalize():,f} {self.unit}"


def _parse_unit(match: re.Match[str]) -> BudgetUnit | None:
    """Return the unit, which is before or after the number; `None` if there is none, or both."""
    if bool(match["dollars"]) == bool(match["unit"]):
        return None
    return "tokens" if "token" in (match["unit"] or "").lower() else "USD"


def is_exceeded(budget: Budget, spending: Spending, model: str) -> bool:
    """Return whether a budget is used up.

    Args:
        budget: the limit.
        spending: the spending that counts against it.
        model: model to name in the error.

    Raises:
        BadOption: the budget is in US dollars, and a price is unknown.
    """
    if budget.unit == "tokens":
        return spending.tokens >= budget.amount
    if spending.usd is None:
        raise BadOption(
            Translatable("No price is known for {model}, so a budget in USD cannot be checked.", model=model),
            Translatable(
                "Set its price with %mimo_config prices='{prices}', or set a budget in tokens.",
                prices=f'{{"{model}": [1, 0.1, 3]}}',
            ),
        )
    return spending.usd >= budget.amount


def describe_spending(budget: Budget, spending: Spending) -> str:
    """Return a sentence with the spending and the budget."""
    amount = f"{spending.tokens:,}" if budget.unit == "tokens" else f"{spending.usd or 0:.4f}"
    return Translatable("Used {amount} of the budget of {budget}.", amount=amount, budget=budget)
