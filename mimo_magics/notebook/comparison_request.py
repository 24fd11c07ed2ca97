"""The text of a cell that compares, read: which combinations of settings are asked, and how. Knows no IPython."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.settings import COMPARABLE_SETTINGS
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.cell_request import FLAG, read as read_cell
from mimo_magics.notebook.options import BY_FLAG, COMPARING
from mimo_magics.session.comparison.variants import AT_ONCE, Variant, variants

ASK_ABOVE = "0.50 USD"

FLAGS = {flag for option in COMPARING for flag in option.names}


@dataclass(frozen=True, slots=True)
class GridRequest:
    """What a cell that compares asks for."""

    prompt: str
    variants: tuple[Variant, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What is set for all of them."""
    at_once: int = AT_ONCE
    ask_above: str = ASK_ABOVE
    keep: bool = True
    """Whether the conversation so far is sent. The replies never join it by themselves."""
    session: str | None = None
    out: str | None = None


OWN = tuple(each.name for each in fields(GridRequest) if each.name not in ("prompt", "variants", "settings"))


def words(line: str) -> list[str]:
    """Split the line of a cell that compares into arguments for argparse.

    Raises:
        BadOption: a quotation does not end, or there is no such option.
    """
    try:
        arguments = shlex.split(line)
    except ValueError:
        raise BadOption(
            Words("A quotation on the line does not end."), Words("Put a value with a quote into quotes.")
        ) from None
    for word in arguments:
        flag = word.partition("=")[0]
        if FLAG.fullmatch(flag) and flag not in FLAGS:
            raise _no_such_option(flag)
    return arguments


def _no_such_option(flag: str) -> BadOption:
    if flag in BY_FLAG:
        return BadOption(
            Words("A comparison does not take {flag}.", flag=flag),
            Words("See %%mimo_compare? for the options."),
        )
    advice = did_you_mean(flag, FLAGS, Words("See %%mimo_compare? for the options."))
    return BadOption(Words("There is no option {flag}.", flag=flag), advice)


def read(options: argparse.Namespace, body: str, variables: Mapping[str, Any]) -> GridRequest:
    """Make the request of a cell from its parsed options, its prompt, and the variables that it may name.

    Raises:
        BadOption: there is no prompt, or a number makes no sense.
    """
    given = {name: value for name, value in vars(options).items() if value is not None}
    values = {name: given.pop(name) for name in COMPARABLE_SETTINGS if name in given}
    repeat = given.pop("repeat", 1)
    own = {name: given.pop(name) for name in OWN if name in given}
    handling = {name: value for name, value in own.items() if name in ("out", "keep", "session")}
    cell = read_cell(argparse.Namespace(**given, **handling), body, variables)
    assert cell.prompt is not None
    if own.get("at_once", 1) < 1:
        raise BadOption(
            Words("--at-once cannot be {at_once}.", at_once=own["at_once"]),
            Words("It is a number of calls from 1."),
        )
    return GridRequest(cell.prompt, variants(values, repeat), cell.settings, **own)
