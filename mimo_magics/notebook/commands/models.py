"""`%mimo_models`: the models of a service as a table."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.client import endpoint
from mimo_magics.client.model_list import choose_model, get_known_models
from mimo_magics.core.i18n import Words, say, words
from mimo_magics.core.models import MODELS, MODELS_AS_OF, SPEECH_MODELS, SUCCESSORS, Model, is_chat_model
from mimo_magics.core.pricing import PRICES_AS_OF, Price, find_price
from mimo_magics.core.services import LOCAL_SERVICE, SERVICES, Preset
from mimo_magics.core.settings import Settings
from mimo_magics.document import table

UNKNOWN = "–"
FIGURES = ("window", "most output", "input", "cached", "output")
"""Columns of numbers."""


def bundle(settings: Settings, ids: tuple[str, ...]) -> dict[str, str]:
    """Return the table of the models of a service as a MIME bundle.

    Args:
        settings: which service, which model answers now, and the person's own prices.
        ids: what the server listed; empty if it did not.
    """
    service = endpoint.resolve_service(settings)
    now = settings.model or choose_model(service, ids)
    head = words("", "model", "window", "most output", "takes", "thinks", "input", "cached", "output", "")
    spoken = {model.id: model for model in SPEECH_MODELS.get(service.name, ())}
    listed = ids or (*get_known_models(settings), *spoken)
    rows = (
        ("→" if each == now else "", *_row(each, MODELS.get(each) or spoken.get(each), service, settings))
        for each in listed
    )
    return table.bundle(head, rows, figures=FIGURES, caption=_caption(service, bool(ids)))


def _row(id_: str, model: Model | None, service: Preset, settings: Settings) -> tuple[str, ...]:
    cost = find_price(service.name, id_, settings.prices)
    return (
        id_,
        f"{model.context_window:,}" if model else UNKNOWN,
        f"{min(model.max_output, service.max_output or model.max_output):,}" if model else UNKNOWN,
        ", ".join(map(say, _senses(id_))),
        _thinks(id_, model),
        *_prices(cost, service),
        _note(id_, service),
    )


def _thinks(id_: str, model: Model | None) -> str:
    if model is None or not is_chat_model(id_):
        return UNKNOWN
    return say("yes") if model.thinks_by_default else say("if told to")


def _senses(id_: str) -> Iterator[str]:
    if not is_chat_model(id_):
        yield Words("speech")
    elif id_ not in MODELS:
        yield UNKNOWN
    else:
        yield Words("text")
        model = MODELS[id_]
        senses = {
            Words("pictures"): model.accepts_images,
            Words("sound"): model.accepts_audio,
            Words("video"): model.accepts_video,
        }
        yield from (sense for sense, has in senses.items() if has)


def _prices(cost: Price | None, service: Preset) -> tuple[str, str, str]:
    if service is LOCAL_SERVICE:
        return ("0", "0", "0")
    if cost is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    return (f"{cost.input:g}", f"{cost.cached:g}", f"{cost.output:g}")


def _note(id_: str, service: Preset) -> str:
    retired = service.name == "xiaomi" and id_ in SUCCESSORS
    return say("retired: {successor} took its place", successor=SUCCESSORS[id_]) if retired else ""


def _caption(service: Preset, is_listed: bool) -> str:
    name = service.name if service.name in SERVICES else say("this address")
    told = (
        say("As {name} lists them now", name=name)
        if is_listed
        else say("{name} did not list its models: only what is published", name=name)
    )
    return say(
        "{told}. Figures of {as_of}; US dollars for a million tokens, prices of {prices_as_of}.",
        told=told,
        as_of=MODELS_AS_OF,
        prices_as_of=PRICES_AS_OF,
    )
