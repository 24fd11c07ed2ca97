"""One value of a frame or an array as short text. It is equal for all libraries, because it is made from Python values.

No method of an unknown object is called: it is shown as its class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from json import JSONEncoder
from numbers import Number
from typing import Any
from uuid import UUID

from mimo_magics.context.budget import clean
from mimo_magics.context.object_text import class_name

MAX_CELL_CHARS = 100
MAX_NESTED_ITEMS = 10
MAX_NESTED_DEPTH = 3
UNQUOTED_PATTERN = re.compile(r"[^\s,\"'\\…](?:[^,\"\\\x00-\x1f]*[^\s,\"\\])?")
"""A string that needs no quotes among other fields of a line."""
LIBRARY_MODULES = ("pandas", "numpy", "fractions")
SCALAR_CLASSES = ("Period", "datetime64", "timedelta64")
"""Classes of these modules that have a short `str`, besides numbers."""

NESTED_TYPES = (dict, list, tuple, set, frozenset)
CONVERTERS: dict[type | tuple[type, ...], Callable[[Any], str]] = {
    type(None): lambda _: "null",
    Enum: lambda value: value_text(value.value),
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: float.__repr__,
    (bytes, bytearray, memoryview): lambda value: f"({len(value):,} bytes)",
    (date, time): lambda value: str(value.isoformat()),
    timedelta: timedelta.__str__,
    (Decimal, UUID, complex): str,
}
encode_json: Callable[[Any], str] = JSONEncoder(ensure_ascii=False).encode


def cell_text(value: Any, max_chars: int = MAX_CELL_CHARS) -> str:
    """Return a value for a line of fields: a string has quotes only if it needs them, and a missing value is empty."""
    if value is None:
        return ""
    if isinstance(value, str) and len(value) <= max_chars and UNQUOTED_PATTERN.fullmatch(value):
        return clean(value)
    return value_text(value, max_chars)


def value_text(value: Any, max_chars: int = MAX_CELL_CHARS, depth: int = 0) -> str:
    """Return a value as JSON, or as words if JSON has no form for it."""
    try:
        text = _value_text(value, max_chars, depth)
    except Exception:  # noqa: BLE001  an integer may have too many digits, and a class may have hostile attributes
        text = f"({class_name(type(value))})"
    is_short = len(text) <= max_chars or text.startswith('"')
    return text if is_short else f"{text[:max_chars]}…"


def _value_text(value: Any, max_chars: int, depth: int) -> str:
    if isinstance(value, NESTED_TYPES):
        return _nested_text(value, max_chars, depth)
    for kind, convert in CONVERTERS.items():
        if isinstance(value, kind):
            return convert(value)
    return _string_text(str.__str__(value), max_chars) if isinstance(value, str) else _object_text(value)


def _string_text(text: str, max_chars: int) -> str:
    encoded = encode_json(clean(text[:max_chars]))
    return encoded if len(text) <= max_chars else f"{encoded[:-1]}…{encoded[-1]}"


def _nested_text(value: Any, max_chars: int, depth: int) -> str:
    if depth == MAX_NESTED_DEPTH:
        return f"({class_name(type(value))})"
    more = "" if len(value) <= MAX_NESTED_ITEMS else f", … {len(value) - MAX_NESTED_ITEMS:,} more"
    if isinstance(value, dict):
        pairs = (
            f"{value_text(key, max_chars, depth + 1)}: {value_text(item, max_chars, depth + 1)}"
            for key, item in _first(value.items())
        )
        return f"{{{', '.join(pairs)}{more}}}"
    return f"[{', '.join(value_text(item, max_chars, depth + 1) for item in _first(value))}{more}]"


def _first(items: Iterable[Any]) -> Iterable[Any]:
    return (item for item, _ in zip(items, range(MAX_NESTED_ITEMS), strict=False))


def _object_text(value: Any) -> str:
    kind = type(value)
    name = class_name(kind)
    if str(kind.__module__).partition(".")[0] in LIBRARY_MODULES:
        if name == "Interval":
            # Its text has a comma.
            return encode_json(str(value))
        if name in SCALAR_CLASSES or isinstance(value, Number):
            return str(value)
        if name.startswith("bool"):
            return str(bool(value)).lower()
    return f"({name})"
