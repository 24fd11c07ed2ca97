"""The services that are known by name. Source: their quick-start pages, 2026-11-22."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.settings import Api, Auth


@dataclass(frozen=True, slots=True)
class Preset:
    """A service and what is left to it when the person sets nothing."""

    name: str
    model: str
    base_urls: dict[Api, str]
    auth: dict[Api, Auth]
    max_output: int | None = None
    """Highest bound of the output that it allows, in tokens."""
    key_page: str = ""
    """Where a person gets a key."""


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
        ),
        LOCAL,
    )
}
