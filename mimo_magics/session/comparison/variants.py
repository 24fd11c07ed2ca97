"""The combinations of settings that a comparison runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, get_type_hints

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import Settings, to_text
from mimo_magics.core.suggest import did_you_mean

MAX_CALLS = 100
"""Calls of one comparison; more are a mistake, or work for a program."""


MAX_CONCURRENT_CALLS = 4
"""Calls at a time. The limits of MiMo's services are told for a minute; how many it takes at a time is not."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the ways in which a prompt is asked."""

    title: str
    """What sets it apart from the others."""
    options: Mapping[str, Any]
    """The fields of `Settings` that it sets."""


def build_variants(values: Mapping[str, Sequence[Any]], repeat: int = 1) -> tuple[Variant, ...]:
    """Return all combinations of these values of settings.

    Raises:
        BadOption: there are too many, or none, or a setting cannot be.
    """
    _check_values(values)
    varied_names = [name for name, each in values.items() if len(each) > 1]
    combinations = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
    count = len(combinations) * repeat
    if not 1 <= count <= MAX_CALLS:
        raise BadOption(
            Translatable("A comparison cannot make {count} calls.", count=count),
            Translatable("It makes 1 to {most}.", most=MAX_CALLS),
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
        return Translatable("{told} · no. {number}" if text else "no. {number}", told=text, number=number)
    return text or Translatable("as set")


def _describe_values(options: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    hints = get_type_hints(Settings)
    for name in names:
        value = to_text(hints[name], options[name])
        yield value if name in ("model", "preset", "api") and options[name] else f"{name} {value}"
