"""What is known of the models, as hints only: any id may be asked for, and servers know best.

From the model pages of Xiaomi's platform (mimo.mi.com/docs) and of api.mimo-v2.com.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Usage
from mimo_magics.core.settings import fits

AS_OF = "2026-11-22"
"""The day on which the pages were read."""

LATIN, OTHER = 0.25, 0.6
"""Tokens in a character of ASCII and in any other one, about; only a server knows how many they are."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model's published figures."""

    id: str
    window: int
    """Tokens of input and output together."""
    max_output: int
    """Tokens of reasoning and answer together."""
    thinks: bool
    """Whether it reasons unless told otherwise."""
    sees: bool = False
    """Whether it takes pictures."""
    hears: bool = False
    """Whether it takes sound."""
    watches: bool = False
    """Whether it takes videos; this package sends none by itself."""


SUCCESSORS = {
    "mimo-v2-flash": "mimo-v2.6-flash",
    "mimo-v2-omni": "mimo-v2.6-flash",
    "mimo-v2-pro": "mimo-v2.6-pro",
    "mimo-v2.5": "mimo-v2.6-flash",
    "mimo-v2.5-pro": "mimo-v2.6-pro",
    "mimo-v2.5-pro-ultraspeed": "mimo-v2.6-pro-ultraspeed",
}
"""Ids that Xiaomi's own platform retired on 2026-06-30 and 2026-10-21, and what took their place there."""


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

UNKNOWN_MODEL_OUTPUT = 8_192
"""Bound of the output where a format wants one and nothing is known of the model."""

ALL_SENSES = {"sees": True, "hears": True, "watches": True}
MODELS = {
    model.id: model
    for model in (
        Model("mimo-v2-flash", 262_144, 65_536, thinks=False),
        Model("mimo-v2-pro", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2-omni", 262_144, 131_072, thinks=True, **ALL_SENSES),
        Model("mimo-v2.5", 1_048_576, 131_072, thinks=True, **ALL_SENSES),
        Model("mimo-v2.5-pro", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.5-pro-ultraspeed", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.6-flash", 1_048_576, 131_072, thinks=True, **ALL_SENSES),
        Model("mimo-v2.6-pro", 1_048_576, 131_072, thinks=True, **ALL_SENSES),
        Model("mimo-v2.6-pro-ultraspeed", 1_048_576, 131_072, thinks=True, **ALL_SENSES),
        Model("mimo-local", 8_192, 1_024, thinks=False),  # as `local_server` sets it up
    )
}
SPEECH = {
    "mimo-v2": (Model("mimo-v2-tts", 8_192, 8_192, thinks=False),),
    "xiaomi": (
        *(
            Model(f"mimo-v2.5-tts{kind}", 8_192, 8_192, thinks=False)
            for kind in ("", "-voicedesign", "-voiceclone")
        ),
        Model("mimo-v2.5-asr", 8_192, 2_048, thinks=False),
    ),
}
"""By service: models that speak or listen, and answer no prompts. They are listed, and never chosen."""


def output_tokens(asked: int | None, model: str, *, needed: bool, ceiling: int | None = None) -> int | None:
    """Decide the bound of the output to send, in tokens of reasoning and answer together.

    Args:
        asked: what the user set.
        model: the model's id.
        needed: whether the format wants a bound always (Anthropic); the highest allowed one is sent then.
        ceiling: what the service allows.
    """
    known = MODELS.get(model)
    highest = min((bound for bound in (known and known.max_output, ceiling) if bound), default=None)
    if asked is not None:
        return min(asked, highest or asked)
    return (highest or UNKNOWN_MODEL_OUTPUT) if needed else None


def is_chat(model: str) -> bool:
    """Tell whether a model of this id answers prompts, and does not speak or listen."""
    return "-tts" not in model and not model.endswith("-asr")


def sees(model: str) -> bool:
    """Tell whether a model takes pictures. One that is not known is thought to."""
    return model not in MODELS or MODELS[model].sees


def hears(model: str) -> bool:
    """Tell whether a model takes sound. One that is not known is thought to."""
    return model not in MODELS or MODELS[model].hears


def tokens(text: str) -> float:
    """Estimate the tokens of a text from its characters."""
    latin = len(text.encode("ascii", "ignore"))
    return LATIN * latin + OTHER * (len(text) - latin)


def price(service: str, model: str, prices: Mapping[str, Any] = {}) -> Price | None:
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
        case [_, _, _] as figures if all(fits(each, float) and each >= 0 for each in figures):
            return Price(*map(float, figures))
    raise BadOption(
        Words("The price of {model} cannot be {price!r}.", model=model, price=prices[model]),
        Words(
            "It is the US dollars for a million tokens of input, cached input and output, such as [1, 0.1, 3]."
        ),
    )


def cost(usage: Usage | None, service: str, model: str, prices: Mapping[str, Any] = {}) -> float | None:
    """Estimate what a reply cost, in US dollars; `None` where price or tokens are not known.

    Arguments and errors are those of `price`.
    """
    known = price(service, model, prices)
    if known is None or usage is None:
        return None
    fresh = usage.input - usage.cached
    return (fresh * known.input + usage.cached * known.cached + usage.output * known.output) / 1e6
