"""The values of settings: their types, and their forms as text and in Python code."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from mimo_magics.core.i18n import Translatable

MAX_DEPTH = 100
"""Maximum nesting of lists and objects in a JSON value."""
TYPE_DESCRIPTIONS: Mapping[Any, str] = {
    bool: Translatable("on or off"),
    int: Translatable("an integer"),
    float: Translatable("a number"),
    str: Translatable("a string"),
    tuple: Translatable("a string or a list of strings"),
    Mapping: Translatable("a JSON object"),
}
"""The valid values of each type, as errors describe them."""


def describe_type(hint: Any, low: float | None = None, high: float | None = None) -> str:
    """Return the valid values of a type in words, such as `a number from 0 to 2`."""
    kind = strip_optional(hint)
    if get_origin(kind) is Literal:
        return Translatable("one of {names}", names=", ".join(get_args(kind)))
    values = TYPE_DESCRIPTIONS[get_origin(kind) or kind]
    if low is None or high is None:
        return values
    return Translatable("{number} from {low:g} to {high:,}", number=values, low=low, high=high)


def is_json_value(value: object, depth: int = 0) -> bool:
    """Return whether JSON can represent a value: no sets, no NaN, string keys only, and limited nesting."""
    match value:
        case None | bool() | str():
            return True
        case int():
            return abs(value) < 2**64
        case float():
            return isfinite(value)
        case list() | tuple():
            return depth < MAX_DEPTH and all(is_json_value(each, depth + 1) for each in value)
        case dict():
            return (
                depth < MAX_DEPTH
                and all(isinstance(name, str) for name in value)
                and all(is_json_value(each, depth + 1) for each in value.values())
            )
    return False


def matches_type(value: Any, hint: Any) -> bool:
    """Return whether a value has a type. Numbers must be finite, bools are not numbers, and tuples hold strings."""
    if get_origin(hint) in (Union, UnionType):
        return any(matches_type(value, kind) for kind in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    if hint in (int, float):
        if isinstance(value, bool) or not isinstance(value, (int, hint)):
            return False
        return isfinite(value) if isinstance(value, float) else abs(value) < 2**63
    return isinstance(value, get_origin(hint) or hint)


def parse_json_or_text(text: str) -> Any:
    """Return the value of a JSON text; return text that is not JSON unchanged."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unescape(text: str) -> str:
    """Replace the escapes for newline and tab, which one line cannot contain."""
    return text.replace("\\n", "\n").replace("\\t", "\t")


def parse_on_off(text: str) -> bool:
    """Return the bool for `on` or `off`.

    Raises:
        argparse.ArgumentTypeError: the text is neither.
    """
    if text.lower() in ("on", "off", "true", "false"):
        return text.lower() in ("on", "true")
    raise argparse.ArgumentTypeError(f"{text!r} is not on or off")


def strip_optional(hint: Any) -> Any:
    """Return the type of a setting's values when it is set: `float` for `float | None`."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (kind for kind in get_args(hint) if kind is not NoneType)
    return hint


def convert_value(hint: Any, value: Any) -> Any:
    """Return the value in the type of a setting, where Python code may write it otherwise: `"off"`, or a list of texts.

    A value that cannot be converted is returned unchanged.
    """
    kind = strip_optional(hint)
    if kind is bool and isinstance(value, str):
        with suppress(argparse.ArgumentTypeError):
            return parse_on_off(value)
    if get_origin(kind) is tuple and isinstance(value, str | list):
        return (value,) if isinstance(value, str) else tuple(value)
    return value


def from_text(hint: Any, text: str) -> Any:
    """Parse the value of a setting from text that the user wrote.

    `default` means None for an optional setting, and so does `none` unless the setting is a string. A text in double
    quotes is a JSON string, which can contain newlines.

    Raises:
        ValueError: the text is not a value of this type.
        argparse.ArgumentTypeError: the text is not `on` or `off`.
    """
    kind = strip_optional(hint)
    if kind is not hint and text.lower() in (("default",) if kind is str else ("default", "none")):
        return None
    if kind is bool:
        return parse_on_off(text)
    if get_origin(kind) is tuple:
        value = parse_json_or_text(text)
        return tuple(map(str, value)) if isinstance(value, list) else (_unescape(text),)
    if get_origin(kind) is Mapping:
        return json.loads(text)
    if kind is str and isinstance(value := parse_json_or_text(text), str):
        return value
    return kind(text) if kind in (int, float) else text


def to_text(hint: Any, value: Any) -> str:
    """Return the value of a setting as one line of text from which `from_text` parses the same value."""
    match value:
        case None:
            return "default"
        case bool():
            return "on" if value else "off"
        case str() if from_text(hint, value) == value and value.isprintable():
            return value
        case int() | float():
            return repr(value)
    json_text = json.dumps(value, ensure_ascii=False)
    return json_text if json_text.isprintable() else json.dumps(value)
