"""The models of a service: what its server lists, joined with what is published of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mimo_magics.client import endpoint, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import Words, say, words
from mimo_magics.core.models import (
    AS_OF,
    MODELS,
    PRICES,
    PRICES_AS_OF,
    SPEECH,
    SUCCESSORS,
    Model,
    Price,
    is_chat,
    price,
)
from mimo_magics.core.services import LOCAL, OTHER, PRESETS, Preset
from mimo_magics.core.settings import Settings
from mimo_magics.document import table

UNKNOWN = "–"
FIGURES = ("window", "most output", "input", "cached", "output")
"""Columns of numbers."""

_listed: dict[str, tuple[str, ...]] = {}
"""What servers have told, by their addresses, as long as this process lives."""


async def listed(settings: Settings) -> tuple[str, ...]:
    """Ask the service for the ids of its models; empty where it does not tell, or there is no key for it.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    service = endpoint.preset(settings)
    if service is LOCAL:
        return (LOCAL.model,)
    try:
        return await listed_at(service, endpoint.find(settings))
    except MimoError:
        return ()


async def listed_at(service: Preset, address: Endpoint) -> tuple[str, ...]:
    """Ask a service for the ids of its models, at its address for the OpenAI format; once is enough."""
    url = _list_url(service, address.base_url)
    if url != address.base_url:
        address = replace(address, base_url=url, auth=service.auth["openai"])
    if not _listed.get(address.base_url):
        _listed[address.base_url] = await http.models(address)
    return _listed[address.base_url]


def heard(service: Preset) -> tuple[str, ...]:
    """Return the ids that a service has listed already; empty where it was not asked, or did not tell."""
    return _listed.get(_list_url(service, ""), ())


def answering(service: Preset, ids: tuple[str, ...]) -> str:
    """Return the model that answers when the person names none: of some services the first that they list."""
    return next(filter(is_chat, ids if service.lists_models else ()), service.model)


def known(settings: Settings) -> tuple[str, ...]:
    """Return the ids of the models of a service, as far as they are known without asking.

    Raises:
        BadOption: the preset or the base URL cannot be.
    """
    service = endpoint.preset(settings)
    return _listed.get(_list_url(service, endpoint.base_url(settings))) or _published(service)


def bundle(settings: Settings, ids: tuple[str, ...]) -> dict[str, str]:
    """Return the table of the models of a service as a MIME bundle.

    Args:
        settings: which service, which model answers now, and the person's own prices.
        ids: what the server listed; empty if it did not.
    """
    service = endpoint.preset(settings)
    now = settings.model or answering(service, ids)
    head = words("", "model", "window", "most output", "takes", "thinks", "input", "cached", "output", "")
    spoken = {model.id: model for model in SPEECH.get(service.name, ())}
    listed = ids or (*known(settings), *spoken)
    rows = (
        ("→" if each == now else "", *_row(each, MODELS.get(each) or spoken.get(each), service, settings))
        for each in listed
    )
    return table.bundle(head, rows, figures=FIGURES, caption=_caption(service, bool(ids)))


def _list_url(service: Preset, otherwise: str) -> str:
    return service.base_urls.get("openai", otherwise).rstrip("/")


def _published(service: Preset) -> tuple[str, ...]:
    """Return the models that a service is known to have had, the latest first."""
    if service.name == OTHER:
        return tuple(MODELS)
    if service is LOCAL:
        return (LOCAL.model,)
    priced = dict.fromkeys(model for name, model in PRICES if name == service.name)
    retired = SUCCESSORS if service.name == "xiaomi" else {}
    older = ("mimo-v2-omni",) if service.name == "mimo-v2" else ()
    return tuple(dict.fromkeys((service.model, *(each for each in priced if each not in retired), *older)))


def _row(id_: str, model: Model | None, service: Preset, settings: Settings) -> tuple[str, ...]:
    cost = price(service.name, id_, settings.prices)
    return (
        id_,
        f"{model.window:,}" if model else UNKNOWN,
        f"{min(model.max_output, service.max_output or model.max_output):,}" if model else UNKNOWN,
        ", ".join(map(say, _senses(id_))),
        _thinks(id_, model),
        *_prices(cost, service),
        _note(id_, service),
    )


def _thinks(id_: str, model: Model | None) -> str:
    if model is None or not is_chat(id_):
        return UNKNOWN
    return say("yes") if model.thinks else say("if told to")


def _senses(id_: str) -> Iterator[str]:
    if not is_chat(id_):
        yield Words("speech")
    elif id_ not in MODELS:
        yield UNKNOWN
    else:
        yield Words("text")
        model = MODELS[id_]
        senses = {Words("pictures"): model.sees, Words("sound"): model.hears, Words("video"): model.watches}
        yield from (sense for sense, has in senses.items() if has)


def _prices(cost: Price | None, service: Preset) -> tuple[str, str, str]:
    if service is LOCAL:
        return ("0", "0", "0")
    if cost is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    return (f"{cost.input:g}", f"{cost.cached:g}", f"{cost.output:g}")


def _note(id_: str, service: Preset) -> str:
    retired = service.name == "xiaomi" and id_ in SUCCESSORS
    return say("retired: {successor} took its place", successor=SUCCESSORS[id_]) if retired else ""


def _caption(service: Preset, is_listed: bool) -> str:
    name = service.name if service.name in PRESETS else say("this address")
    told = (
        say("As {name} lists them now", name=name)
        if is_listed
        else say("{name} did not list its models: only what is published", name=name)
    )
    return say(
        "{told}. Figures of {as_of}; US dollars for a million tokens, prices of {prices_as_of}.",
        told=told,
        as_of=AS_OF,
        prices_as_of=PRICES_AS_OF,
    )
