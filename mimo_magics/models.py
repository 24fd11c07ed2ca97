"""What is known of the models, as hints only: any id may be asked for, and servers know best.

As of 2026-11-22, from the model pages of Xiaomi's platform (mimo.mi.com/docs) and of api.mimo-v2.com.
"""

from __future__ import annotations

from dataclasses import dataclass


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


UNKNOWN_MODEL_OUTPUT = 8_192
"""Bound of the output where a format wants one and nothing is known of the model."""

MODELS = {
    model.id: model
    for model in (
        Model("mimo-v2-flash", 262_144, 65_536, thinks=False),
        Model("mimo-v2-pro", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2-omni", 262_144, 131_072, thinks=True),
        Model("mimo-v2.5", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.5-pro", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.5-pro-ultraspeed", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.6-flash", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.6-pro", 1_048_576, 131_072, thinks=True),
        Model("mimo-v2.6-pro-ultraspeed", 1_048_576, 131_072, thinks=True),
    )
}


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
