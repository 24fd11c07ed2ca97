"""The JSON form of values, for session files and turn records.

A value is an object with its field names. A field with the metadata `saved_as` has that name, because files keep their names when the
code renames a field. Fields with their default are left out. Tuples are arrays. A part has its kind in `type` (`text`, `context`,
`reasoning`, `image`, `audio`, `video`, `tool_call`, `tool_result`):

    {"role": "assistant", "parts": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Hello."}]}

`session.storage.validation` reads this form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any


def to_dict(value: Any) -> dict[str, Any]:
    """Return the JSON form of a value."""
    tag = {"type": value.type} if hasattr(value, "type") else {}
    return tag | {name: _write(item) for name, item in _non_default_items(value)}


def canonical_json(value: Any) -> str:
    """Return the same JSON for equal values: 1 and 1.0 are equal, 1 and true are not."""
    return json.dumps(_unify_numbers(value), sort_keys=True)


def is_within_depth(value: object, levels: int) -> bool:
    """Return whether a JSON value has at most this many levels of nesting. Deeper levels are not visited."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(is_within_depth(each, levels - 1) for each in inner)


def _unify_numbers(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list() | tuple():
            return [_unify_numbers(each) for each in value]
        case dict():
            return {name: _unify_numbers(each) for name, each in value.items()}
    return value


def _non_default_items(value: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        item = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if default is MISSING or item != default:
            yield _saved_name(field), item


def _saved_name(field: Field[Any]) -> str:
    return str(field.metadata.get("saved_as", field.name))


def _write(item: Any) -> Any:
    if isinstance(item, tuple):
        return [_write(each) for each in item]
    return to_dict(item) if is_dataclass(item) else item
