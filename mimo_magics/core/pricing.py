"""Prices of the models, and cost estimates. The prices are dated: see `PRICES_AS_OF`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Usage
from mimo_magics.core.setting_values import matches_type


@dataclass(frozen=True, slots=True)
class Price:
    """Prices in US dollars per million tokens."""

    input: float
    cached: float
    output: float


PRICES_AS_OF = "2026-09"
FREE = Price(0, 0, 0)


PRICES = {
    # Cached input of this model is cheaper, but its price is not published.
    ("mimo-v2", "mimo-v2-pro"): Price(1.05, 1.05, 3.15),
    ("mimo-v2", "mimo-v2-flash"): Price(0.11, 0.11, 0.32),
    ("mimo-v2", "mimo-v2-tts"): FREE,
    ("xiaomi", "mimo-v2.5"): Price(0.14, 0.0028, 0.28),
    ("xiaomi", "mimo-v2.5-pro"): Price(0.435, 0.0036, 0.87),
    ("xiaomi", "mimo-v2.5-pro-ultraspeed"): Price(1.305, 0.0108, 2.61),
    # The price page says «free for a limited time».
    ("xiaomi", "mimo-v2.5-tts"): FREE,
    ("xiaomi", "mimo-v2.5-tts-voiceclone"): FREE,
    ("xiaomi", "mimo-v2.5-tts-voicedesign"): FREE,
    ("xiaomi", "mimo-v2.6-flash"): Price(0.14, 0.0028, 0.28),
    ("xiaomi", "mimo-v2.6-pro"): Price(0.435, 0.0036, 0.87),
    ("xiaomi", "mimo-v2.6-pro-ultraspeed"): Price(4.35, 0.036, 8.70),
}
"""Prices by service and model, from Xiaomi's price page and from quotes of the price page of api.mimo-v2.com."""


SEARCH_PRICES: Mapping[str, float] = {"mimo-v2": 0.00525, "xiaomi": 0.005}
"""Price of one web search in US dollars, by service. Other services publish none."""


AUDIO_PRICES: Mapping[tuple[str, str], float] = {("xiaomi", "mimo-v2.5-asr"): 0.074 / 3_600}
"""Price of a second of transcribed audio in US dollars, by service and model. These models have no price of tokens."""


def find_price(service: str, model: str, prices: Mapping[str, Any] = {}) -> Price | None:
    """Return the price of a model, or `None` if it is unknown.

    Args:
        service: name of the preset.
        model: the model's id.
        prices: prices that the user set, by model: US dollars per million tokens of input, cached input and output.

    Raises:
        BadOption: a price that the user set is not three numbers.
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
    """Estimate the cost of a reply in US dollars; `None` if the price or the token usage is unknown.

    The cost includes web searches. Arguments and errors are those of `find_price`.
    """
    if usage and usage.audio_seconds and model not in prices and (service, model) in AUDIO_PRICES:
        return usage.audio_seconds * AUDIO_PRICES[service, model]
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
    """Return the model whose prices apply: the model that replied if its price is known, else the requested model.

    Args:
        service: name of the preset.
        requested_model: id of the requested model.
        reply_model: id of the model in the response; may be empty.
        prices: prices that the user set, as in `find_price`.

    Raises:
        BadOption: a price that the user set is not three numbers.
    """
    return reply_model if reply_model and find_price(service, reply_model, prices) else requested_model
