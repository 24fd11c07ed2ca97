"""The models of a service: the list of its server, or the published models if there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mimo_magics.client import endpoint, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import MissingApiKey
from mimo_magics.core.models import MODELS, SUCCESSORS, is_chat_model
from mimo_magics.core.pricing import PRICES
from mimo_magics.core.services import CUSTOM_SERVICE, LOCAL_SERVICE, Service
from mimo_magics.core.settings import Settings

_model_ids_by_url: dict[str, tuple[str, ...]] = {}
"""The lists of this process, by URL. The list of a server without one is empty."""
MIMO_ID = re.compile(r"mimo-v(?P<version>[0-9]{1,4}(?:\.[0-9]{1,4}){0,3})-(?P<kind>[a-z0-9-]+)")


async def list_models(settings: Settings) -> tuple[str, ...]:
    """Return the ids that the service lists; empty if it lists none, or if there is no API key for it.

    An empty list is requested again.

    Raises:
        BadOption: the preset, the base URL, the key or an environment variable is invalid.
    """
    service = endpoint.resolve_service(settings)
    if service is LOCAL_SERVICE:
        return (LOCAL_SERVICE.model,)
    try:
        service_endpoint = endpoint.resolve_endpoint(settings)
    except MissingApiKey:
        return ()
    url = get_models_url(service, service_endpoint.base_url)
    if not _model_ids_by_url.get(url):
        _model_ids_by_url.pop(url, None)
    return await list_models_at(service, service_endpoint)


async def list_models_at(service: Service, service_endpoint: Endpoint) -> tuple[str, ...]:
    """Return the ids that a service lists at its URL for the OpenAI format.

    The list is requested once in a process, even if it is empty, because a prompt waits for it.
    """
    url = get_models_url(service, service_endpoint.base_url)
    if url != service_endpoint.base_url:
        service_endpoint = replace(service_endpoint, base_url=url, auth=service.auth["openai"])
    if service_endpoint.base_url not in _model_ids_by_url:
        _model_ids_by_url[service_endpoint.base_url] = await http.list_models(service_endpoint)
    return _model_ids_by_url[service_endpoint.base_url]


def get_cached_models(service: Service) -> tuple[str, ...]:
    """Return the ids of an earlier request; empty if there was none, or if the server has no list."""
    return _model_ids_by_url.get(get_models_url(service, ""), ())


def has_requested_list(service: Service) -> bool:
    """Return whether the list of a service was requested in this process."""
    return get_models_url(service, "") in _model_ids_by_url


def choose_model(service: Service, model_ids: tuple[str, ...]) -> str:
    """Return the default model of a service.

    If the server does not list that model, its latest successor is used, otherwise the first chat model of the list.
    """
    chat_models = [*filter(is_chat_model, model_ids)] if service.discovers_default_model else []
    if not chat_models or service.model in chat_models:
        return service.model
    return _find_successor(service.model, chat_models) or chat_models[0]


def _find_successor(model: str, candidates: Iterable[str]) -> str | None:
    """Return the latest version of the same kind of model."""
    kind = _parse_id(model)[1]
    return max((each for each in candidates if _parse_id(each)[1] == kind), key=_parse_id, default=None)


def _parse_id(model: str) -> tuple[tuple[int, ...], str]:
    """Split an id into version and kind, such as (2, 6) and `pro`."""
    if match := MIMO_ID.fullmatch(model):
        return tuple(map(int, match["version"].split("."))), match["kind"]
    return (), model


def get_known_models(settings: Settings) -> tuple[str, ...]:
    """Return the ids of a service without a request: the cached list, otherwise the published models.

    Raises:
        BadOption: the preset or the base URL is invalid.
    """
    service = endpoint.resolve_service(settings)
    return _model_ids_by_url.get(
        get_models_url(service, endpoint.resolve_base_url(settings))
    ) or _get_published_models(service)


def get_models_url(service: Service, default: str) -> str:
    """Return the URL of a service that lists its models: only the OpenAI format has a list."""
    return service.base_urls.get("openai", default).rstrip("/")


def _get_published_models(service: Service) -> tuple[str, ...]:
    """Return the models that the documentation of a service names, the latest first."""
    if service.name == CUSTOM_SERVICE:
        return tuple(MODELS)
    if service is LOCAL_SERVICE:
        return (LOCAL_SERVICE.model,)
    priced = dict.fromkeys(model for name, model in PRICES if name == service.name and is_chat_model(model))
    retired = SUCCESSORS if service.name == "xiaomi" else {}
    older = ("mimo-v2-omni",) if service.name == "mimo-v2" else ()
    return tuple(dict.fromkeys((service.model, *(each for each in priced if each not in retired), *older)))
