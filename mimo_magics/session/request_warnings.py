"""Warnings about a request. The request is sent anyway, and the service decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby

from mimo_magics.client import credentials, model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ApiError, InvalidApiKey, UnknownModel
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Request
from mimo_magics.core.models import MODELS, SUCCESSORS
from mimo_magics.core.parameter_ranges import ineffective_parameters
from mimo_magics.core.services import Service
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote, replace_control_characters

MAX_STOP_SEQUENCES = 4
MAX_QUOTED_CHARS = 40
REASONING_EFFORTS = ("none", "low", "medium", "high")
"""Values that MiMo accepts. Others are refused with HTTP 400."""
SETTING_OPTIONS = {
    field.name: field.metadata["flags"][-1] for field in fields(Settings) if field.metadata["project"]
}
"""By field of a request that is a setting: its option."""
OPENAI_FIELDS = (
    *("messages", "tools", "tool_choice", "response_format"),
    *("stream", "stream_options", "max_completion_tokens"),
)
ANTHROPIC_FIELDS = ("system", "stop_sequences", "top_k", "metadata")
SPEECH_FIELDS = ("audio", "asr_options")
DOCUMENTED_FIELDS = (*SETTING_OPTIONS, *OPENAI_FIELDS, *ANTHROPIC_FIELDS, *SPEECH_FIELDS)
"""Fields to suggest for a mistyped one."""
OTHER_API_FIELDS = (
    *("seed", "user", "n", "logprobs", "top_logprobs", "logit_bias", "parallel_tool_calls", "store"),
    *("service_tier", "modalities", "models", "safety_identifier", "web_search_options"),
    *("reasoning", "reasoning_effort", "enable_thinking", "chat_template_kwargs"),
    *("repetition_penalty", "min_p", "top_a", "min_tokens", "stop_token_ids"),
)
"""Fields of other servers. Some of the names are similar to the documented ones, but none is a typing error."""


def find_warnings(
    settings: Settings, service: Service, request: Request, endpoint: Endpoint
) -> Iterator[str]:
    """Yield a line for each setting that may have no effect or be refused."""
    for name, (low, high) in service.ranges.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            yield Translatable(
                "{name} {value:g} is outside the documented range of {service}: {low:g} to {high:,}.",
                name=name,
                value=value,
                service=service.name,
                low=low,
                high=high,
            )
    if len(settings.stop) > MAX_STOP_SEQUENCES:
        yield Translatable(
            "MiMo accepts at most {most} stop sequences, not {count}.",
            count=len(settings.stop),
            most=MAX_STOP_SEQUENCES,
        )
    if service.ranges and request.params.tool_choice not in (None, "auto"):
        yield Translatable(
            "tool_choice {tool_choice} may be ignored: MiMo supports only auto.",
            tool_choice=request.params.tool_choice,
        )
    yield from _unused_setting_warnings(settings, service, request.params.model)
    yield from _model_warnings(settings, service, request.params.model)
    yield from _field_warnings(settings, service)
    if settings.json and "json" not in "".join(message.text for message in request.messages).lower():
        yield Translatable(
            "JSON mode: the prompt must ask for JSON and describe its fields, but it does not mention JSON."
        )
    if key_mismatch := credentials.describe_key_mismatch(endpoint.host, endpoint.key):
        yield key_mismatch


def find_error_hint(error: ApiError, settings: Settings, request: Request, endpoint: Endpoint) -> str:
    """Return advice for an error of the API; empty if the error says enough."""
    if isinstance(error, InvalidApiKey):
        return credentials.describe_key_mismatch(endpoint.host, endpoint.key)
    if "webSearchEnabled" in str(error):
        return Translatable(
            "Enable the web search plugin in the console (takes up to 5 minutes), or omit --web-search."
        )
    if not isinstance(error, UnknownModel) or error.hint != error.default_hint:
        return ""
    model = request.params.model
    if successor := SUCCESSORS.get(model):
        return Translatable(
            "The model may be retired. Its successor is {successor}: -m {successor}", successor=successor
        )
    other_models = [each for each in model_list.get_known_models(settings) if each != model]
    return _suggest_name(model, other_models, Translatable("%mimo_models lists the available models."))


def _model_warnings(settings: Settings, service: Service, model: str) -> Iterator[str]:
    """Warn of a retired model, and of a name similar to a known model. Names such as `xiaomi/…` belong to gateways."""
    known_models = model_list.get_known_models(settings)
    if model in known_models or "/" in model:
        return
    if service.name == "xiaomi" and model in SUCCESSORS:
        yield Translatable(
            "{model} is retired. Its successor is {successor}.", model=model, successor=SUCCESSORS[model]
        )
    elif model not in MODELS and (suggestion := _suggest_name(model, known_models)):
        yield Translatable("Unknown model {model}. {meant}", model=model, meant=suggestion)


def _field_warnings(settings: Settings, service: Service) -> Iterator[str]:
    """Warn of fields in `--param` that are settings, that may be mistyped, or that MiMo refuses."""
    effort = settings.param.get("reasoning_effort")
    if service.ranges and isinstance(effort, str) and effort not in REASONING_EFFORTS:
        yield Translatable(
            "MiMo refuses --param reasoning_effort={effort}. It accepts {efforts}.",
            effort=quote(effort, MAX_QUOTED_CHARS),
            efforts=", ".join(REASONING_EFFORTS),
        )
    for name in settings.param:
        if name in SETTING_OPTIONS:
            yield Translatable(
                "--param {name} is also an option: use {option}.", name=name, option=SETTING_OPTIONS[name]
            )
        elif name not in (*DOCUMENTED_FIELDS, *OTHER_API_FIELDS) and (
            suggestion := _suggest_name(name, DOCUMENTED_FIELDS)
        ):
            yield Translatable("Unknown API field --param {name}. {meant}", name=name, meant=suggestion)


def _suggest_name(word: str, candidates: Iterable[str], default: str = "") -> str:
    """Return a suggestion. The candidates may come from a server, so control characters are replaced."""
    return did_you_mean(word, map(replace_control_characters, candidates), default)


def _unused_setting_warnings(settings: Settings, service: Service, model: str) -> Iterator[str]:
    """Warn of settings without effect."""
    reasons = ineffective_parameters(settings, service, model)
    set_names = [name for name in reasons if getattr(settings, name) is not None]
    for reason, names in groupby(set_names, reasons.__getitem__):
        yield Translatable("{names} will have no effect: {reason}.", names=" and ".join(names), reason=reason)
