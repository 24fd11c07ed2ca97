"""The request of a `%%mimo_compare` cell, parsed into one value. Independent of IPython."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import COMPARABLE_SETTINGS, Settings
from mimo_magics.notebook.argument_parser import parse_options
from mimo_magics.notebook.cell_context import SelectCells, select_no_cells
from mimo_magics.notebook.cell_request import (
    DEFAULT_SETTINGS,
    build_cell_request,
    drop_option_lines,
)
from mimo_magics.notebook.command_line import split_words
from mimo_magics.notebook.media_options import SentPrompt
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS_BY_FLAG
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, Variant, build_variants

if TYPE_CHECKING:  # it imports pydantic
    from mimo_magics.session.structured.schema import ResultSchema

DEFAULT_ASK_ABOVE = "0.50 USD"

COMPARISON_FLAGS = {flag for option in COMPARISON_OPTIONS for flag in option.all_flags}


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """The parsed text of a `%%mimo_compare` cell."""

    prompt: SentPrompt
    variants: tuple[Variant, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings that all variants share."""
    at_once: int = MAX_CONCURRENT_CALLS
    ask_above: str = DEFAULT_ASK_ABOVE
    keep: bool = True
    """Whether the history of the session is sent. The replies are never added to it."""
    session: str | None = None
    out: str | None = None
    notices: tuple[str, ...] = ()
    """Notices about the prompt, such as references without a value."""
    schema: ResultSchema | None = None
    """The schema that the replies must fit."""


REQUEST_FIELDS = tuple(
    each.name
    for each in fields(ComparisonRequest)
    if each.name not in ("prompt", "variants", "settings", "notices", "schema")
)


def parse_line(line: str) -> argparse.Namespace:
    """Parse the options of `%%mimo_compare`.

    Raises:
        BadOption: A quote is not closed, or an option is unknown, has no value or an invalid one.
    """
    words = split_words(line)
    for word in words:
        flag = word.partition("=")[0]
        if flag in OPTIONS_BY_FLAG and flag not in COMPARISON_FLAGS:
            raise BadOption(
                Translatable("A comparison does not accept {flag}.", flag=flag),
                Translatable("For help, run {magic}?.", magic="%%mimo_compare"),
            )
    return parse_options("%%mimo_compare", words)


def build_comparison_request(
    options: argparse.Namespace,
    body: str,
    variables: Mapping[str, Any],
    defaults: Settings = DEFAULT_SETTINGS,
    select_cells: SelectCells = select_no_cells,
) -> ComparisonRequest:
    """Build the request of a cell from its options, its prompt, and the variables for the prompt.

    Raises:
        BadOption: The prompt is empty, a number is out of range, or a reference has no value and the setting
            `unresolved` is `error`.
    """
    settings = {name: value for name, value in vars(options).items() if value is not None}
    values = {name: settings.pop(name) for name in COMPARABLE_SETTINGS if name in settings}
    repeat = settings.pop("repeat", 1)
    request_fields = {name: settings.pop(name) for name in REQUEST_FIELDS if name in settings}
    cell_fields = {
        name: request_fields[name] for name in ("out", "keep", "session") if name in request_fields
    }
    cell = build_cell_request(
        argparse.Namespace(**settings, **cell_fields),
        drop_option_lines(body),
        variables,
        defaults,
        select_cells=select_cells,
        models=values.get("model", ()),
    )
    assert cell.prompt is not None
    _check_call_count(request_fields.get("at_once", 1))
    return ComparisonRequest(
        cell.prompt,
        build_variants(values, repeat),
        cell.settings,
        **request_fields,
        notices=cell.notices,
        schema=cell.schema,
    )


def _check_call_count(count: int) -> None:
    if count < 1:
        raise BadOption(
            Translatable("Invalid value {text!r} for {name}.", text=str(count), name="--at-once"),
            Translatable("Use a number of calls from 1."),
        )
