"""The values that Tab offers, by kind. Independent of IPython."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

from mimo_magics.client import model_list
from mimo_magics.client.local.weights import WEIGHTS
from mimo_magics.core.errors import BadOption
from mimo_magics.core.models import SPEECH_MODELS, VOICES
from mimo_magics.core.services import SERVICES
from mimo_magics.core.setting_values import strip_optional
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.commands.prompts import find_functions
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.allowed_values import TYPE_HINTS
from mimo_magics.notebook.config.store import SETTINGS
from mimo_magics.notebook.context_option import KINDS as SELECTION_KINDS
from mimo_magics.notebook.media_options import KINDS
from mimo_magics.notebook.schema_option import list_schema_names
from mimo_magics.session.storage.export import EXPORTERS
from mimo_magics.session.system_prompt import NO_SYSTEM_PROMPT, SYSTEM_PROMPTS
from mimo_magics.tape.tape import OFF, Mode

FallbackMatcher = Literal["none", "files"]
"""Which matcher of IPython may add candidates: none, or the matcher of file names."""
TextsByKind = Mapping[str, Iterable[str]]
"""Candidates by kind, as front ends label them."""
GivenOptions = Mapping[str, Sequence[str]]
"""The values that precede the cursor, by the name of the setting or of the option in argparse."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The state of a kernel that candidates depend on."""

    settings: Settings
    variables: Mapping[str, Any]
    """The variables of the user."""
    sessions: Sequence[str] = ()
    tools: Sequence[str] = ()
    """The names of the registered tools."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may replace the fragment before the cursor."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """The candidates at the cursor."""

    fragment: str = ""
    """The text before the cursor that a candidate replaces."""
    candidates: tuple[Candidate, ...] = ()
    fallback: FallbackMatcher = "none"


def match_prefix(
    typed: str, fallback: FallbackMatcher = "none", /, **kinds: Iterable[str]
) -> CompletionResult:
    """Return the candidates that begin with the typed text, in their order."""
    candidates = (Candidate(text, kind) for kind, texts in kinds.items() for text in texts)
    return CompletionResult(
        typed, tuple(each for each in candidates if each.text.startswith(typed)), fallback
    )


def match_word(typed: str, fallback: FallbackMatcher = "none", /, **kinds: Iterable[str]) -> CompletionResult:
    """Return the same for a word of a line: quote candidates with spaces, unless a quote was typed."""
    quote = typed[:1] if typed.startswith(('"', "'")) else ""
    result = match_prefix(typed.removeprefix(quote), fallback, **kinds)
    quoted = (replace(each, text=_quote_text(each.text, quote)) for each in result.candidates)
    return replace(result, fragment=typed, candidates=tuple(quoted))


def _quote_text(text: str, quote: str) -> str:
    return f'"{text}"' if " " in text and not quote else f"{quote}{text}"


def list_values(name: str, choices: Choices, given: GivenOptions) -> TextsByKind:
    """Return the known values of a setting, an option or an argument; empty if there are none."""
    return (
        VALUE_SOURCES[name](choices, given)
        if name in VALUE_SOURCES
        else _list_values_by_type(strip_optional(TYPE_HINTS.get(name)))
    )


def _iter_models(choices: Choices, given: GivenOptions) -> Iterator[str]:
    """Yield the models of the services that the line names, or else of the current service."""
    for name in given.get("preset") or ("",):
        # The line may name a service that does not exist.
        with suppress(BadOption):
            settings = choices.settings.override({"preset": name}) if name else choices.settings
            yield from model_list.get_known_models(settings)


def _iter_speech_models(choices: Choices, given: GivenOptions) -> Iterator[str]:
    """Yield the speech models of the service that the line names, or else of the current one."""
    preset = next(iter(given.get("preset", ())), choices.settings.preset)
    yield from (model.id for model in SPEECH_MODELS.get(preset, ()))


def _iter_voices(choices: Choices, given: GivenOptions) -> Iterator[str]:
    for model in _iter_speech_models(choices, given):
        yield from VOICES.get(model, ())


def _list_values_by_type(kind: Any) -> TextsByKind:
    if get_origin(kind) is Literal:
        return {"value": get_args(kind)}
    return {"value": ("on", "off")} if kind is bool else {}


def list_tool_functions(choices: Choices) -> list[str]:
    """Return the names of functions of the user that are not registered as tools."""
    return [
        name
        for name, value in choices.variables.items()
        if callable(value) and not isinstance(value, type) and name not in choices.tools
    ]


def sort_names(found: Iterable[str], typed: str = "") -> list[str]:
    """Sort names. Leave out private names unless the typed text is private, and always names with two underscores."""
    hidden = "__" if typed.startswith("_") else "_"
    return sorted(name for name in found if name.isidentifier() and not name.startswith(hidden))


VALUE_SOURCES: Mapping[str, Callable[[Choices, GivenOptions], TextsByKind]] = {
    "preset": lambda *_: {"preset": SERVICES},
    "service": lambda *_: {"preset": SERVICES},
    "model": lambda choices, given: {"model": dict.fromkeys(_iter_models(choices, given))},
    "speech_model": lambda choices, given: {"model": _iter_speech_models(choices, given)},
    "voice": lambda choices, given: {"value": _iter_voices(choices, given)},
    "local_model": lambda *_: {"model": WEIGHTS},
    "system": lambda *_: {"value": (*SYSTEM_PROMPTS, NO_SYSTEM_PROMPT)},
    "tape": lambda *_: {"value": (*(f"{mode}:" for mode in get_args(Mode)), OFF)},
    "tool_choice": lambda choices, _: {"value": ("auto", "none", "required"), "tool": choices.tools},
    "tools": lambda choices, _: {"tool": choices.tools, "function": list_tool_functions(choices)},
    "schema": lambda choices, _: {"class": sort_names(list_schema_names(choices.variables))},
    "context": lambda *_: {"value": (*SELECTION_KINDS, "cells=")},
    "session": lambda choices, _: {"session": choices.sessions},
    "setting": lambda *_: {"setting": SETTINGS},
    "profile": lambda *_: {"profile": profiles.list_profiles()},
    "prompt": lambda choices, _: {"function": sort_names(find_functions(choices.variables))},
    "function": lambda choices, _: {"function": list_tool_functions(choices)},
    "tool": lambda choices, _: {"tool": choices.tools},
    "to": lambda *_: {"value": (*EXPORTERS, "json")},
    **dict.fromkeys(("out", *KINDS), lambda choices, _: {"instance": sort_names(choices.variables)}),
}
"""The values that do not follow from the type of a setting."""
