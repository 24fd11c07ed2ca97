"""The text of a cell, read: options, prompt, and what is to become of the reply. Knows no IPython."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import CodeKind
from mimo_magics.notebook.argument_parser import unexpected_word_error
from mimo_magics.notebook.cell_variables import expand
from mimo_magics.notebook.command_line import scan_options
from mimo_magics.notebook.options import OPTIONS_BY_FLAG

OPTION_LINES_PATTERN = re.compile(r"(?:#\|[^\n]*+(?:\n|\Z))*+")


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


def split_options(line: str) -> tuple[tuple[str, ...], str]:
    """Split a line into its options, as arguments for argparse, and the prompt after them.

    The prompt stays as it was typed: it may contain quotes, braces and dashes. `--` ends the options.

    Raises:
        BadOption: An option is unknown.
    """
    scan = scan_options(line, OPTIONS_BY_FLAG)
    if scan.unknown_flag in ("-h", "--help"):
        raise BadOption(Translatable("For help, run {magic}?.", magic="%%mimo"))
    if scan.unknown_flag:
        advice = Translatable("Put -- before a prompt that starts with a dash.")
        raise unexpected_word_error(scan.unknown_flag, OPTIONS_BY_FLAG, advice)
    return scan.arguments, (scan.prompt or "").strip()


def drop_option_lines(body: str) -> str:
    """Return a cell's body without the `#|` lines at its beginning, where Quarto and nbdev want their options."""
    return OPTION_LINES_PATTERN.sub("", body, count=1)


def is_continue_line(line: str) -> bool:
    """Return whether a line of `%mimo` is the subcommand `continue`; `-- continue` is a prompt."""
    scan = scan_options(line, OPTIONS_BY_FLAG)
    return not scan.has_separator and (scan.prompt or "").strip() == CONTINUE_COMMAND


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
