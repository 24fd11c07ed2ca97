"""What a person should know of a request before it is sent. It is sent all the same: the service decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby

from mimo_magics.client import credentials, model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ApiError, BadKey, UnknownModel
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Request
from mimo_magics.core.models import MODELS, SUCCESSORS
from mimo_magics.core.parameter_ranges import ineffective_parameters
from mimo_magics.core.services import Preset
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import replace_control_characters

MOST_STOPS = 4
OWN = {field.name: field.metadata["flags"][-1] for field in fields(Settings) if field.metadata["project"]}
"""Fields of a request that are settings, with their options."""
OF_OPENAI = (
    *("messages", "tools", "tool_choice", "response_format"),
    *("stream", "stream_options", "max_completion_tokens"),
)
OF_ANTHROPIC = ("system", "stop_sequences", "top_k", "metadata")
OF_SPEECH = ("audio", "asr_options")
DOCUMENTED = (*OWN, *OF_OPENAI, *OF_ANTHROPIC, *OF_SPEECH)
"""What may be meant."""
OF_OTHERS = (
    *("seed", "user", "n", "logprobs", "top_logprobs", "logit_bias", "parallel_tool_calls", "store"),
    *("service_tier", "modalities", "models", "safety_identifier", "web_search_options"),
    *("reasoning", "reasoning_effort", "enable_thinking", "chat_template_kwargs"),
    *("repetition_penalty", "min_p", "top_a", "min_tokens", "stop_token_ids"),
)
"""Fields that servers of others know; some are nearly called like those, and none is a slip."""


def warnings(settings: Settings, service: Preset, request: Request, endpoint: Endpoint) -> Iterator[str]:
    """Yield a line for each thing that will not work as it was meant."""
    for name, (low, high) in service.ranges.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            yield Words(
                "{name} {value:g} is outside what {service} documents: {low:g} to {high:,}.",
                name=name,
                value=value,
                service=service.name,
                low=low,
                high=high,
            )
    if len(settings.stop) > MOST_STOPS:
        yield Words(
            "{count} stop sequences are more than the {most} that MiMo takes.",
            count=len(settings.stop),
            most=MOST_STOPS,
        )
    if service.ranges and request.params.tool_choice not in (None, "auto"):
        yield Words(
            "tool_choice {tool_choice} may be ignored: MiMo honours auto and none only.",
            tool_choice=request.params.tool_choice,
        )
    yield from _idle(settings, service, request.params.model)
    yield from _odd_model(settings, service, request.params.model)
    yield from _odd_fields(settings)
    if settings.json and "json" not in "".join(message.text for message in request.messages).lower():
        yield Words(
            "JSON mode wants the prompt to ask for JSON and to describe its fields; this one does not name it."
        )
    if misfit := credentials.describe_key_mismatch(endpoint.host, endpoint.key):
        yield misfit


def afterwards(error: ApiError, settings: Settings, request: Request, endpoint: Endpoint) -> str:
    """Say what helps against a refusal, where more is known than the server said; empty where it is not."""
    if isinstance(error, BadKey):
        return credentials.describe_key_mismatch(endpoint.host, endpoint.key)
    if "webSearchEnabled" in str(error):
        return Words(
            "Switch the web search plugin on in the console, which takes up to 5 minutes, or leave it out."
        )
    if not isinstance(error, UnknownModel) or error.hint != error.default_hint:
        return ""
    model = request.params.model
    if successor := SUCCESSORS.get(model):
        return Words("Where it is retired, its successor is {successor}: -m {successor}", successor=successor)
    others = [each for each in model_list.get_known_models(settings) if each != model]
    return _meant(model, others, Words("%mimo_models shows what there is."))


def _odd_model(settings: Settings, service: Preset, model: str) -> Iterator[str]:
    """Tell of a model that was retired, or whose name is nearly that of another one; `xiaomi/…` is not ours."""
    there = model_list.get_known_models(settings)
    if model in there or "/" in model:
        return
    if service.name == "xiaomi" and model in SUCCESSORS:
        yield Words(
            "{model} was retired; its successor is {successor}.", model=model, successor=SUCCESSORS[model]
        )
    elif model not in MODELS and (meant := _meant(model, there)):
        yield Words("{model} is not known here. {meant}", model=model, meant=meant)


def _odd_fields(settings: Settings) -> Iterator[str]:
    """Tell of fields that are set beside the settings, and are one of these, or nearly called like a field."""
    for name in settings.param:
        if name in OWN:
            yield Words("--param {name} has an option of its own: {option}.", name=name, option=OWN[name])
        elif name not in (*DOCUMENTED, *OF_OTHERS) and (meant := _meant(name, DOCUMENTED)):
            yield Words("--param {name} is no field of the API. {meant}", name=name, meant=meant)


def _meant(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Advise one of these names, which a server may have told."""
    return did_you_mean(word, map(replace_control_characters, known), otherwise)


def _idle(settings: Settings, service: Preset, model: str) -> Iterator[str]:
    """Tell of what is set and does nothing."""
    reasons = ineffective_parameters(settings, service, model)
    given = [name for name in reasons if getattr(settings, name) is not None]
    for reason, names in groupby(given, reasons.__getitem__):
        yield Words("{names} will not act: {reason}.", names=" and ".join(names), reason=reason)
