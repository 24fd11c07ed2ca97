"""Prices of the models, and what a reply costs. Dated: see `PRICES_AS_OF`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.core.settings import matches_type


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in US dollars."""

    input: float
    cached: float
    output: float


PRICES_AS_OF = "2026-09"


PRICES = {
    ("mimo-v2", "mimo-v2-pro"): Price(
        1.05, 1.05, 3.15
    ),  # cached input is cheaper; by how much is not published
    ("mimo-v2", "mimo-v2-flash"): Price(0.11, 0.11, 0.32),
    ("xiaomi", "mimo-v2.5"): Price(0.14, 0.0028, 0.28),
    ("xiaomi", "mimo-v2.5-pro"): Price(0.435, 0.0036, 0.87),
    ("xiaomi", "mimo-v2.5-pro-ultraspeed"): Price(1.305, 0.0108, 2.61),
    ("xiaomi", "mimo-v2.6-flash"): Price(0.14, 0.0028, 0.28),
    ("xiaomi", "mimo-v2.6-pro"): Price(0.435, 0.0036, 0.87),
    ("xiaomi", "mimo-v2.6-pro-ultraspeed"): Price(4.35, 0.036, 8.70),
}
"""By service and model; from Xiaomi's price page and from quotations of that of api.mimo-v2.com."""


SEARCH_PRICES: Mapping[str, float] = {"mimo-v2": 0.00525, "xiaomi": 0.005}
"""US dollars for one web search, by service; other services name no price."""


def find_price(service: str, model: str, prices: Mapping[str, Any] = {}) -> Price | None:
    """Look up what a model costs; `None` where that is not known.

    Args:
        service: name of the preset.
        model: the model's id.
        prices: the person's own, by model: US dollars for a million tokens of input, cached input and output.

    Raises:
        BadOption: the person's own price is no such three numbers.
    """
    if model not in prices:
        return PRICES.get((service, model))
    match prices[model]:
        case [_, _, _] as figures if all(matches_type(each, float) and each >= 0 for each in figures):
            return Price(*map(float, figures))
    raise BadOption(
        Translatable(
            "The price of {model} must be three numbers, not {price!r}.", model=model, price=prices[model]
        ),
        Translatable(
            "Write US dollars per million tokens of input, cached input and output, such as [1, 0.1, 3]."
        ),
    )


def estimate_cost(
    usage: Usage | None, service: str, model: str, prices: Mapping[str, Any] = {}
) -> float | None:
    """Estimate what a reply cost, in US dollars; `None` where price or tokens are not known.

    Web searches are part of it. Arguments and errors are those of `find_price`.
    """
    model_price = find_price(service, model, prices)
    if model_price is None or usage is None:
        return None
    uncached_tokens = usage.input - usage.cached
    return (
        uncached_tokens * model_price.input
        + usage.cached * model_price.cached
        + usage.output * model_price.output
    ) / 1e6 + usage.web_searches * SEARCH_PRICES.get(service, 0.0)


def choose_priced_model(
    service: str, requested_model: str, reply_model: str, prices: Mapping[str, Any] = {}
) -> str:
    """Return the model whose prices hold: the one that answered, where its price is known, or the requested one.

    Args:
        service: name of the preset.
        requested_model: id of the model that was asked for.
        reply_model: id of the model that answered, by its own account; may be empty.
        prices: the person's own, as `find_price` takes them.

    Raises:
        BadOption: the person's own price cannot be read.
    """
    return reply_model if reply_model and find_price(service, reply_model, prices) else requested_model
