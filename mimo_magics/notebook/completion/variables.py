"""`{name` in a prompt: the variables, attributes and keys that could come next. Looks, and calls nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from inspect import getattr_static
from itertools import islice
from types import MemberDescriptorType
from typing import Any

from IPython.utils.dir2 import dir2

from mimo_magics.notebook.cell_variables import BRACES, EACH_STEP, NAME, STEP
from mimo_magics.notebook.completion.choices import Found, fitting, names

MOST = 1_000
"""Keys of a mapping that are looked at."""
START = re.compile(r"\{(\w*)")
GOES_ON = re.compile(rf"\{{(?P<name>{NAME})(?P<steps>(?:{STEP})*)(?:\.(?P<attribute>\w*)|\[(?P<key>.*))")
KEY = re.compile(r"[^\"'\\{}\n]*")
"""A key that a reference can hold, in quotes of either kind."""


def found(prompt: str, variables: Mapping[str, Any]) -> Found | None:
    """Return what could go on a reference at the end of a prompt; `None` if none is open there."""
    at = prompt.rfind("{")
    if at < 0 or not (begun := START.fullmatch(prompt, at) or GOES_ON.fullmatch(prompt, at)):
        return None
    if not _may_be_one(prompt, at):
        return None
    if begun.re is START:
        return fitting(begun[1], instance=names(variables, begun[1]))
    try:
        return _next(begun, _value(begun, variables))
    except Exception:  # noqa: BLE001  there is no such value, or it raises what it likes
        return Found()


def _may_be_one(prompt: str, at: int) -> bool:
    """Tell whether a name in this brace would be a reference, and none of a formula, a template or an f-string."""
    if prompt[:at].endswith("{"):
        return False
    *_, last = BRACES.finditer(f"{prompt[:at]}{{x}}")
    return last.start() == at and last["name"] is not None


def _next(begun: re.Match[str], value: Any) -> Found:
    typed = begun["attribute"]
    if typed is not None:
        return fitting(typed, property=names(dir2(value), typed))
    quote = begun["key"][:1]
    if quote in ('"', "'"):
        return fitting(begun["key"][1:], key=_keys(value))
    return fitting(begun["key"], key=[f'"{key}"' for key in _keys(value)])


def _keys(value: Any) -> list[str]:
    """Return the texts that are keys of a mapping, or columns of a table."""
    pandas = sys.modules.get("pandas")
    if not isinstance(value, Mapping) and not (pandas and isinstance(value, pandas.DataFrame)):
        return []
    return [key for key in islice(iter(value), MOST) if isinstance(key, str) and KEY.fullmatch(key)]


def _value(begun: re.Match[str], variables: Mapping[str, Any]) -> Any:
    value = variables[begun["name"]]
    for step in EACH_STEP.finditer(begun["steps"]):
        kind = step.lastindex or 0
        value = _attribute(value, step[1]) if kind == 1 else _item(value, step[kind], is_number=kind == 2)
    return value


def _attribute(value: Any, name: str) -> Any:
    """Look an attribute up; a slot is read, and what would have to be called is refused."""
    attribute = getattr_static(value, name)
    if isinstance(attribute, MemberDescriptorType):
        return attribute.__get__(value)
    if hasattr(type(attribute), "__get__"):
        raise AttributeError(name)
    return attribute


def _item(value: Any, key: str, *, is_number: bool) -> Any:
    """Look an item up, without what a class of the person's own would do."""
    match value:
        case dict():
            return dict.get(value, int(key) if is_number else key)
        case list():
            return list.__getitem__(value, int(key))
        case tuple():
            return tuple.__getitem__(value, int(key))
    raise LookupError(key)
