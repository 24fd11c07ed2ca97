"""What a person should know of a request before it is sent. It is sent all the same: the service decides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mimo_magics import keys
from mimo_magics.endpoint import Endpoint
from mimo_magics.errors import ApiError, BadKey, UnknownModel
from mimo_magics.messages import Request
from mimo_magics.models import SUCCESSORS
from mimo_magics.parameters import idle
from mimo_magics.presets import Preset
from mimo_magics.settings import Settings

MOST_STOPS = 4


def warnings(settings: Settings, service: Preset, request: Request, endpoint: Endpoint) -> Iterator[str]:
    """Yield a line for each thing that will not work as it was meant."""
    for name, (low, high) in service.ranges.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            yield f"{name} {value:g} is outside what {service.name} documents: {low:g} to {high:,}."
    if len(settings.stop) > MOST_STOPS:
        yield f"{len(settings.stop)} stop sequences are more than the {MOST_STOPS} that MiMo takes."
    if service.ranges and request.params.tool_choice not in (None, "auto"):
        yield f"tool_choice {request.params.tool_choice} may be ignored: MiMo honours auto and none only."
    yield from _idle(settings, service, request.params.model)
    if settings.json and "json" not in "".join(message.text for message in request.messages).lower():
        yield "JSON mode wants the prompt to ask for JSON and to describe its fields; this one does not name it."
    if misfit := keys.misfit(endpoint.host, endpoint.key):
        yield misfit


def afterwards(error: ApiError, request: Request, endpoint: Endpoint) -> str:
    """Say what helps against a refusal, where more is known than the server said; empty where it is not."""
    if isinstance(error, BadKey):
        return keys.misfit(endpoint.host, endpoint.key)
    if "webSearchEnabled" in str(error):
        return "Switch the web search plugin on in the console, which takes up to 5 minutes, or leave it out."
    successor = SUCCESSORS.get(request.params.model)
    if successor and isinstance(error, UnknownModel) and error.hint == error.default_hint:
        return f"Where it is retired, its successor is {successor}: -m {successor}"
    return ""


def _idle(settings: Settings, service: Preset, model: str) -> Iterator[str]:
    """Tell of what is set and does nothing."""
    reasons = idle(settings, service, model)
    given = [name for name in reasons if getattr(settings, name) is not None]
    for reason, names in groupby(given, reasons.__getitem__):
        yield f"{' and '.join(names)} will not act: {reason}."
