"""The combinations of settings that a comparison runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, get_type_hints

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.setting_values import convert_value, to_text
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean

MAX_CALLS = 100
"""Maximum number of calls of a comparison."""


MAX_CONCURRENT_CALLS = 4
"""Concurrent calls. MiMo documents its rate limits per minute, but no limit of concurrency."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of settings."""

    title: str
    """The settings that differ from the other variants, as text."""
    options: Mapping[str, Any]
    """The overrides: fields of `Settings`."""


def build_variants(values: Mapping[str, Sequence[Any]], repeat: int = 1) -> tuple[Variant, ...]:
    """Return all combinations of these values of settings.

    Raises:
        BadOption: there are too many or none, or a setting is invalid.
    """
    _check_values(values)
    varied_names = [name for name, each in values.items() if len(each) > 1]
    combinations = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
    count = len(combinations) * repeat
    if not 1 <= count <= MAX_CALLS:
        raise BadOption(
            Translatable("The comparison has {count} calls.", count=count),
            Translatable("Use 1 to {max_calls} calls.", max_calls=MAX_CALLS),
        )
    return tuple(
        Variant(_build_title(each, varied_names or list(values), number if repeat > 1 else 0), each)
        for each in combinations
        for number in range(1, repeat + 1)
    )


def _check_values(values: Mapping[str, Sequence[Any]]) -> None:
    names = [setting.name for setting in fields(Settings)]
    for name, each in values.items():
        if name not in names:
            raise BadOption(
                Translatable("Unknown setting {name!r}.", name=name),
                did_you_mean(name, names, Translatable("See %mimo_config.")),
            )
        for value in each:
            Settings(**{name: value})


def _build_title(options: Mapping[str, Any], names: Sequence[str], number: int) -> str:
    text = " · ".join(_describe_values(options, names))
    if number:
        return Translatable("{title} · no. {number}" if text else "no. {number}", title=text, number=number)
    return text or Translatable("current settings")


def _describe_values(options: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    hints = get_type_hints(Settings)
    for name in names:
        value = to_text(hints[name], convert_value(hints[name], options[name]))
        yield value if name in ("model", "preset", "api") and options[name] else f"{name} {value}"
