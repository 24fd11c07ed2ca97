"""The text of a cell that compares, read: which combinations of settings are asked, and how. Knows no IPython."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any, get_type_hints

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words
from mimo_magics.core.settings import Settings
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.notebook.cell_request import FLAG, read as read_cell
from mimo_magics.notebook.options import BY_FLAG, COMPARING, VARIED, to_text

MOST = 100
"""Calls of one comparison; more are a mistake, or work for a program."""
AT_ONCE = 4
"""Calls at a time. The limits of MiMo's services are told for a minute; how many it takes at a time is not."""
ASK_ABOVE = "0.50 USD"

FLAGS = {flag for option in COMPARING for flag in option.names}


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the ways in which a prompt is asked."""

    title: str
    """What sets it apart from the others."""
    options: Mapping[str, Any]
    """The fields of `Settings` that it sets."""


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
    values = {name: given.pop(name) for name in VARIED if name in given}
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


def variants(values: Mapping[str, Sequence[Any]], repeat: int = 1) -> tuple[Variant, ...]:
    """Return all combinations of these values of settings.

    Raises:
        BadOption: there are too many, or none, or a setting cannot be.
    """
    _check(values)
    several = [name for name, each in values.items() if len(each) > 1]
    combinations = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
    count = len(combinations) * repeat
    if not 1 <= count <= MOST:
        raise BadOption(
            Words("A comparison cannot make {count} calls.", count=count),
            Words("It makes 1 to {most}.", most=MOST),
        )
    return tuple(
        Variant(_title(each, several or list(values), number if repeat > 1 else 0), each)
        for each in combinations
        for number in range(1, repeat + 1)
    )


def _check(values: Mapping[str, Sequence[Any]]) -> None:
    names = [setting.name for setting in fields(Settings)]
    for name, each in values.items():
        if name not in names:
            raise BadOption(
                Words("There is no setting {name!r}.", name=name),
                did_you_mean(name, names, Words("See %mimo_config.")),
            )
        for value in each:
            Settings(**{name: value})


def _title(options: Mapping[str, Any], names: Sequence[str], number: int) -> str:
    told = " · ".join(_told(options, names))
    if number:
        return Words("{told} · no. {number}" if told else "no. {number}", told=told, number=number)
    return told or Words("as set")


def _told(options: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    hints = get_type_hints(Settings)
    for name in names:
        value = to_text(hints[name], options[name])
        yield value if name in ("model", "preset", "api") and options[name] else f"{name} {value}"
