"""The options of the magics that send a prompt, made from the list of settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mimo_magics.core.setting_values import (
    _unescape,
    from_text,
    parse_json_or_text,
    parse_on_off,
    strip_optional,
)
from mimo_magics.core.settings import COMPARABLE_SETTINGS, CodeKind, Settings
from mimo_magics.notebook.context_option import parse_selection


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a magic or of a subcommand."""

    flags: tuple[str, ...]
    help: str
    argparse: Mapping[str, Any] = field(default_factory=dict)
    """The keyword arguments of `ArgumentParser.add_argument`."""

    @property
    def dest(self) -> str:
        """The name of the option's value in argparse's namespace."""
        return str(self.argparse.get("dest") or self.flags[-1].lstrip("-").replace("-", "_"))

    @property
    def requires_value(self) -> bool:
        """Whether a value must follow the flag."""
        takes_value = self.argparse.get("action", "append") in ("append", "extend", MergeAction)
        return takes_value and not self.optional_values

    @property
    def optional_values(self) -> tuple[str, ...]:
        """The values that may follow the flag; a flag without a value means the first of them."""
        return tuple(self.argparse["choices"]) if self.argparse.get("nargs") == "?" else ()

    @property
    def all_flags(self) -> tuple[str, ...]:
        """The flags, and those that argparse adds to switch the option off."""
        both = self.argparse.get("action") is argparse.BooleanOptionalAction
        return (*self.flags, *(f"--no-{flag[2:]}" for flag in self.flags if both))

    @property
    def signature(self) -> str:
        """The flags and their value, as help pages write them."""
        value = self.argparse.get("metavar") or "|".join(self.argparse.get("choices", ()))
        value = f"[{value.partition('|')[2]}]" if self.optional_values else value
        return " ".join(filter(None, (", ".join(self.all_flags), value)))


class MergeAction(argparse.Action):
    """Collects the (name, value) pairs of a repeated option in a dict."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), **dict([values])})


def parse_name_value(text: str) -> tuple[str, Any]:
    """Parse NAME=VALUE, where the value is JSON or, failing that, text.

    Raises:
        ValueError: The text has another form.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(text)
    return name, parse_json_or_text(value)


def _build_option(setting: Field[Any], hint: Any) -> Option:
    metavar = setting.metadata["metavar"]
    argparse_options: dict[str, Any] = {"metavar": metavar} if metavar else {}
    argparse_options["dest"] = setting.name
    kind = strip_optional(hint)
    if get_origin(kind) is Literal:
        argparse_options["choices"] = get_args(kind)
        if "on" in argparse_options["choices"]:
            argparse_options |= {"nargs": "?", "const": "on"}
    elif get_origin(kind) is tuple:
        argparse_options |= {"action": "append", "type": _unescape}
    elif get_origin(kind) is Mapping:
        argparse_options |= {"action": MergeAction, "type": parse_name_value}
    elif kind is bool:
        argparse_options |= _build_switch(setting)
    elif kind is not str:
        argparse_options["type"] = kind
    return Option(setting.metadata["flags"], setting.metadata["help"], argparse_options)


def _build_switch(setting: Field[Any]) -> dict[str, Any]:
    """Return argparse's arguments for a switch: `--x on|off` without a default, else `--x` or also `--no-x`."""
    if setting.default is None:
        return {"type": parse_on_off}
    return {"action": argparse.BooleanOptionalAction if setting.default else "store_true", "default": None}


def _build_setting_options() -> tuple[Option, ...]:
    hints = get_type_hints(Settings)
    return tuple(_build_option(each, hints[each.name]) for each in fields(Settings) if each.metadata["flags"])


_SWITCH = {"action": "store_true", "default": None}
REQUEST_OPTIONS = (
    Option(
        ("--no-history",),
        "One-off prompt: send no history, and do not add the turn to the session.",
        {"action": "store_false", "dest": "keep", "default": None},
    ),
    Option(("--new",), "Start a new branch with an empty history.", _SWITCH),
    Option(("--session",), "Use this session for the cell, without switching to it.", {"metavar": "NAME"}),
    Option(
        ("--id",),
        "Name of the cell, for front ends that report no cell ids: a re-run then replaces the turn.",
        {"metavar": "NAME"},
    ),
    Option(("--append",), "Add a turn, even if the cell was run before.", _SWITCH),
    Option(("--fresh",), "Call the model again, even if there is a cached reply.", _SWITCH),
    Option(
        ("--context",),
        "Send cells of the notebook with the prompt: input and output of the last one, of all above, of those that failed, or by number.",
        {"metavar": "last|above|errors|cells=1-3,5|none", "type": parse_selection},
    ),
    Option(
        ("--file",),
        "File to send after the prompt: text, CSV, Parquet, a notebook, PDF, Word or HTML; repeatable.",
        {"metavar": "PATH", "action": "append"},
    ),
    Option(("--fetch",), "Download URLs on this computer, and send their content.", _SWITCH),
    Option(("--raw",), "Do not replace variables in the prompt.", _SWITCH),
    Option(
        ("--tools",),
        "Tools or functions that the model may call in this turn, instead of all registered tools.",
        {"metavar": "NAMES"},
    ),
    Option(
        ("--schema",),
        "Schema of the reply: a variable with a pydantic model, dataclass, TypedDict or JSON Schema, or fields such as 'name, age int'.",
        {"metavar": "NAME|FIELDS"},
    ),
    Option(("--many",), "The reply is a list of items of the schema.", _SWITCH),
    Option(
        ("--define",),
        "Define a function of this name from the prompt and its slots, and send nothing.",
        {"metavar": "NAME"},
    ),
    Option(
        ("--image",),
        "Send an image before the prompt: a file, an http(s) URL or a variable with a figure. Repeatable.",
        {"action": "append", "metavar": "PATH|URL|NAME"},
    ),
    Option(
        ("--audio",),
        "Send audio before the prompt: a file, an http(s) URL or a variable with bytes. Repeatable.",
        {"action": "append", "metavar": "PATH|URL|NAME"},
    ),
    Option(
        ("--video",),
        "Send a video before the prompt: a file, an http(s) URL or a variable with bytes. Repeatable.",
        {"action": "append", "metavar": "PATH|URL|NAME"},
    ),
    Option(
        ("--fps",),
        "Frames per second that the model sees of a video: 0.1 to 10.",
        {"type": float, "metavar": "NUMBER"},
    ),
    Option(
        ("--media-resolution",),
        "Resolution at which the model sees a video.",
        {"choices": ("default", "max"), "dest": "media_resolution"},
    ),
    Option(("--into-cell",), "Insert the code of the reply as a new cell below. It is not run.", _SWITCH),
    Option(
        ("--dry-run",),
        "Show the request, and send nothing.",
        {"action": "store_true", "dest": "dry_run", "default": None},
    ),
    Option(
        ("--as",),
        "Print code that makes the same API call, and send nothing.",
        {"choices": get_args(CodeKind), "dest": "code"},
    ),
    Option(("-o", "--out"), "Also store the reply in this variable.", {"metavar": "NAME"}),
)
"""The options of a prompt that are not settings."""

