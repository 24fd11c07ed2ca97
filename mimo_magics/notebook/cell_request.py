"""The text of a cell, read: options, prompt, and what is to become of the reply. Knows no IPython."""

from __future__ import annotations

import argparse
import keyword
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import CodeKind
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.cell_variables import expand
from mimo_magics.notebook.options import OPTIONS_BY_FLAG

FLAG_PATTERN = re.compile(r"\s*(--?[A-Za-z][\w-]*)=?")
OPTION_LINES_PATTERN = re.compile(r"(?:#\|[^\n]*+(?:\n|\Z))*+")
VALUE_PATTERN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")


@dataclass(frozen=True, slots=True)
class CellRequest:
    """What a cell asks for."""

    prompt: str | None
    """`None` goes on with the last answer, which was broken off."""
    settings: Mapping[str, Any]
    """The fields of `Settings` that the cell sets for this turn."""
    keep: bool = True
    new: bool = False
    tools: str | None = None
    """Names of the tools that this turn offers; `None` is all that are registered."""
    out: str | None = None
    session: str | None = None
    """Name of the session to ask in, if it is not the current one."""
    id: str | None = None
    """The cell's name for one that the front end does not tell."""
    append: bool = False
    fresh: bool = False
    dry_run: bool = False
    code: CodeKind | None = None
    """In which form the call is printed, instead of being made."""


REQUEST_FIELDS = tuple(
    field.name for field in fields(CellRequest) if field.name not in ("prompt", "settings")
)
CONTINUE_COMMAND = "continue"
"""In the place of a line's prompt it goes on with the last answer; `-- continue` is a prompt."""


def split_options(line: str) -> tuple[list[str], str]:
    """Cut the options at the beginning of a line, as arguments for argparse, from the prompt behind them.

    The prompt is left as it is: it may hold quotes, braces and dashes. `--` ends the options.

    Raises:
        BadOption: there is no such option.
    """
    end = 0
    arguments = []
    while flag := FLAG_PATTERN.match(line, end):
        option = OPTIONS_BY_FLAG.get(flag[1])
        if option is None:
            raise unknown_option_error(flag[1])
        end = flag.end()
        value = VALUE_PATTERN.match(line, end)
        if value and (option.requires_value or value[1] in option.optional_values):
            end = value.end()
            arguments.append(f"{option.flags[-1]}={_unquote(value[1])}")
        else:
            arguments.append(flag[1])
    return arguments, re.sub(r"^--\s+", "", line[end:].strip())


def drop_option_lines(body: str) -> str:
    """Return a cell's body without the `#|` lines at its beginning, where Quarto and nbdev want their options."""
    return OPTION_LINES_PATTERN.sub("", body, count=1)


def is_continue_line(line: str) -> bool:
    """Tell whether a line of `%mimo` asks to go on with the last answer."""
    return split_options(line)[1] == CONTINUE_COMMAND and not re.search(
        rf"(^|\s)--\s+{CONTINUE_COMMAND}\s*$", line
    )


def _unquote(value: str) -> str:
    if len(value) < 2 or value[0] not in "\"'" or value[-1] != value[0]:
        return value
    try:
        return shlex.split(value)[0]
    except ValueError:  # its last quote is a character of the text
        return value


def unknown_option_error(flag: str) -> BadOption:
    """Build the error for an unknown flag."""
    if flag in ("-h", "--help"):
        return BadOption(
            Translatable("The help is elsewhere."), Translatable("Run %%mimo? in a cell of its own.")
        )
    advice = did_you_mean(
        flag, OPTIONS_BY_FLAG, Translatable("Put -- before a prompt that begins with a dash.")
    )
    return BadOption(Translatable("There is no option {flag}.", flag=flag), advice)


def build_cell_request(
    options: argparse.Namespace, prompt: str | None, variables: Mapping[str, Any]
) -> CellRequest:
    """Make the request of a cell from its parsed options, its prompt, and the variables that it may name.

    Raises:
        BadOption: the prompt is empty, or the name for the reply is none.
    """
    settings = {name: value for name, value in vars(options).items() if value is not None}
    request_fields = {name: settings.pop(name) for name in REQUEST_FIELDS if name in settings}
    raw = settings.pop("raw", False)
    if prompt is not None:
        prompt = prompt.replace("\r\n", "\n")
        prompt = _check_prompt(prompt if raw else expand(prompt, variables))
    out = request_fields.get("out")
    if out is not None and (not out.isidentifier() or keyword.iskeyword(out)):
        raise BadOption(
            Translatable("{out!r} is no name for a variable.", out=out),
            Translatable("Choose one that Python can use: -o reply"),
        )
    if "stop" in settings:
        settings["stop"] = tuple(settings["stop"])
    return CellRequest(prompt, settings, **request_fields)


def _check_prompt(prompt: str) -> str:
    if not prompt.strip():
        raise BadOption(
            Translatable("There is no prompt."),
            Translatable("Write it below %%mimo, or behind the options of %mimo."),
        )
    return prompt.rstrip("\n")
