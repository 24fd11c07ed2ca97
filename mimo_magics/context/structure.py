"""The structure of a value without any of its values: types, sizes, and names that code or a frame defines.

This is what `share=schema` sends. Names of columns and of fields are sent. Keys of a dict are not, because they may be
data. No method of the value is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

from mimo_magics.context import array, frame
from mimo_magics.context.container import CONTAINER_TYPES, MAPPING_TYPES
from mimo_magics.context.object_text import class_name

MAX_COST = 10_000
"""Limit for a value and all that it contains: one for each value, and `FRAME_COST` for a frame."""
FRAME_COST = 200
MAX_READ_ITEMS = 1_000
MAX_LISTED_STRUCTURES = 20
MAX_FIELDS = 50
MAX_DEPTH = 4


def structure_text(value: Any) -> str:
    """Return the types and sizes of a value and of what it contains, in one line."""
    return _Structure().describe(value, frozenset())


class _Structure:
    """The description of one value. The number of the values that it looks at is limited."""

    def __init__(self) -> None:
        self._cost = 0

    def describe(self, value: Any, path: frozenset[int]) -> str:
        """Describe a value. `path` has the identities of the surrounding values."""
        kind = type(value)
        self._cost += 1
        if self._cost > MAX_COST or id(value) in path or len(path) == MAX_DEPTH:
            return class_name(kind)
        if (read := frame.find_reader(kind)) is not None:
            self._cost += FRAME_COST
            return frame.schema_line(read(value))
        if array_kind := array.find_kind(kind):
            return array.schema_text(array_kind, value)
        return self._describe_container(value, path | {id(value)})

    def _describe_container(self, value: Any, path: frozenset[int]) -> str:
        kind = type(value)
        name = class_name(kind)
        if names := _field_names(kind):
            values = ((field, _get_field(value, kind, field)) for field in names[:MAX_FIELDS])
            return f"{name}({', '.join(f'{field}: {self.describe(each, path)}' for field, each in values)})"
        base = next((each for each in CONTAINER_TYPES if issubclass(kind, each)), None)
        if base is None:
            return name
        count = base.__len__(value)
        size = f"{count:,} item{'' if count == 1 else 's'}"
        if base in MAPPING_TYPES:
            keys = self._describe_items(base.keys(value), path)
            items = self._describe_items(base.values(value), path)
            return f"{name} with {size}, {keys}: {items}" if count else f"{name} with {size}"
        items = self._describe_items(base.__iter__(value), path)
        return f"{name} of {size}: {items}" if count else f"{name} of {size}"

    def _describe_items(self, items: Iterable[Any], path: frozenset[int]) -> str:
        """Return the different structures among the first items, with their numbers."""
        counts = Counter(self.describe(item, path) for item in islice(items, MAX_READ_ITEMS))
        texts = [
            structure if len(counts) == 1 else f"{structure} ({count:,})"
            for structure, count in islice(counts.items(), MAX_LISTED_STRUCTURES)
        ]
        return ", ".join(texts) + (", …" if len(counts) > MAX_LISTED_STRUCTURES else "")


def _field_names(kind: type) -> tuple[str, ...]:
    """Return the fields that a class defines: a dataclass, a named tuple, or a pydantic model."""
    # A metaclass may have every attribute, so their types are tested.
    if is_dataclass(kind) and isinstance(kind.__dataclass_fields__, dict):
        return tuple(each.name for each in fields(kind) if each.repr)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return tuple(kind._fields)
    # pydantic sets this attribute when it builds a class.
    if hasattr(kind, "__pydantic_validator__") and isinstance(kind.model_fields, dict):  # type: ignore[attr-defined]
        return tuple(kind.model_fields)  # type: ignore[attr-defined]
    return ()


def _get_field(value: Any, kind: type, name: str) -> Any:
    """Return a field without code of the value. A field that is not stored, as with slots, is read by its descriptor."""
    if issubclass(kind, tuple):
        return tuple.__getitem__(value, kind._fields.index(name))  # type: ignore[attr-defined]
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return None
