"""The models of a service: what its server lists, joined with what is published of them."""

from __future__ import annotations

from dataclasses import replace

from mimo_magics.client import endpoint, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import MimoError
from mimo_magics.core.models import MODELS, SUCCESSORS, is_chat_model
from mimo_magics.core.pricing import PRICES
from mimo_magics.core.services import CUSTOM_SERVICE, LOCAL_SERVICE, Service
from mimo_magics.core.settings import Settings

_model_ids_by_url: dict[str, tuple[str, ...]] = {}
"""What servers have told, by their addresses, as long as this process lives."""


async def list_models(settings: Settings) -> tuple[str, ...]:
    """Ask the service for the ids of its models; empty where it does not tell, or there is no key for it.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    service = endpoint.resolve_service(settings)
    if service is LOCAL_SERVICE:
        return (LOCAL_SERVICE.model,)
    try:
        return await list_models_at(service, endpoint.resolve_endpoint(settings))
    except MimoError:
        return ()


async def list_models_at(service: Service, service_endpoint: Endpoint) -> tuple[str, ...]:
    """Ask a service for the ids of its models, at its address for the OpenAI format; once is enough."""
    url = get_models_url(service, service_endpoint.base_url)
    if url != service_endpoint.base_url:
        service_endpoint = replace(service_endpoint, base_url=url, auth=service.auth["openai"])
    if not _model_ids_by_url.get(service_endpoint.base_url):
        _model_ids_by_url[service_endpoint.base_url] = await http.list_models(service_endpoint)
    return _model_ids_by_url[service_endpoint.base_url]


def get_cached_models(service: Service) -> tuple[str, ...]:
    """Return the ids that a service has listed already; empty where it was not asked, or did not tell."""
    return _model_ids_by_url.get(get_models_url(service, ""), ())


def choose_model(service: Service, model_ids: tuple[str, ...]) -> str:
    """Return the model that answers when the person names none: of some services the first that they list."""
    return next(filter(is_chat_model, model_ids if service.discovers_default_model else ()), service.model)


def get_known_models(settings: Settings) -> tuple[str, ...]:
    """Return the ids of the models of a service, as far as they are known without asking.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    service = endpoint.resolve_service(settings)
    return _model_ids_by_url.get(
        get_models_url(service, endpoint.resolve_base_url(settings))
    ) or _get_published_models(service)


def get_models_url(service: Service, default: str) -> str:
    """Return the address of the service that lists models."""
    return service.base_urls.get("openai", default).rstrip("/")


def _get_published_models(service: Service) -> tuple[str, ...]:
    """Return the models that a service is known to have had, the latest first."""
    if service.name == CUSTOM_SERVICE:
        return tuple(MODELS)
    if service is LOCAL_SERVICE:
        return (LOCAL_SERVICE.model,)
    priced = dict.fromkeys(model for name, model in PRICES if name == service.name)
    retired = SUCCESSORS if service.name == "xiaomi" else {}
    older = ("mimo-v2-omni",) if service.name == "mimo-v2" else ()
    return tuple(dict.fromkeys((service.model, *(each for each in priced if each not in retired), *older)))
