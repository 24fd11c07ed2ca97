"""Dicts, lists, dataclasses and pydantic models as JSON within a budget of bytes.

The work is bounded. JSON is built piece by piece from the beginning until the budget is full, then from the end. The
pieces between are counted up to `MAX_COUNTED_PIECES`, and never joined. A long string is encoded once.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, ItemsView, Iterator
from dataclasses import dataclass, field
from itertools import chain
from json import JSONEncoder
from typing import Any

from mimo_magics.context.budget import build_omission_note, clean, count_bytes, keep_head_and_tail
from mimo_magics.context.object_text import class_name

MAX_COUNTED_PIECES = 50_000
"""Limit for counting JSON beyond the budget: one for each piece, and one for each 2,000 characters."""
OBJECT_COST = 100
"""How much an object counts that is not JSON."""
MAX_SORTED_ITEMS = 10_000
"""Strings in a set up to which they are sorted."""
MAX_DEPTH = 50
MAX_ONE_LINE_BYTES = 100
CHUNK_CHARS = 10_000
MAPPING_TYPES: tuple[type[Any], ...] = (OrderedDict, dict)
LIST_TYPES: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque, type({}.keys()), type({}.values()))
CONTAINER_TYPES = MAPPING_TYPES + LIST_TYPES

encode_json = JSONEncoder(ensure_ascii=False).encode


class JsonLiteral(str):
    """JSON without quotes: a number, `true`, `false` or `null`."""

    __slots__ = ()


@dataclass(slots=True)
class _Walk:
    """The state of one pass through a value."""

    convert: Callable[[Any], Any]
    """Return a `str`, a `JsonLiteral`, or a container for a value inside. Raises no error."""
    direction: int = 1
    """-1 from the end to the beginning."""
    path: dict[int, int] = field(default_factory=dict)
    """The number of items of each surrounding container by its identity."""
    cost: int = 0
    """The cost of the objects until now."""


def encode_container(value: object, max_bytes: int, convert: Callable[[Any], Any]) -> tuple[str, int]:
    """Return a container as JSON within the budget, and the bytes of the whole JSON or a lower limit of them.

    Args:
        value: the container, or an object that `convert` makes one of.
        max_bytes: the budget.
        convert: returns a `str`, a `JsonLiteral`, or a container for each value inside. Raises no error.
    """
    walk = _Walk(convert)
    pieces = _iter_json(value, walk)
    head = _join_pieces(pieces, max_bytes)
    size, counted = count_bytes(head), 0
    walk.cost = 0
    for piece in pieces:
        size += count_bytes(piece)
        counted += 1 + len(piece) // 2000
        if counted + walk.cost > MAX_COUNTED_PIECES:
            break
    if size <= max_bytes:
        return clean(head.replace("\n", " ") if size <= MAX_ONE_LINE_BYTES else head), size
    tail = _join_pieces(_iter_json(value, _Walk(convert, -1)), max_bytes, -1)
    note = build_omission_note(size, max(walk.path.values(), default=0))
    return keep_head_and_tail(head, tail, max_bytes, note), size


def _join_pieces(pieces: Iterator[str], max_bytes: int, direction: int = 1) -> str:
    parts, size = [], 0
    while size <= max_bytes and (piece := next(pieces, "")):
        parts.append(piece)
        size += count_bytes(piece)
    return "".join(parts[::direction])


def _iter_json(value: object, walk: _Walk) -> Iterator[str]:
    """Yield the JSON of a value."""
    plain = walk.convert(value)
    if isinstance(plain, JsonLiteral):
        yield plain
    elif isinstance(plain, str):
        if plain is not value:
            walk.cost += OBJECT_COST
        yield from _iter_string(plain, walk.direction)
    elif id(value) in walk.path:
        yield encode_json(f"(a {class_name(type(value))} that contains itself)")
    elif len(walk.path) == MAX_DEPTH:
        yield encode_json(f"(a {class_name(type(value))} nested more than {MAX_DEPTH} levels deep)")
    else:
        items = _get_items(plain)
        walk.path[id(value)] = len(items)
        yield from _iter_items(items, walk)
        del walk.path[id(value)]


def _iter_string(text: str, direction: int) -> Iterator[str]:
    if len(text) <= CHUNK_CHARS:
        yield encode_json(text)
        return
    yield '"'
    for start in range(0, len(text), CHUNK_CHARS)[::direction]:
        yield encode_json(text[start : start + CHUNK_CHARS])[1:-1]
    yield '"'


def _iter_items(items: Any, walk: _Walk) -> Iterator[str]:
    """Yield the items. Items of the outermost container have lines of their own, where the text can be cut."""
    is_mapping = isinstance(items, ItemsView)
    separator = ",\n" if len(walk.path) == 1 else ", "
    brackets = ("{}" if is_mapping else "[]")[:: walk.direction]
    yield brackets[0]
    for number, item in enumerate(items if walk.direction > 0 else reversed(items)):
        if number:
            yield separator
        key_pieces = [_encode_key(item[0], walk)] if is_mapping else []
        value_pieces = _iter_json(item[1] if is_mapping else item, walk)
        yield from chain(*(key_pieces, value_pieces)[:: walk.direction])
    yield brackets[1]


def _get_items(plain: Any) -> Any:
    """Return the items of the built-in class in order. An overridden `__iter__` or `items` is not called."""
    kind = next(kind for kind in CONTAINER_TYPES if isinstance(plain, kind))
    if kind in MAPPING_TYPES:
        return kind.items(plain)
    if type(plain) in (list, tuple):
        return plain
    items = list(kind.__iter__(plain))
    if (
        kind in (set, frozenset)
        and len(items) <= MAX_SORTED_ITEMS
        and all(type(each) is str for each in items)
    ):
        # The order of a set differs between processes. A tape matches only equal requests.
        items.sort()
    return items


def _encode_key(key: object, walk: _Walk) -> str:
    text = "".join(_iter_json(key, _Walk(walk.convert, path=walk.path)))
    return f"{text}: " if text.startswith('"') else f"{encode_json(text)}: "
