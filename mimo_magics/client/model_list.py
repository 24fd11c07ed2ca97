"""The models of a service: what its server lists, joined with what is published of them."""

from __future__ import annotations

from dataclasses import replace

from mimo_magics.client import endpoint, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import MimoError
from mimo_magics.core.models import MODELS, SUCCESSORS, is_chat_model
from mimo_magics.core.pricing import PRICES
from mimo_magics.core.services import CUSTOM_SERVICE, LOCAL_SERVICE, Preset
from mimo_magics.core.settings import Settings

_listed: dict[str, tuple[str, ...]] = {}
"""What servers have told, by their addresses, as long as this process lives."""


async def listed(settings: Settings) -> tuple[str, ...]:
    """Ask the service for the ids of its models; empty where it does not tell, or there is no key for it.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    service = endpoint.preset(settings)
    if service is LOCAL_SERVICE:
        return (LOCAL_SERVICE.model,)
    try:
        return await listed_at(service, endpoint.find(settings))
    except MimoError:
        return ()


async def listed_at(service: Preset, address: Endpoint) -> tuple[str, ...]:
    """Ask a service for the ids of its models, at its address for the OpenAI format; once is enough."""
    url = list_url(service, address.base_url)
    if url != address.base_url:
        address = replace(address, base_url=url, auth=service.auth["openai"])
    if not _listed.get(address.base_url):
        _listed[address.base_url] = await http.models(address)
    return _listed[address.base_url]


def heard(service: Preset) -> tuple[str, ...]:
    """Return the ids that a service has listed already; empty where it was not asked, or did not tell."""
    return _listed.get(list_url(service, ""), ())


def answering(service: Preset, ids: tuple[str, ...]) -> str:
    """Return the model that answers when the person names none: of some services the first that they list."""
    return next(filter(is_chat_model, ids if service.discovers_default_model else ()), service.model)


def known(settings: Settings) -> tuple[str, ...]:
    """Return the ids of the models of a service, as far as they are known without asking.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    service = endpoint.preset(settings)
    return _listed.get(list_url(service, endpoint.base_url(settings))) or _published(service)


def list_url(service: Preset, otherwise: str) -> str:
    """Return the address of the service that lists models."""
    return service.base_urls.get("openai", otherwise).rstrip("/")


def _published(service: Preset) -> tuple[str, ...]:
    """Return the models that a service is known to have had, the latest first."""
    if service.name == CUSTOM_SERVICE:
        return tuple(MODELS)
    if service is LOCAL_SERVICE:
        return (LOCAL_SERVICE.model,)
    priced = dict.fromkeys(model for name, model in PRICES if name == service.name)
    retired = SUCCESSORS if service.name == "xiaomi" else {}
    older = ("mimo-v2-omni",) if service.name == "mimo-v2" else ()
    return tuple(dict.fromkeys((service.model, *(each for each in priced if each not in retired), *older)))
