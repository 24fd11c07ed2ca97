"""Ranges, defaults and recommended values of the parameters, and which parameters have no effect.

Sources: the parameter tables and the sampling advice of both services (sections 3.1 and 8.2 of the API notes).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_type_hints

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.models import find_model
from mimo_magics.core.services import PENALTY_RANGES, Range, Service
from mimo_magics.core.setting_values import to_text
from mimo_magics.core.settings import Settings

PANEL_SETTINGS = tuple(setting.name for setting in fields(Settings) if setting.metadata["panel"])
"""The settings that the panel shows."""

DEFAULT_RANGES: Mapping[str, Range] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "max_tokens": (1, 131_072),
    **PENALTY_RANGES,
}
"""Ranges for services that document none."""

DEFAULT_VALUES = {"temperature": 1.0, "top_p": 0.95, "frequency_penalty": 0.0, "presence_penalty": 0.0}
"""Default values of the MiMo services."""

Task = Literal["code", "factual", "writing", "math"]
TASKS: tuple[Task, ...] = get_args(Task)
FLASH_MODEL = "mimo-v2-flash"
FLASH_TEMPERATURES: Mapping[Task, float] = {"code": 0.3, "factual": 0.8, "writing": 0.8, "math": 1.0}
"""Temperatures that Xiaomi's platform recommends for `mimo-v2-flash`."""
SERVICE_TEMPERATURES: Mapping[str, Mapping[Task, float]] = {"mimo-v2": {"factual": 0.2, "writing": 1.25}}
"""Temperatures that a service recommends for all its models (1.0 to 1.5 for writing). The default is 1.0."""


def bounds(name: str, service: Service, model: str) -> Range:
    """Return the lowest and the highest value of a parameter that the service documents for the model."""
    low, high = service.ranges.get(name, DEFAULT_RANGES[name])
    if name == "max_tokens":
        known_model = find_model(model)
        high = min(high, known_model.max_output if known_model else high, service.max_output or high)
    return low, high


def default_value(name: str, service: Service, model: str) -> float:
    """Return the value that applies when nothing is set. If it is unknown, return a starting value for the slider."""
    if name == "max_tokens":
        return bounds(name, service, model)[1]
    if name == "temperature" and service.name == "xiaomi" and model == FLASH_MODEL:
        return FLASH_TEMPERATURES["code"]
    return DEFAULT_VALUES[name]


def ineffective_parameters(settings: Settings, service: Service, model: str) -> dict[str, str]:
    """Return the parameters that have no effect with these settings, each with the reason."""
    known_model = find_model(model)
    is_thinking = (
        settings.thinking
        if settings.thinking is not None
        else bool(known_model and known_model.thinks_by_default)
    )
    reasons: dict[str, str] = {}
    if service.ranges and is_thinking and (known_model is None or known_model.thinks_by_default):
        reason = Translatable("{model} uses its own values while it thinks (--thinking off)", model=model)
        reasons |= {"temperature": reason, "top_p": reason}
    if settings.api == "anthropic":
        reasons |= dict.fromkeys(
            PENALTY_RANGES, Translatable("the Anthropic format does not support penalties")
        )
    return reasons


def sampling_for_task(task: Task, service: Service, model: str) -> dict[str, float]:
    """Return the recommended sampling for a task.

    Only one of the two values differs from the default, as the services recommend.
    """
    temperature = SERVICE_TEMPERATURES.get(service.name, {}).get(task, 1.0)
    if service.name == "xiaomi" and model == FLASH_MODEL:
        temperature = FLASH_TEMPERATURES[task]
    return {"temperature": temperature, "top_p": DEFAULT_VALUES["top_p"]}


def config_line(values: Mapping[str, Any]) -> str:
    """Return a `%mimo_config` line that sets these values."""
    hints = get_type_hints(Settings)
    assignments = (f"{name}={to_text(hints[name], value)}" for name, value in values.items())
    return " ".join(("%mimo_config", *map(shlex.quote, assignments)))
