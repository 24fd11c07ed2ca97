"""The text of a cell that compares, read: which combinations of settings are asked, and how. Knows no IPython."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.settings import COMPARABLE_SETTINGS
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.cell_request import FLAG_PATTERN, build_cell_request, drop_option_lines
from mimo_magics.notebook.options import COMPARISON_OPTIONS, OPTIONS_BY_FLAG
from mimo_magics.session.comparison.variants import MAX_CONCURRENT_CALLS, Variant, build_variants

DEFAULT_ASK_ABOVE = "0.50 USD"

COMPARISON_FLAGS = {flag for option in COMPARISON_OPTIONS for flag in option.all_flags}


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What a cell that compares asks for."""

    prompt: str
    variants: tuple[Variant, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What is set for all of them."""
    at_once: int = MAX_CONCURRENT_CALLS
    ask_above: str = DEFAULT_ASK_ABOVE
    keep: bool = True
    """Whether the conversation so far is sent. The replies never join it by themselves."""
    session: str | None = None
    out: str | None = None


REQUEST_FIELDS = tuple(
    each.name for each in fields(ComparisonRequest) if each.name not in ("prompt", "variants", "settings")
)


def split_line(line: str) -> list[str]:
    """Split the line of a cell that compares into arguments for argparse.

    Raises:
        BadOption: a quotation does not end, or there is no such option.
    """
    try:
        arguments = shlex.split(line)
    except ValueError:
        raise BadOption(
            Translatable("A quotation on the line does not end."),
            Translatable("Put a value with a quote into quotes."),
        ) from None
    for word in arguments:
        flag = word.partition("=")[0]
        if FLAG_PATTERN.fullmatch(flag) and flag not in COMPARISON_FLAGS:
            raise _unknown_option_error(flag)
    return arguments


def _unknown_option_error(flag: str) -> BadOption:
    if flag in OPTIONS_BY_FLAG:
        return BadOption(
            Translatable("A comparison does not take {flag}.", flag=flag),
            Translatable("See %%mimo_compare? for the options."),
        )
    advice = did_you_mean(flag, COMPARISON_FLAGS, Translatable("See %%mimo_compare? for the options."))
    return BadOption(Translatable("There is no option {flag}.", flag=flag), advice)


def build_comparison_request(
    options: argparse.Namespace, body: str, variables: Mapping[str, Any]
) -> ComparisonRequest:
    """Make the request of a cell from its parsed options, its prompt, and the variables that it may name.

    Raises:
        BadOption: there is no prompt, or a number makes no sense.
    """
    settings = {name: value for name, value in vars(options).items() if value is not None}
    values = {name: settings.pop(name) for name in COMPARABLE_SETTINGS if name in settings}
    repeat = settings.pop("repeat", 1)
    request_fields = {name: settings.pop(name) for name in REQUEST_FIELDS if name in settings}
    cell_fields = {
        name: value for name, value in request_fields.items() if name in ("out", "keep", "session")
    }
    prompt = drop_option_lines(body)
    cell = build_cell_request(argparse.Namespace(**settings, **cell_fields), prompt, variables)
    assert cell.prompt is not None
    if request_fields.get("at_once", 1) < 1:
        raise BadOption(
            Translatable("--at-once cannot be {at_once}.", at_once=request_fields["at_once"]),
            Translatable("It is a number of calls from 1."),
        )
    return ComparisonRequest(cell.prompt, build_variants(values, repeat), cell.settings, **request_fields)
