"""What there is to choose from in a kernel, and what of it fits where the cursor stands. Knows no shell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

from mimo_magics.client import model_list
from mimo_magics.client.local.weights import WEIGHTS
from mimo_magics.core.errors import BadOption
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Settings, strip_optional
from mimo_magics.notebook.config import profiles
from mimo_magics.notebook.config.store import SETTINGS, TYPE_HINTS
from mimo_magics.session.storage.export import EXPORTERS
from mimo_magics.session.system_prompt import NO_SYSTEM_PROMPT, SYSTEM_PROMPTS
from mimo_magics.tape.tape import OFF, Mode

FallbackMatcher = Literal["none", "files"]
"""Who else may complete where something was found: nobody, or the shell for names of files."""
TextsByKind = Mapping[str, Iterable[str]]
"""Texts by their kind, as front ends mark it."""
GivenOptions = Mapping[str, Sequence[str]]
"""What a line says already: values by the names of settings, and by argparse's names of other options."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, beside what the tables of options, settings and commands hold."""

    settings: Settings
    variables: Mapping[str, Any]
    """Of the person."""
    sessions: Sequence[str] = ()
    tools: Sequence[str] = ()
    """Names of those that are registered."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may stand in the fragment's place."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """What may stand where the cursor is."""

    fragment: str = ""
    """The part before the cursor that a candidate replaces."""
    candidates: tuple[Candidate, ...] = ()
    fallback: FallbackMatcher = "none"


def match_prefix(
    typed: str, fallback: FallbackMatcher = "none", /, **kinds: Iterable[str]
) -> CompletionResult:
    """Return those that begin with what was typed, in their order."""
    candidates = (Candidate(text, kind) for kind, texts in kinds.items() for text in texts)
    return CompletionResult(
        typed, tuple(each for each in candidates if each.text.startswith(typed)), fallback
    )


def match_word(typed: str, fallback: FallbackMatcher = "none", /, **kinds: Iterable[str]) -> CompletionResult:
    """Do the same with words of a line: what holds spaces is quoted, and a quote that was typed is left open."""
    quote = typed[:1] if typed.startswith(('"', "'")) else ""
    result = match_prefix(typed.removeprefix(quote), fallback, **kinds)
    quoted = (replace(each, text=_quote_text(each.text, quote)) for each in result.candidates)
    return replace(result, fragment=typed, candidates=tuple(quoted))


def _quote_text(text: str, quote: str) -> str:
    return f'"{text}"' if " " in text and not quote else f"{quote}{text}"


def list_values(name: str, choices: Choices, given: GivenOptions) -> TextsByKind:
    """Return what is known of the values of a setting or an option; empty where that is nothing."""
    return (
        VALUE_SOURCES[name](choices, given)
        if name in VALUE_SOURCES
        else _list_values_by_type(strip_optional(TYPE_HINTS.get(name)))
    )


def _iter_models(choices: Choices, given: GivenOptions) -> Iterator[str]:
    """Yield the models of the services that the line says, or of the present one."""
    for service_name in given.get("preset") or (choices.settings.preset,):
        with suppress(BadOption):  # there is no such service
            yield from model_list.get_known_models(replace(choices.settings, preset=service_name))


def _list_values_by_type(kind: Any) -> TextsByKind:
    if get_origin(kind) is Literal:
        return {"value": get_args(kind)}
    return {"value": ("on", "off")} if kind is bool else {}


def list_tool_functions(choices: Choices) -> list[str]:
    """Return the names of variables that could be tools, and are none yet."""
    return [
        name
        for name, value in choices.variables.items()
        if callable(value) and not isinstance(value, type) and name not in choices.tools
    ]


def sort_names(found: Iterable[str], typed: str = "") -> list[str]:
    """Sort names; private ones are left out unless what was typed begins so, those of two underscores always."""
    hidden = "__" if typed.startswith("_") else "_"
    return sorted(name for name in found if name.isidentifier() and not name.startswith(hidden))


VALUE_SOURCES: Mapping[str, Callable[[Choices, GivenOptions], TextsByKind]] = {
    "preset": lambda *_: {"preset": SERVICES},
    "service": lambda *_: {"preset": SERVICES},
    "model": lambda choices, given: {"model": dict.fromkeys(_iter_models(choices, given))},
    "local_model": lambda *_: {"model": WEIGHTS},
    "system": lambda *_: {"value": (*SYSTEM_PROMPTS, NO_SYSTEM_PROMPT)},
    "tape": lambda *_: {"value": (*(f"{mode}:" for mode in get_args(Mode)), OFF)},
    "tool_choice": lambda choices, _: {"value": ("auto", "none", "required"), "tool": choices.tools},
    "tools": lambda choices, _: {"tool": choices.tools, "function": list_tool_functions(choices)},
    "session": lambda choices, _: {"session": choices.sessions},
    "setting": lambda *_: {"setting": SETTINGS},
    "profile": lambda *_: {"profile": profiles.list_profiles()},
    "function": lambda choices, _: {"function": list_tool_functions(choices)},
    "tool": lambda choices, _: {"tool": choices.tools},
    "to": lambda *_: {"value": (*EXPORTERS, "json")},
    "out": lambda choices, _: {"instance": sort_names(choices.variables)},
}
"""Values that no type tells."""
