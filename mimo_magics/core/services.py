"""The services that have a preset. Source: their documentation pages, as of 2026-11-22."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Api, Auth, ThinkingForm
from mimo_magics.core.suggest import did_you_mean

Range = tuple[float, float]

PENALTY_RANGES: Mapping[str, Range] = {"frequency_penalty": (-2, 2), "presence_penalty": (-2, 2)}


@dataclass(frozen=True, slots=True)
class ServiceFields:
    """The request fields in which services differ. The defaults are those of MiMo."""

    thinking: ThinkingForm = "thinking"
    """The field of the OpenAI format that turns thinking on or off."""
    max_tokens: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """The field of the OpenAI format that limits the output."""
    pads_reasoning: bool = True
    """Whether the service refuses tool calls without their reasoning, so that a placeholder must be sent."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service, with the defaults that apply when the user sets nothing."""

    name: str
    model: str
    base_urls: Mapping[Api, str]
    auth: Mapping[Api, Auth]
    max_output: int | None = None
    """Highest output limit that it allows, in tokens."""
    api_key_url: str = ""
    """The page that issues API keys."""
    system: str | None = None
    """The name of the system prompt that it recommends."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Lowest and highest documented value of each setting."""
    discovers_default_model: bool = False
    """Whether its list of models is requested to choose the default: `model`, or its successor once it is retired."""
    truncates_by_default: bool = False
    """Whether it truncates replies early when a request has no output limit."""
    fields: ServiceFields = ServiceFields()
    requests_per_minute: int | None = None
    """Documented rate limit of a model and account; `None` if it is unknown."""
    tokens_per_minute: int | None = None
    """Documented limit of input and output tokens together."""


CUSTOM_SERVICE = "other"
"""Name of the unknown service behind a base URL that the user set."""
CUSTOM_FIELDS = ServiceFields("chat_template_kwargs", "max_tokens", pads_reasoning=False)
"""Fields of vLLM, SGLang and llama.cpp, which serve open models."""
MIMO_DOMAINS = ("mimo-v2.com", "xiaomimimo.com")
"""Domains of the MiMo services, including plans and regions."""

LOCAL_SERVICE = Service(
    "local",
    "mimo-local",
    # The base URL is known when the embedded server runs.
    base_urls={},
    auth={"openai": "bearer", "anthropic": "x-api-key"},
    max_output=1_024,
)

SERVICES = {
    preset.name: preset
    for preset in (
        Service(
            "mimo-v2",
            "mimo-v2-pro",
            {"openai": "https://api.mimo-v2.com/v1", "anthropic": "https://api.mimo-v2.com/anthropic"},
            {"openai": "bearer", "anthropic": "api-key"},
            max_output=128_000,
            api_key_url="https://www.mimo-v2.com",
            system="mimo",
            ranges={"temperature": (0, 2), "top_p": (0, 1), "max_tokens": (1, 128_000), **PENALTY_RANGES},
            # Without a limit it truncates at 1,024 tokens, reasoning included.
            truncates_by_default=True,
            requests_per_minute=100,
            tokens_per_minute=10_000_000,
        ),
        Service(
            "xiaomi",
            "mimo-v2.6-pro",
            {"openai": "https://api.xiaomimimo.com/v1", "anthropic": "https://api.xiaomimimo.com/anthropic"},
            {"openai": "bearer", "anthropic": "api-key"},
            max_output=131_072,
            api_key_url="https://platform.xiaomimimo.com",
            system="mimo",
            ranges={
                "temperature": (0, 1.5),
                "top_p": (0.01, 1),
                "max_tokens": (1, 131_072),
                **PENALTY_RANGES,
            },
            discovers_default_model=True,
            requests_per_minute=100,
            tokens_per_minute=10_000_000,
        ),
        LOCAL_SERVICE,
    )
}


def find_service(name: str) -> Service:
    """Return the service of a preset.

    Raises:
        BadOption: the preset is unknown.
    """
    if name not in SERVICES:
        advice = did_you_mean(name, SERVICES, Translatable("Available: {names}.", names=", ".join(SERVICES)))
        raise BadOption(Translatable("Unknown preset {name!r}.", name=name), advice)
    return SERVICES[name]


def create_custom_service(
    model: str, api: Api, base_url: str, host: str, auth: Mapping[Api, Auth]
) -> Service:
    """Return the service behind a base URL that the user set. Hosts of MiMo services get the fields of MiMo."""
    is_mimo = any(host == domain or host.endswith(f".{domain}") for domain in MIMO_DOMAINS)
    fields = ServiceFields() if is_mimo else CUSTOM_FIELDS
    return Service(CUSTOM_SERVICE, model, {api: base_url}, auth, fields=fields)
