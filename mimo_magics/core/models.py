"""What is known of the models, as hints only: any id may be asked for, and servers know best.

From the model pages of Xiaomi's platform (mimo.mi.com/docs) and of api.mimo-v2.com.
"""

from __future__ import annotations

from dataclasses import dataclass

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
