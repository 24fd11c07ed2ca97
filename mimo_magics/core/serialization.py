"""Values to JSON and back, for records in notebooks and files.

The form: an object with the value's field names, or with the name that a field is `saved_as`: files keep the names of their format
when the code renames a field; a field that holds its default is left out; tuples are
arrays; a part carries its kind in `type` (`text`, `reasoning`, `image`, `audio`, `tool_call`, `tool_result`):

    {"role": "assistant", "parts": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Hello."}]}

Fields that a reader does not know are ignored, so that an older version reads what a newer one wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from mimo_magics.core.settings import matches_type

T = TypeVar("T")


def to_dict(value: Any) -> dict[str, Any]:
    """Return a value's JSON form."""
    tag = {"type": value.type} if hasattr(value, "type") else {}
    return tag | {name: _write(item) for name, item in _non_default_items(value)}


def from_dict(kind: type[T], data: Mapping[str, Any]) -> T:
    """Read a value of the given kind from its JSON form.

    Raises:
        TypeError: a field without a default is missing.
        ValueError: a value is of another type, or a part has an unknown `type`.
    """
    columns = _columns(kind)  # type: ignore[arg-type]  # a class is a key
    return kind(**{name: _read(hint, data[saved]) for name, saved, hint in columns if saved in data})


def canonical_json(value: Any) -> str:
    """Return JSON that is the same for equal values: 1 and 1.0 are equal, 1 and true are not."""
    return json.dumps(_unify_numbers(value), sort_keys=True)


def is_within_depth(value: object, levels: int) -> bool:
    """Tell whether JSON has at most so many levels; nothing below them is looked at."""
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


@cache
def _columns(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """Return each field's name, its name in files, and its type."""
    hints = get_type_hints(kind)
    return tuple((field.name, _saved_name(field), hints[field.name]) for field in fields(kind))


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


def _read(hint: Any, item: Any) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(item, (list, tuple)):
            raise ValueError(f"{str(item)[:40]!r} is of another type")
        return tuple(_read(get_args(hint)[0], each) for each in item)
    kinds: list[Any] = [kind for kind in get_args(hint) or (hint,) if is_dataclass(kind)]
    if kinds and isinstance(item, Mapping):
        return from_dict(kinds[0] if len(kinds) == 1 else _select_kind(kinds, item), item)
    if not matches_type(item, hint):
        raise ValueError(f"{str(item)[:40]!r} is of another type")
    return item


def _select_kind(kinds: list[Any], item: Mapping[str, Any]) -> Any:
    for kind in kinds:
        if kind.type == item.get("type"):
            return kind
    raise ValueError(f"{str(item.get('type'))[:40]!r} is no kind of part")
