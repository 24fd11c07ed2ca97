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
from mimo_magics.notebook.config.store import HINTS
from mimo_magics.session.system_prompt import NONE, PROMPTS
from mimo_magics.tape.tape import OFF, Mode

Others = Literal["none", "files"]
"""Who else may complete where something was found: nobody, or the shell for names of files."""
Kinds = Mapping[str, Iterable[str]]
"""Texts by their kind, as front ends mark it."""
Given = Mapping[str, Sequence[str]]
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
class Found:
    """What may stand where the cursor is."""

    fragment: str = ""
    """The part before the cursor that a candidate replaces."""
    candidates: tuple[Candidate, ...] = ()
    others: Others = "none"


def fitting(typed: str, others: Others = "none", /, **kinds: Iterable[str]) -> Found:
    """Return those that begin with what was typed, in their order."""
    found = (Candidate(text, kind) for kind, texts in kinds.items() for text in texts)
    return Found(typed, tuple(each for each in found if each.text.startswith(typed)), others)


def word(typed: str, others: Others = "none", /, **kinds: Iterable[str]) -> Found:
    """Do the same with words of a line: what holds spaces is quoted, and a quote that was typed is left open."""
    quote = typed[:1] if typed.startswith(('"', "'")) else ""
    found = fitting(typed.removeprefix(quote), others, **kinds)
    written = (replace(each, text=_written(each.text, quote)) for each in found.candidates)
    return replace(found, fragment=typed, candidates=tuple(written))


def _written(text: str, quote: str) -> str:
    return f'"{text}"' if " " in text and not quote else f"{quote}{text}"


def values(name: str, choices: Choices, given: Given) -> Kinds:
    """Return what is known of the values of a setting or an option; empty where that is nothing."""
    return KNOWN[name](choices, given) if name in KNOWN else _by_type(strip_optional(HINTS.get(name)))


def _models(choices: Choices, given: Given) -> Iterator[str]:
    """Yield the models of the services that the line says, or of the present one."""
    for preset in given.get("preset") or (choices.settings.preset,):
        with suppress(BadOption):  # there is no such service
            yield from model_list.get_known_models(replace(choices.settings, preset=preset))


def _by_type(kind: Any) -> Kinds:
    if get_origin(kind) is Literal:
        return {"value": get_args(kind)}
    return {"value": ("on", "off")} if kind is bool else {}


def functions(choices: Choices) -> list[str]:
    """Return the names of variables that could be tools, and are none yet."""
    return [
        name
        for name, value in choices.variables.items()
        if callable(value) and not isinstance(value, type) and name not in choices.tools
    ]


def names(found: Iterable[str], typed: str = "") -> list[str]:
    """Sort names; private ones are left out unless what was typed begins so, those of two underscores always."""
    hidden = "__" if typed.startswith("_") else "_"
    return sorted(name for name in found if name.isidentifier() and not name.startswith(hidden))


KNOWN: Mapping[str, Callable[[Choices, Given], Kinds]] = {
    "preset": lambda *_: {"preset": SERVICES},
    "model": lambda choices, given: {"model": dict.fromkeys(_models(choices, given))},
    "local_model": lambda *_: {"model": WEIGHTS},
    "system": lambda *_: {"value": (*PROMPTS, NONE)},
    "tape": lambda *_: {"value": (*(f"{mode}:" for mode in get_args(Mode)), OFF)},
    "tool_choice": lambda choices, _: {"value": ("auto", "none", "required"), "tool": choices.tools},
    "tools": lambda choices, _: {"tool": choices.tools, "function": functions(choices)},
    "session": lambda choices, _: {"session": choices.sessions},
    "out": lambda choices, _: {"instance": names(choices.variables)},
}
"""Values that no type tells."""