OPTIONS = (*_build_setting_options(), *REQUEST_OPTIONS)
OPTIONS_BY_FLAG = {flag: option for option in OPTIONS for flag in option.all_flags}


MEDIA_FLAGS = ("--image", "--audio", "--video", "--fps", "--media-resolution")
UNCOMPARABLE_SETTINGS = ("tool_choice", "max_steps", "quiet")
"""Settings without a meaning for a comparison, which offers no tools and is always shown."""


def _build_varied_option(option: Option, hint: Any) -> Option:
    inherited = {
        name: value for name, value in option.argparse.items() if name in ("metavar", "choices", "dest")
    }
    several = {"nargs": "+", "action": "extend", "type": partial(from_text, hint)}
    return Option(option.flags, option.help, {**inherited, **several})


def _build_comparison_options() -> tuple[Option, ...]:
    hints = get_type_hints(Settings)
    options = {option.argparse["dest"]: option for option in _build_setting_options()}
    return tuple(
        _build_varied_option(option, hints[name]) if name in COMPARABLE_SETTINGS else option
        for name, option in options.items()
        if name not in UNCOMPARABLE_SETTINGS
    )


COMPARISON_OPTIONS = (
    *_build_comparison_options(),
    Option(
        ("--each",),
        "Run over these rows, a variable or a file, and show a matrix. Lines of --- separate several prompts.",
        {"metavar": "ROWS"},
    ),
    Option(("--repeat",), "Number of calls for each combination.", {"metavar": "N", "type": int}),
    Option(
        ("--at-once",), "Maximum number of concurrent calls: 4 by default.", {"metavar": "N", "type": int}
    ),
    Option(
        ("--ask-above",),
        "Ask for a confirmation if the estimated cost is above this: '0.50 USD' or '100k tokens'.",
        {"metavar": "AMOUNT"},
    ),
    *(
        option
        for option in REQUEST_OPTIONS
        if option.flags[0]
        in (
            "--no-history",
            "--session",
            "--context",
            "--file",
            "--fetch",
            "--raw",
            "--schema",
            "--many",
            "-o",
            *MEDIA_FLAGS,
        )
    ),
)
"""The options of `%%mimo_compare`."""

MAP_OPTIONS = (
    *(
        option
        for option in _build_setting_options()
        if option.argparse["dest"] not in ("tool_choice", "max_steps")
    ),
    *(
        option
        for option in REQUEST_OPTIONS
        if option.flags[0] in ("--session", "--schema", "--many", "--dry-run")
    ),
    Option(
        ("--at-once",), "Maximum number of concurrent calls: 64 by default.", {"metavar": "N", "type": int}
    ),
    Option(
        ("--sample",),
        "Run some random rows only, always the same ones, and estimate the cost of all. They are not paid twice.",
        {"metavar": "N", "type": int},
    ),
    Option(("--restart",), "Forget the saved results of these rows, and send all of them.", _SWITCH),
    Option(
        ("--store",),
        "File for the results; by default NOTEBOOK.mimo.sqlite beside the notebook.",
        {"metavar": "PATH"},
    ),
    Option(
        ("--requests-per-minute",),
        "Rate limit of the service in requests; by default the documented one.",
        {"metavar": "N", "type": int},
    ),
    Option(
        ("--tokens-per-minute",),
        "Rate limit of the service in tokens; by default the documented one.",
        {"metavar": "N", "type": int},
    ),
    Option(
        ("--ask-above",),
        "Ask for a confirmation if the expected cost is above this: '0.50 USD' or '100k tokens'.",
        {"metavar": "AMOUNT"},
    ),
    Option(
        ("-o", "--out"),
        "Store the rows with their values in this variable; for a file, the file to write.",
        {"metavar": "NAME|PATH"},
    ),
)
"""The options of `%%mimo_map`."""
