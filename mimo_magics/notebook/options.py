"""The options of `%%mimo` and `%mimo`: made from the list of settings, in the words of argparse."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mimo_magics.core.settings import (
    COMPARABLE_SETTINGS,
    Code,
    Settings,
    _unescape,
    from_text,
    parse_json_or_text,
    parse_on_off,
    strip_optional,
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option."""

    flags: tuple[str, ...]
    help: str
    argparse: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_value(self) -> bool:
        """Whether a value must follow the flag."""
        return self.argparse.get("action", "append") in ("append", Named) and not self.may_take

    @property
    def may_take(self) -> tuple[str, ...]:
        """The values that may follow the flag; without one it means the first of them."""
        return tuple(self.argparse["choices"]) if self.argparse.get("nargs") == "?" else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The flags, and those that argparse adds to switch the option off."""
        both = self.argparse.get("action") is argparse.BooleanOptionalAction
        return (*self.flags, *(f"--no-{flag[2:]}" for flag in self.flags if both))

    @property
    def signature(self) -> str:
        """The flags and their value, as help pages write them."""
        value = self.argparse.get("metavar") or "|".join(self.argparse.get("choices", ()))
        value = f"[{value.partition('|')[2]}]" if self.may_take else value
        return " ".join(filter(None, (", ".join(self.names), value)))


class Named(argparse.Action):
    """Collects NAME=VALUE, where the value is JSON or, failing that, text."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        name, equals, text = values.partition("=")
        if not equals or not name:
            raise argparse.ArgumentError(self, f"{values!r} is not NAME=VALUE")
        setattr(
            namespace, self.dest, {**(getattr(namespace, self.dest) or {}), name: parse_json_or_text(text)}
        )


def _option(setting: Field[Any], hint: Any) -> Option:
    metavar = setting.metadata["metavar"]
    words: dict[str, Any] = {"metavar": metavar} if metavar else {}
    words["dest"] = setting.name
    kind = strip_optional(hint)
    if get_origin(kind) is Literal:
        words["choices"] = get_args(kind)
        if "on" in words["choices"]:
            words |= {"nargs": "?", "const": "on"}
    elif get_origin(kind) is tuple:
        words |= {"action": "append", "type": _unescape}
    elif get_origin(kind) is Mapping:
        words["action"] = Named
    elif kind is bool:
        words |= _switch(setting)
    elif kind is not str:
        words["type"] = kind
    return Option(setting.metadata["flags"], setting.metadata["help"], words)


def _switch(setting: Field[Any]) -> dict[str, Any]:
    """What is off is switched on by a flag, what is on can be switched off, and what is neither is told which."""
    if setting.default is None:
        return {"type": parse_on_off}
    return {"action": argparse.BooleanOptionalAction if setting.default else "store_true", "default": None}


def _settings() -> tuple[Option, ...]:
    hints = get_type_hints(Settings)
    return tuple(_option(each, hints[each.name]) for each in fields(Settings) if each.metadata["flags"])


HANDLING = (
    Option(
        ("--no-history",),
        "Neither send the conversation so far nor add this turn to it.",
        {"action": "store_false", "dest": "keep", "default": None},
    ),
    Option(("--new",), "Begin a new conversation with this turn.", {"action": "store_true", "default": None}),
    Option(("--session",), "Ask in the session of this name, without switching to it.", {"metavar": "NAME"}),
    Option(
        ("--id",),
        "Name the cell: run again, its turn is replaced also where the front end tells no cell ids.",
        {"metavar": "NAME"},
    ),
    Option(
        ("--append",),
        "Add a turn, also when the cell was run before.",
        {"action": "store_true", "default": None},
    ),
    Option(
        ("--fresh",),
        "Ask anew, also where the answer could be kept.",
        {"action": "store_true", "default": None},
    ),
    Option(
        ("--raw",), "Leave every brace of the prompt as it is.", {"action": "store_true", "default": None}
    ),
    Option(
        ("--tools",),
        "Tools or functions that the model may call in this turn, instead of all that are registered.",
        {"metavar": "NAMES"},
    ),
    Option(
        ("--dry-run",),
        "Show what would be sent, and send nothing.",
        {"action": "store_true", "dest": "dry_run", "default": None},
    ),
    Option(
        ("--as",),
        "Print code that makes the same call, and send nothing.",
        {"choices": get_args(Code), "dest": "code"},
    ),
    Option(("-o", "--out"), "Also put the reply into this variable.", {"metavar": "NAME"}),
)
"""Options that say what is to become of prompt and turn."""

OPTIONS = (*_settings(), *HANDLING)
BY_FLAG = {flag: option for option in OPTIONS for flag in option.names}


UNCOMPARED = ("tool_choice", "max_steps", "quiet")
"""Settings that mean nothing to a comparison, which offers no tools and is there to be looked at."""


def _varied(option: Option, hint: Any) -> Option:
    def value(text: str) -> Any:
        return from_text(hint, text)

    value.__name__ = getattr(strip_optional(hint), "__name__", "value")
    words = {name: word for name, word in option.argparse.items() if name in ("metavar", "choices", "dest")}
    return Option(option.flags, option.help, {**words, "nargs": "+", "action": "extend", "type": value})


def _compared() -> tuple[Option, ...]:
    hints = get_type_hints(Settings)
    options = {option.argparse["dest"]: option for option in _settings()}
    return tuple(
        _varied(option, hints[name]) if name in COMPARABLE_SETTINGS else option
        for name, option in options.items()
        if name not in UNCOMPARED
    )


COMPARING = (
    *_compared(),
    Option(("--repeat",), "How many times each of them is asked.", {"metavar": "N", "type": int}),
    Option(("--at-once",), "How many may be asked at a time: 4.", {"metavar": "N", "type": int}),
    Option(
        ("--ask-above",),
        "Ask you before it starts when it may cost more than this: '0.50 USD', or '100k tokens'.",
        {"metavar": "AMOUNT"},
    ),
    *(option for option in HANDLING if option.flags[0] in ("--no-history", "--session", "--raw", "-o")),
)
"""The options of `%%mimo_compare`."""
