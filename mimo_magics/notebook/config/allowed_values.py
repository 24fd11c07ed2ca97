"""The allowed values of a setting: for `%mimo_config`, the panel and errors."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.parameter_ranges import DEFAULT_RANGES, bounds
from mimo_magics.core.services import CUSTOM_SERVICE, SERVICES, Service
from mimo_magics.core.setting_values import describe_type, strip_optional
from mimo_magics.core.settings import Settings

TYPE_HINTS = get_type_hints(Settings)
UNKNOWN_SERVICE = Service(CUSTOM_SERVICE, "", {}, {})


def resolve_model(settings: Settings) -> tuple[Service, str]:
    """Return the service of the settings and the model that replies, without a request.

    Settings that no request can be sent with have the service of their preset, or one that documents no ranges.
    """
    # These import httpx, and the extension loads this module.
    from mimo_magics.client import endpoint, model_list

    service = SERVICES.get(settings.preset, UNKNOWN_SERVICE)
    with suppress(BadOption):
        service = endpoint.resolve_service(settings)
    return service, settings.model or model_list.choose_model(service, model_list.get_cached_models(service))


def describe_allowed_values(name: str, service: Service, model: str) -> str:
    """Return the allowed values of a setting: its choices, or its range for the service and the model."""
    kind = strip_optional(TYPE_HINTS[name])
    if get_origin(kind) is Literal:
        return " | ".join(get_args(kind))
    if kind is bool:
        return "on | off"
    if name == "stop":
        return Translatable("up to 4 texts")
    if name not in DEFAULT_RANGES:
        return ""
    low, high = bounds(name, service, model)
    return Translatable("{low:g} to {high:,}", low=low, high=high)


def describe_expected_value(name: str, service: Service, model: str) -> str:
    """Return the type of a setting in words, with its range if it has one."""
    limits: tuple[Any, ...] = bounds(name, service, model) if name in DEFAULT_RANGES else ()
    return describe_type(TYPE_HINTS[name], *limits)
