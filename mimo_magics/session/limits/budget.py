"""What may be spent, what was, and whether that is enough."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any, Literal

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Usage
from mimo_magics.core.pricing import estimate_cost
from mimo_magics.core.services import LOCAL_SERVICE

Unit = Literal["USD", "tokens"]
AMOUNT = re.compile(
    r"(?P<dollars>\$\s*)?"
    r"(?P<number>[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"\s*(?P<scale>[km]?)"
    r"(?P<unit>\s*usd|\s*tokens?)?",
    re.IGNORECASE,
)
SCALES = {"": 0, "k": 3, "m": 6}


@dataclass(frozen=True, slots=True)
class Spent:
    """What requests used up."""

    tokens: int = 0
    """Of input and output together."""
    usd: float | None = 0.0
    """US dollars; `None` where a price was not known."""

    def __add__(self, other: Spent) -> Spent:
        known = self.usd is not None and other.usd is not None
        return Spent(self.tokens + other.tokens, (self.usd or 0) + (other.usd or 0) if known else None)

    @classmethod
    def of(cls, usage: Usage, service: str, model: str, prices: Mapping[str, Any] = {}) -> Spent:
        """Return what this many tokens are; the embedded model's cost nothing.

        Args:
            usage: the tokens.
            service: name of the preset.
            model: the model's id.
            prices: the person's own, as `models.price` takes them.

        Raises:
            BadOption: the person's own price cannot be read.
        """
        tokens = usage.input + usage.output
        return cls(
            tokens,
            estimate_cost(usage, service, model, prices) if tokens and service != LOCAL_SERVICE.name else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent."""

    amount: float
    unit: Unit

    @classmethod
    def read(cls, text: str) -> Budget:
        """Read an amount such as `2 USD`, `$2`, `200k tokens` or `1.5M tokens`.

        Raises:
            BadOption: it is none above 0, or it has no unit.
        """
        found = AMOUNT.fullmatch(text.strip())
        unit = _unit(found) if found else None
        if found and unit:
            amount = float(f"{found['number'].replace(',', '')}e{SCALES[found['scale'].lower()]}")
            if 0 < amount < inf:
                return cls(amount, unit)
        raise BadOption(
            Words("A budget cannot be {text!r}.", text=text),
            Words("It is an amount such as 2 USD or 200k tokens."),
        )

    def __str__(self) -> str:
        return f"{Decimal(repr(self.amount)).normalize():,f} {self.unit}"


def _unit(found: re.Match[str]) -> Unit | None:
    """It stands before or behind the number, and not twice."""
    if bool(found["dollars"]) == bool(found["unit"]):
        return None
    return "tokens" if "token" in (found["unit"] or "").lower() else "USD"


def reached(budget: Budget, spent: Spent, model: str) -> bool:
    """Tell whether the budget is used up.

    Args:
        budget: what may be spent.
        spent: what was.
        model: whose price is missing where one is not known.

    Raises:
        BadOption: the budget is in US dollars, and a price is not known.
    """
    if budget.unit == "tokens":
        return spent.tokens >= budget.amount
    if spent.usd is None:
        raise BadOption(
            Words("No price is known for {model}, so a budget in USD cannot be kept.", model=model),
            Words(
                "Name it, %mimo_config prices='{prices}', or set a budget in tokens.",
                prices=f'{{"{model}": [1, 0.1, 3]}}',
            ),
        )
    return spent.usd >= budget.amount


def told(budget: Budget, spent: Spent) -> str:
    """Say how much of the budget is used up."""
    amount = f"{spent.tokens:,}" if budget.unit == "tokens" else f"{spent.usd or 0:.4f}"
    return Words("{amount} of {budget} are spent.", amount=amount, budget=budget)
