"""The text of a cell, read: options, prompt, and what is to become of the reply. Knows no IPython."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mimo_magics.errors import BadOption
from mimo_magics.suggest import did_you_mean

FLAG = re.compile(r"\s*(--?[A-Za-z][\w-]*)=?")
VALUE = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of `%%mimo` and `%mimo`, in the words of argparse."""

    flags: tuple[str, ...]
    help: str
    argparse: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_value(self) -> bool:
        """Whether a value follows the flag."""
        return "action" not in self.argparse


def on_off(text: str) -> bool:
    """Read `on` or `off`.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    if text.lower() in ("on", "off", "true", "false"):
        return text.lower() in ("on", "true")
    raise argparse.ArgumentTypeError(f"{text!r} is neither on nor off")


SETTINGS = (
    Option(("-m", "--model"), "The model that answers.", {"metavar": "ID"}),
    Option(("--api",), "The format of the API.", {"choices": ("openai", "anthropic")}),
    Option(
        ("-t", "--temperature"),
        "How freely words are chosen, 0 to 1.5. Without effect while a MiMo model thinks.",
        {"type": float, "metavar": "X"},
    ),
    Option(
        ("--top-p",),
        "Choose among the likeliest words of this total probability, 0.01 to 1. As above.",
        {"type": float, "metavar": "X"},
    ),
    Option(
        ("--max-tokens",),
        "Upper bound of the output in tokens, reasoning included; never above what the model allows.",
        {"type": int, "metavar": "N"},
    ),
    Option(
        ("--thinking",),
        "Reason before answering, or do not: on or off.",
        {"type": on_off, "metavar": "on|off"},
    ),
    Option(("-s", "--system"), "The system prompt of this turn.", {"metavar": "TEXT"}),
    Option(
        ("--stream", "--no-stream"),
        "Show the answer while it comes, or ask for it in one piece.",
        {"action": argparse.BooleanOptionalAction},
    ),
)
"""Options that stand for a field of `Settings` for one turn."""

HANDLING = (
    Option(
        ("--no-history",),
        "Neither send the conversation so far nor add this turn to it.",
        {"action": "store_false", "dest": "keep"},
    ),
    Option(("--new",), "Begin a new conversation with this turn.", {"action": "store_true"}),
    Option(("-o", "--out"), "Also put the reply into this variable.", {"metavar": "NAME"}),
)
"""Options that say what is to become of the turn."""

OPTIONS = (*SETTINGS, *HANDLING)
BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}


@dataclass(frozen=True, slots=True)
class CellRequest:
    """What a cell asks for."""

    prompt: str
    settings: Mapping[str, Any]
    """The fields of `Settings` that the cell sets for this turn."""
    keep: bool = True
    new: bool = False
    out: str | None = None


def split_options(line: str) -> tuple[list[str], str]:
    """Cut the options at the beginning of a line, as arguments for argparse, from the prompt behind them.

    The prompt is left as it is: it may hold quotes, braces and dashes. `--` ends the options.

    Raises:
        BadOption: there is no such option.
    """
    end = 0
    arguments = []
    while flag := FLAG.match(line, end):
        option = BY_FLAG.get(flag[1])
        if option is None:
            raise no_such_option(flag[1])
        end = flag.end()
        if option.takes_value and (value := VALUE.match(line, end)):
            end = value.end()
            arguments.append(f"{option.flags[-1]}={_unquoted(value[1])}")
        else:
            arguments.append(flag[1])
    return arguments, re.sub(r"^--\s+", "", line[end:].strip())


def _unquoted(value: str) -> str:
    return shlex.split(value)[0] if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1 else value


def no_such_option(flag: str) -> BadOption:
    """Build the error for an unknown flag."""
    advice = did_you_mean(flag, BY_FLAG, "Put -- before a prompt that begins with a dash.")
    return BadOption(f"There is no option {flag}.", advice)


def read(options: argparse.Namespace, prompt: str) -> CellRequest:
    """Make the request of a cell from its parsed options and its prompt.

    Raises:
        BadOption: the prompt is empty, or the name for the reply is none.
    """
    given = {name: value for name, value in vars(options).items() if value is not None}
    handling = {name: given.pop(name) for name in ("keep", "new", "out") if name in given}
    if not prompt.strip():
        raise BadOption("There is no prompt.", "Write it below %%mimo, or behind the options of %mimo.")
    out = handling.get("out")
    if out is not None and not out.isidentifier():
        raise BadOption(f"{out!r} is no name for a variable.", "Choose one that Python can use: -o reply")
    return CellRequest(prompt.strip("\n"), given, **handling)
