"""The context of a prompt with its figures: what is sent beside the text that the user typed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from mimo_magics.context.thumbnail import make_thumbnail_url
from mimo_magics.core.context_item import ContextItem
from mimo_magics.core.media_tokens import find_media_tokens
from mimo_magics.core.messages import ContextPart, MediaPart, Message, Usage
from mimo_magics.core.models import estimate_tokens
from mimo_magics.session.limits.budget import Spending
from mimo_magics.session.turn import Turn


def build_context_items(
    prompt: Message, service: str, model: str, prices: Any = None
) -> tuple[ContextItem, ...]:
    """Return the context of a prompt.

    Args:
        prompt: the prompt.
        service: name of the preset, or `other`.
        model: the model that receives it, which decides on the price.
        prices: the setting `prices`.
    """
    return tuple(
        _iter_items(prompt, partial(Spending.from_usage, service=service, model=model, prices=prices or {}))
    )


def describe_turn_context(turn: Turn) -> tuple[ContextItem, ...]:
    """Return the context of a turn, at the prices of this version."""
    return build_context_items(turn.prompt, turn.preset, turn.params.model)


def _iter_items(prompt: Message, price: Any) -> Iterator[ContextItem]:
    for part in prompt.parts:
        if isinstance(part, ContextPart):
            tokens = max(1, round(estimate_tokens(part.text)))
            yield ContextItem(part, tokens, price(Usage(tokens)).usd)
        elif isinstance(part, MediaPart):
            count = find_media_tokens(part)
            yield ContextItem(
                part, count, price(Usage(count)).usd if count else None, make_thumbnail_url(part)
            )
