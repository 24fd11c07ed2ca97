"""`%mimo_models`: a table of the models of a service."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.client import endpoint
from mimo_magics.client.model_list import choose_model, get_known_models
from mimo_magics.core.i18n import Translatable, translatables, translate
from mimo_magics.core.models import MODELS, MODELS_AS_OF, SPEECH_MODELS, SUCCESSORS, Model, is_chat_model
from mimo_magics.core.pricing import PRICES_AS_OF, Price, find_price
from mimo_magics.core.services import LOCAL_SERVICE, SERVICES, Service
from mimo_magics.core.settings import Settings
from mimo_magics.document import table
from mimo_magics.document.cells import Cell, OneLine

UNKNOWN = "–"
MAX_ID_CHARS = 60
NUMERIC_COLUMNS = ("window", "max output", "input", "cached", "output")


def models_bundle(settings: Settings, ids: tuple[str, ...]) -> dict[str, str]:
    """Return the table of the models of a service as a MIME bundle.

    Args:
        settings: They name the service, the current model, and the prices of the user.
        ids: The models that the server listed; empty if it returned no list.
    """
    service = endpoint.resolve_service(settings)
    current_model = settings.model or choose_model(service, ids)
    headers = translatables(
        "", "model", "window", "max output", "inputs", "thinking", "input", "cached", "output", ""
    )
    speech_models = {model.id: model for model in SPEECH_MODELS.get(service.name, ())}
    model_ids = ids or (*get_known_models(settings), *speech_models)
    if len(model_ids) > table.MAX_VISIBLE_ROWS:
        # The current model and those with published data are not folded.
        model_ids = tuple(sorted(model_ids, key=lambda each: (each != current_model, each not in MODELS)))
    rows = (
        (
            "→" if each == current_model else "",
            *_row(each, MODELS.get(each) or speech_models.get(each), service, settings),
        )
        for each in model_ids
    )
    return table.table_bundle(
        headers, rows, numeric_columns=NUMERIC_COLUMNS, caption=_caption(service, bool(ids))
    )


def _row(id_: str, model: Model | None, service: Service, settings: Settings) -> tuple[str | Cell, ...]:
    cost = find_price(service.name, id_, settings.prices)
    return (
        OneLine(id_, MAX_ID_CHARS),
        f"{model.context_window:,}" if model else UNKNOWN,
        f"{min(model.max_output, service.max_output or model.max_output):,}" if model else UNKNOWN,
        ", ".join(map(translate, _iter_input_types(id_))),
        _format_thinking(id_, model),
        *_format_prices(cost, service),
        OneLine(_note(id_, service, settings), MAX_ID_CHARS),
    )


def _format_thinking(id_: str, model: Model | None) -> str:
    if model is None or not is_chat_model(id_):
        return UNKNOWN
    return translate("yes") if model.thinks_by_default else translate("optional")


def _iter_input_types(id_: str) -> Iterator[str]:
    if not is_chat_model(id_):
        yield Translatable("speech")
    elif id_ not in MODELS:
        yield UNKNOWN
    else:
        yield Translatable("text")
        model = MODELS[id_]
        input_support = {
            Translatable("images"): model.accepts_images,
            Translatable("audio"): model.accepts_audio,
            Translatable("video"): model.accepts_video,
        }
        yield from (kind for kind, is_supported in input_support.items() if is_supported)


def _format_prices(cost: Price | None, service: Service) -> tuple[str, str, str]:
    if service is LOCAL_SERVICE:
        return ("0", "0", "0")
    if cost is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    return (f"{cost.input:g}", f"{cost.cached:g}", f"{cost.output:g}")


def _note(id_: str, service: Service, settings: Settings) -> str:
    if id_ in settings.prices:
        return translate("your prices")
    retired = service.name == "xiaomi" and id_ in SUCCESSORS
    return translate("retired; replaced by {successor}", successor=SUCCESSORS[id_]) if retired else ""


def _caption(service: Service, is_listed: bool) -> str:
    name = service.name if service.name in SERVICES else translate("the server at the base URL")
    source_text = (
        translate("Models listed by {name}", name=name)
        if is_listed
        else translate("No model list from {name}; only published models are shown", name=name)
    )
    return translate(
        "{source}. Model data as of {as_of}; prices in US dollars per million tokens, as of {prices_as_of}.",
        source=source_text,
        as_of=MODELS_AS_OF,
        prices_as_of=PRICES_AS_OF,
    )
