"""Parameters of a request as a person moves them: how far, from where, and which of them do nothing just now.

Sources: the parameter tables and the sampling advice of both services (sections 3.1 and 8.2 of the API notes).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_type_hints

from mimo_magics.core.i18n import Words
from mimo_magics.core.models import MODELS
from mimo_magics.core.services import PENALTIES, Preset, Range
from mimo_magics.core.settings import Settings, to_text

MOVED = tuple(setting.name for setting in fields(Settings) if setting.metadata["panel"])
"""The settings that the panel shows."""

WIDEST: Mapping[str, Range] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "max_tokens": (1, 131_072),
    **PENALTIES,
}
"""Ranges where a service documents none."""

USUAL = {"temperature": 1.0, "top_p": 0.95, "frequency_penalty": 0.0, "presence_penalty": 0.0}
"""What a service of MiMo does when it is not told."""

Task = Literal["code", "factual", "writing", "maths"]
TASKS: tuple[Task, ...] = get_args(Task)
FLASH = "mimo-v2-flash"
FLASH_TASKS: Mapping[Task, float] = {"code": 0.3, "factual": 0.8, "writing": 0.8, "maths": 1.0}
"""Temperatures that are recommended for it; for all other models it is 1.0."""
STRICT = 0.2
"""The temperature that api.mimo-v2.com advises for facts."""


def bounds(name: str, service: Preset, model: str) -> Range:
    """Return the lowest and the highest value of a parameter, as the service documents it for the model."""
    low, high = service.ranges.get(name, WIDEST[name])
    if name == "max_tokens":
        known = MODELS.get(model)
        high = min(high, known.max_output if known else high, service.max_output or high)
    return low, high


def usual(name: str, service: Preset, model: str) -> float:
    """Return what holds when nothing is set, or where that is not known the place from which one moves."""
    if name == "max_tokens":
        return bounds(name, service, model)[1]
    if name == "temperature" and service.name == "xiaomi" and model == FLASH:
        return FLASH_TASKS["code"]
    return USUAL[name]


def idle(settings: Settings, service: Preset, model: str) -> dict[str, str]:
    """Return the parameters that do nothing with these settings, each with the reason."""
    known = MODELS.get(model)
    thinks = settings.thinking if settings.thinking is not None else bool(known and known.thinks)
    reasons: dict[str, str] = {}
    if service.ranges and thinks and (known is None or known.thinks):
        forced = Words("{model} sets its own while it thinks (--thinking off)", model=model)
        reasons |= {"temperature": forced, "top_p": forced}
    if settings.api == "anthropic":
        reasons |= dict.fromkeys(PENALTIES, Words("the Anthropic format has no penalties"))
    return reasons


def for_task(task: Task, service: Preset, model: str) -> dict[str, float]:
    """Return the sampling that is recommended for a task."""
    temperature = FLASH_TASKS[task] if model == FLASH else 1.0
    if task == "factual" and service.name == "mimo-v2":
        temperature = STRICT
    return {"temperature": temperature, "top_p": USUAL["top_p"]}


def line(values: Mapping[str, Any]) -> str:
    """Return the line of `%mimo_config` that sets these settings."""
    hints = get_type_hints(Settings)
    words = (f"{name}={to_text(hints[name], value)}" for name, value in values.items())
    return " ".join(("%mimo_config", *map(shlex.quote, words)))
