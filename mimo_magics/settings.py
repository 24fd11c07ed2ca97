"""What a person can set, as one value: where to ask and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

Api = Literal["openai", "anthropic"]
Auth = Literal["bearer", "api-key", "both", "x-api-key"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to ask and how. `None` leaves the choice to the preset or to the server."""

    preset: str = "mimo-v2"
    """The service: `mimo-v2`, or `local` for the embedded model."""
    api: Api = "openai"
    """The format of the API."""
    base_url: str | None = None
    """Another address for the chosen format, such as `https://host/v1`; the preset's otherwise."""
    auth: Auth | None = None
    """Form of the header that carries the key."""
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    """Upper bound of the output in tokens, reasoning included."""
    thinking: bool | None = None
    system: str | None = None
    """The system prompt."""
    stream: bool = True
    local_model: str = "smollm2-135m"
    """The embedded model: a name from `mimo_magics.local.WEIGHTS`, or the path of a GGUF file."""


class Options(TypedDict, total=False):
    """The fields of `Settings` as keyword arguments."""

    preset: str
    api: Api
    base_url: str | None
    auth: Auth | None
    model: str | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    thinking: bool | None
    system: str | None
    stream: bool
    local_model: str
