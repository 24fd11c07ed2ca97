"""The request of a cell: its options and its prompt, parsed into one value. Independent of IPython."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mimo_magics.context.picture import render_part
from mimo_magics.context.prompt_references import expand
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Message, TextPart
from mimo_magics.core.settings import CodeKind, Settings
from mimo_magics.notebook.argument_parser import unexpected_word_error
from mimo_magics.notebook.cell_context import (
    CellContext,
    SelectCells,
    build_cell_context,
    select_no_cells,
)
from mimo_magics.notebook.cell_files import add_files
from mimo_magics.notebook.command_line import scan_options
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.context_option import NO_CELLS
from mimo_magics.notebook.media_options import MEDIA_OPTIONS, SentPrompt, add_media, as_parts
from mimo_magics.notebook.options import OPTIONS_BY_FLAG
from mimo_magics.notebook.schema_option import check_shows_no_code, take_schema
from mimo_magics.notebook.unresolved_references import check_expansion

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

OPTION_LINES_PATTERN = re.compile(r"(?:#\|[^\n]*+(?:\n|\Z))*+")


@dataclass(frozen=True, slots=True)
class CellRequest:
    """The parsed text of a cell."""

    prompt: SentPrompt | None
    """The prompt; `None` continues the last reply."""
    settings: Mapping[str, Any]
    """The settings that the cell overrides for this turn."""
    keep: bool = True
    new: bool = False
    tools: str | None = None
    """The names of the tools that the turn offers; `None` means all registered tools."""
    out: str | None = None
    session: str | None = None
    """The name of the session, if it is not the current one."""
    id: str | None = None
    """The name of the cell, for front ends that report no cell id."""
    append: bool = False
    fresh: bool = False
    into_cell: bool = False
    """Whether to insert the code of the reply as a cell below."""
    dry_run: bool = False
    code: CodeKind | None = None
    """The kind of code to print instead of making the call."""
    notices: tuple[str, ...] = ()
    """Notices about the prompt, such as references without a value."""
    schema: ResultSchema | None = None
    """The schema that the reply must fit."""

    @property
    def prompt_text(self) -> str:
        """The text of the prompt; empty if there is none."""
        return Message("user", as_parts(self.prompt or "")).text

    def add_context(self, context: CellContext) -> CellRequest:
        """Return the request with cells before its prompt.

        Raises:
            BadOption: there is no prompt.
        """
        if self.prompt is None:
            raise BadOption(
                Translatable("A reply is continued without values."), Translatable("Write a prompt instead.")
            )
        prompt = (*context.parts, *as_parts(self.prompt))
        return replace(self, prompt=prompt, notices=(*self.notices, *context.notices))


REQUEST_FIELDS = tuple(
    field.name
    for field in fields(CellRequest)
    if field.name not in ("prompt", "settings", "notices", "schema")
)
DEFAULT_SETTINGS = Settings()
CONTINUE_COMMAND = "continue"
"""The subcommand of `%mimo` that may follow options; `-- continue` is a prompt."""


def split_options(line: str, magic: str = "%%mimo") -> tuple[tuple[str, ...], str]:
    """Split a line into the options of a magic, as arguments for argparse, and the prompt after them.

    The prompt stays as it was typed: it may contain quotes, braces and dashes. `--` ends the options.

    Raises:
        BadOption: An option is unknown.
    """
    flags = {flag: option for option in MAGICS[magic].options for flag in option.all_flags}
    scan = scan_options(line, flags)
    if scan.unknown_flag in ("-h", "--help"):
        raise BadOption(Translatable("For help, run {magic}?.", magic=magic))
    if scan.unknown_flag:
        advice = Translatable("Put -- before a prompt that starts with a dash.")
        raise unexpected_word_error(scan.unknown_flag, flags, advice)
    return scan.arguments, (scan.prompt or "").strip()


def extra_text_error(options: Sequence[str], rest: str) -> BadOption:
    """Return the error of a cell with a text after its options, such as the second file of an option."""
    has_files = any(each.startswith(("--file", "--image", "--audio", "--video")) for each in options)
    return BadOption(
        Translatable("The first line of %%mimo accepts only options, not {rest!r}.", rest=rest),
        Translatable("Write the prompt below it. For several files repeat the option: --file A --file B.")
        if has_files
        else Translatable("Write the prompt below it."),
    )


def drop_option_lines(body: str) -> str:
    """Return the body of a cell without leading `#|` lines, which are options of Quarto and nbdev."""
    return OPTION_LINES_PATTERN.sub("", body, count=1)


def is_continue_line(line: str) -> bool:
    """Return whether a line of `%mimo` is the subcommand `continue`; `-- continue` is a prompt."""
    scan = scan_options(line, OPTIONS_BY_FLAG)
    return not scan.has_separator and (scan.prompt or "").strip() == CONTINUE_COMMAND


def build_cell_request(
    options: argparse.Namespace,
    prompt: str | None,
    variables: Mapping[str, Any],
    defaults: Settings = DEFAULT_SETTINGS,
    *,
    select_cells: SelectCells = select_no_cells,
    models: Iterable[str] = (),
) -> CellRequest:
    """Build the request of a cell from its options, its prompt, and the variables for the prompt.

    Args:
        options: the parsed options.
        prompt: the prompt as the user typed it; `None` continues the last reply.
        variables: the variables for the prompt.
        defaults: the settings, for what the options leave open.
        select_cells: returns the cells that `--context` selects.
        models: the models that receive the prompt; by default that of the settings.

    Raises:
        BadOption: The prompt is empty, the name for the reply is not an identifier, a reference has no value
            and the setting `unresolved` is `error`, `--context` names a cell that does not exist, a file, an
            image, audio or a video cannot be sent, or `--schema` is not a schema.
    """
    settings = _collect_options(options)
    schema = take_schema(settings, variables)
    request_fields = {name: settings.pop(name) for name in REQUEST_FIELDS if name in settings}
    raw, selection = settings.pop("raw", False), settings.pop("context", NO_CELLS)
    paths, fetches = settings.pop("file", ()), settings.pop("fetch", False)
    media = {name: settings.pop(name) for name in MEDIA_OPTIONS if name in settings}
    turn_settings = defaults.override(settings)
    check_shows_no_code(schema, turn_settings.format, into_cell=request_fields.get("into_cell", False))
    sent, notices = _read_prompt(prompt, None if raw else variables, turn_settings)
    check_variable_name(request_fields.get("out"))
    sent = add_media(sent, media, variables, turn_settings.share, fetches=fetches) if media else sent
    sent = add_files(sent, paths, turn_settings, fetches=fetches) if paths else sent
    request = CellRequest(sent, settings, **request_fields, notices=notices, schema=schema)
    if selection == NO_CELLS:
        return request
    return request.add_context(build_cell_context(select_cells(selection), turn_settings, models))


def _collect_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that the cell has."""
    given = {name: value for name, value in vars(options).items() if value is not None}
    return {name: tuple(value) if name == "stop" else value for name, value in given.items()}


