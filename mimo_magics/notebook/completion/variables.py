"""Complete `{name`, `{name.attribute` and `{name["key"` in a prompt without calling user code."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from inspect import getattr_static
from itertools import islice
from types import MemberDescriptorType
from typing import Any

from IPython.utils.dir2 import dir2

from mimo_magics.context.prompt_references import BRACE_PATTERN, NAME, STEP, STEP_PATTERN
from mimo_magics.notebook.completion.choices import CompletionResult, match_prefix, sort_names

MAX_KEYS = 1_000
"""Number of keys of a mapping that are read."""
NAME_START_PATTERN = re.compile(r"\{(\w*)")
STEP_START_PATTERN = re.compile(
    rf"\{{(?P<name>{NAME})(?P<steps>(?:{STEP})*)(?:\.(?P<attribute>\w*)|\[(?P<key>.*))"
)
KEY_PATTERN = re.compile(r"[^\"'\\{}\n]*")
"""A key that fits between quotes of either kind."""


def complete_reference(prompt: str, variables: Mapping[str, Any]) -> CompletionResult | None:
    """Return the completions of a reference at the end of a prompt. Return `None` if no reference is open there."""
    start = prompt.rfind("{")
    if start < 0 or not (
        match := NAME_START_PATTERN.fullmatch(prompt, start) or STEP_START_PATTERN.fullmatch(prompt, start)
    ):
        return None
    if not _is_reference(prompt, start):
        return None
    if match.re is NAME_START_PATTERN:
        return match_prefix(match[1], instance=sort_names(variables, match[1]))
    try:
        return _complete_step(match, _resolve_reference(match, variables))
    except Exception:  # noqa: BLE001  a lookup can raise any error
        return CompletionResult()


def _is_reference(prompt: str, start: int) -> bool:
    """Return whether a name in this brace would be replaced: not in math, a TeX group or a template."""
    if prompt[:start].endswith("{"):
        return False
    *_, last_match = BRACE_PATTERN.finditer(f"{prompt[:start]}{{x}}")
    return last_match.start() == start and last_match["name"] is not None


def _complete_step(match: re.Match[str], value: Any) -> CompletionResult:
    typed = match["attribute"]
    if typed is not None:
        return match_prefix(typed, property=sort_names(dir2(value), typed))
    quote = match["key"][:1]
    if quote in ('"', "'"):
        return match_prefix(match["key"][1:], key=_list_keys(value))
    return match_prefix(match["key"], key=[f'"{key}"' for key in _list_keys(value)])


def _list_keys(value: Any) -> list[str]:
    """Return the string keys of a mapping, or the string column names of a data frame."""
    pandas = sys.modules.get("pandas")
    if not isinstance(value, Mapping) and not (pandas and isinstance(value, pandas.DataFrame)):
        return []
    return [
        key for key in islice(iter(value), MAX_KEYS) if isinstance(key, str) and KEY_PATTERN.fullmatch(key)
    ]


def _resolve_reference(match: re.Match[str], variables: Mapping[str, Any]) -> Any:
    value = variables[match["name"]]
    for step in STEP_PATTERN.finditer(match["steps"]):
        kind = step.lastindex or 0
        value = _attribute(value, step[1]) if kind == 1 else _item(value, step[kind], is_number=kind == 2)
    return value


def _attribute(value: Any, name: str) -> Any:
    """Return an attribute or the value of a slot.

    Raises:
        AttributeError: the attribute is missing, or reading it would call code.
    """
    attribute = getattr_static(value, name)
    if isinstance(attribute, MemberDescriptorType):
        return attribute.__get__(value)
    if hasattr(type(attribute), "__get__"):
        raise AttributeError(name)
    return attribute


def _item(value: Any, key: str, *, is_number: bool) -> Any:
    """Return an item by the method of the built-in class, so that no override of a subclass is called."""
    match value:
        case dict():
            return dict.get(value, int(key) if is_number else key)
        case list():
            return list.__getitem__(value, int(key))
        case tuple():
            return tuple.__getitem__(value, int(key))
    raise LookupError(key)
