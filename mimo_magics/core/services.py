"""The services that are known by name. Source: their documentation pages, as of 2026-11-22."""

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
    """How a service wants what services want in different ways; the defaults are MiMo's."""

    thinking: ThinkingForm = "thinking"
    """The field of the OpenAI format that switches reasoning on or off."""
    max_tokens: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """The field of the OpenAI format that bounds the output."""
    pads_reasoning: bool = True
    """Whether tool calls whose reasoning is lost are refused, so that some is made up."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and what is left to it when the person sets nothing."""

    name: str
    model: str
    base_urls: Mapping[Api, str]
    auth: Mapping[Api, Auth]
    max_output: int | None = None
    """Highest bound of the output that it allows, in tokens."""
    api_key_url: str = ""
    """Where a person gets a key."""
    system: str | None = None
    """The system prompt that it recommends, by name."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Lowest and highest documented value of a setting."""
    discovers_default_model: bool = False
    """Whether its server is asked which models there are, as they change: `model`, or a successor of it, answers."""
    truncates_by_default: bool = False
    """Whether it cuts an answer short when it is not told how long one may be."""
    fields: ServiceFields = ServiceFields()


CUSTOM_SERVICE = "other"
"""Name of a service at an address of the person's own, of which nothing is known."""
CUSTOM_FIELDS = ServiceFields("chat_template_kwargs", "max_tokens", pads_reasoning=False)
"""What vLLM, SGLang and llama.cpp know, which serve the open models."""
MIMO_DOMAINS = ("mimo-v2.com", "xiaomimimo.com")
"""Of MiMo services, plans and regions included."""

LOCAL_SERVICE = Service(
    "local",
    "mimo-local",
    base_urls={},  # known when the embedded server runs
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
            truncates_by_default=True,  # at 1,024 tokens, reasoning included
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
        ),
        LOCAL_SERVICE,
    )
}


def find_service(name: str) -> Service:
    """Look up a service.

    Raises:
        BadOption: it is not known.
    """
    if name not in SERVICES:
        advice = did_you_mean(name, SERVICES, Translatable("Available: {names}.", names=", ".join(SERVICES)))
        raise BadOption(Translatable("Unknown preset {name!r}.", name=name), advice)
    return SERVICES[name]


def create_custom_service(
    model: str, api: Api, base_url: str, host: str, auth: Mapping[Api, Auth]
) -> Service:
    """Return the service at an address of the person's own; hosts of MiMo services have MiMo's fields."""
    is_mimo = any(host == domain or host.endswith(f".{domain}") for domain in MIMO_DOMAINS)
    fields = ServiceFields() if is_mimo else CUSTOM_FIELDS
    return Service(CUSTOM_SERVICE, model, {api: base_url}, auth, fields=fields)