def _read_prompt(
    prompt: str | None, variables: Mapping[str, Any] | None, settings: Settings
) -> tuple[SentPrompt | None, tuple[str, ...]]:
    """Return a prompt as it is sent, and the notices about it. Without variables nothing in it is replaced."""
    if prompt is None:
        return None, ()
    prompt = prompt.replace("\r\n", "\n").rstrip("\n")
    if variables is None:
        return _check_prompt(prompt), ()
    render = partial(render_part, max_bytes=settings.value_budget, share=settings.share)
    expansion = expand(prompt, variables, render)
    notices = check_expansion(prompt, expansion, variables, settings.unresolved)
    has_values = any(type(part) is not TextPart for part in expansion.parts)
    return _check_prompt(expansion.parts if has_values else expansion.text), notices


def check_variable_name(out: str | None) -> None:
    """Check the name of the variable that receives the value of a cell, if there is one.

    Raises:
        BadOption: The name is not an identifier.
    """
    if out is not None and (not out.isidentifier() or keyword.iskeyword(out)):
        raise BadOption(
            Translatable("{out!r} is not a valid variable name.", out=out),
            Translatable("Use a Python identifier, such as -o reply."),
        )


def _check_prompt(prompt: SentPrompt) -> SentPrompt:
    if all(isinstance(part, TextPart) and not part.text.strip() for part in as_parts(prompt)):
        raise BadOption(
            Translatable("The prompt is empty."),
            Translatable("Write it below %%mimo, or after the options of %mimo."),
        )
    return prompt
