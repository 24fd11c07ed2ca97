"""The services that are known by name. Source: their documentation pages, as of 2026-11-22."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.settings import Api, Auth
from mimo_magics.core.suggest import did_you_mean

Range = tuple[float, float]

PENALTIES: Mapping[str, Range] = {"frequency_penalty": (-2, 2), "presence_penalty": (-2, 2)}


@dataclass(frozen=True, slots=True)
class Preset:
    """A service, and what is left to it when the person sets nothing."""

    name: str
    model: str
    base_urls: Mapping[Api, str]
    auth: Mapping[Api, Auth]
    max_output: int | None = None
    """Highest bound of the output that it allows, in tokens."""
    key_page: str = ""
    """Where a person gets a key."""
    system: str | None = None
    """The system prompt that it recommends, by name."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Lowest and highest documented value of a setting."""
    lists_models: bool = False
    """Whether its first chat model is asked for, as its models change."""
    bounds_output: bool = False
    """Whether it cuts an answer short when it is not told how long one may be."""


OTHER = "other"
"""Name of a service at an address of the person's own, of which nothing is known."""

LOCAL = Preset(
    "local",
    "mimo-local",
    base_urls={},  # known when the embedded server runs
    auth={"openai": "bearer", "anthropic": "x-api-key"},
    max_output=1_024,
)

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "mimo-v2",
            "mimo-v2-pro",
            {"openai": "https://api.mimo-v2.com/v1", "anthropic": "https://api.mimo-v2.com/anthropic"},
            {"openai": "bearer", "anthropic": "api-key"},
            max_output=128_000,
            key_page="https://www.mimo-v2.com",
            system="mimo",
            ranges={"temperature": (0, 2), "top_p": (0, 1), "max_tokens": (1, 128_000), **PENALTIES},
            bounds_output=True,  # at 1,024 tokens, reasoning included
        ),
        Preset(
            "xiaomi",
            "mimo-v2.6-pro",
            {"openai": "https://api.xiaomimimo.com/v1", "anthropic": "https://api.xiaomimimo.com/anthropic"},
            {"openai": "bearer", "anthropic": "api-key"},
            max_output=131_072,
            key_page="https://platform.xiaomimimo.com",
            system="mimo",
            ranges={"temperature": (0, 1.5), "top_p": (0.01, 1), "max_tokens": (1, 131_072), **PENALTIES},
            lists_models=True,
        ),
        LOCAL,
    )
}


def find(name: str) -> Preset:
    """Look up a service.

    Raises:
        BadOption: it is not known.
    """
    if name not in PRESETS:
        advice = did_you_mean(name, PRESETS, Words("There are: {names}.", names=", ".join(PRESETS)))
        raise BadOption(Words("There is no preset {name!r}.", name=name), advice)
    return PRESETS[name]
