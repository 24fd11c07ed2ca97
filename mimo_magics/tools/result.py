"""What a tool gave back, as the text that the model is told: any value, within a budget of bytes.

The work is bounded, too. JSON is made piece by piece, from the beginning until the budget is full, then from
the end; what lies between is counted up to `WORK` and never put together. Strings of any size are looked at
as a whole only by encoding them once. Arrays and tables are asked for a few rows.

No method of a value is trusted: what raises is named instead, without the message, which may hold secrets.
`KeyboardInterrupt` goes through, as it is the person's.
"""

from __future__ import annotations

import re
import sys
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, ItemsView, Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from itertools import chain, islice
from json import JSONEncoder
from numbers import Number
from pathlib import PurePath
from typing import Any
from uuid import UUID

from mimo_magics.core.messages import whole_characters

BUDGET = 20_000
"""Bytes of UTF-8: some five thousand tokens of English."""

WORK = 50_000
"""How far JSON beyond the budget is counted: one for each piece of it, and for each 2,000 characters."""

DEPTH = 50
ONE_LINE = 100
CHUNK = 10_000
FEWEST_ROWS = 4
MOST_COLUMNS = 100
SHOWN_COLUMNS = 20
CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
CONTROLS = bytes(byte for byte in range(32) if byte not in b"\n\t")
MAPPINGS: tuple[type[Any], ...] = (OrderedDict, dict)
LISTS: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque, type({}.keys()), type({}.values()))
SPELLED = (Number, PurePath, UUID, timedelta)
"""What `str` shows better than `repr`: a `Decimal`, a `Path`."""

ENCODE = JSONEncoder(ensure_ascii=False).encode
NAME: Callable[[type], str] = vars(type)["__name__"].__get__
"""The name of a class, whatever its metaclass thinks of it."""


class Bare(str):
    """A number, `true`, `false` or `null`: JSON that needs no quotes."""

    __slots__ = ()


def as_text(value: object, budget: int = BUDGET) -> str:
    """Tell a value: text as it is, values of Python as JSON, tables and arrays in short, others by `repr`.

    What is longer than the budget (at least 200) keeps its head and its tail, with a line in between that says
    how much is missing. The text has no lone surrogates and no controls but tab and line end.
    """
    try:
        plain = "" if value is None else _plain(value, budget)
        if not isinstance(plain, str):
            return _json(value, budget)
    except Exception as error:  # noqa: BLE001  a container that changes while it is read, and what else there is
        plain = _unshowable(value, error)
    return _shortened(plain, budget) if plain and not plain.isspace() else "(no output)"


def _plain(value: object, room: int) -> Any:
    """Return a `str`, a `Bare`, or a container that JSON can be made of."""
    try:
        return _converted(value, room)
    except Exception as error:  # noqa: BLE001  a stranger's `__repr__` raises what it likes
        return _unshowable(value, error)


def _unshowable(value: object, error: Exception) -> str:
    return f"(a {NAME(type(value))} object that cannot be shown: {NAME(type(error))})"


def _converted(value: Any, room: int) -> Any:
    kind = type(value)
    match value:
        case Enum():
            return _converted(value.value, room)
        case None | bool() | int() | float():
            return Bare(ENCODE(value))
        case str():
            return str.__str__(value)
        case bytes() | bytearray() | memoryview():
            return _of_bytes(bytes(value))
        case tuple() if hasattr(kind, "_fields"):
            return dict(zip(kind._fields, value, strict=False))
        case _:
            return value if issubclass(kind, MAPPINGS + LISTS) else _of_object(value, room)


def _of_object(value: Any, room: int) -> Any:
    """Tell an object; methods are asked of its class, as there are objects that have every attribute."""
    kind = type(value)
    names = (f"{str(each.__module__).partition('.')[0]}.{NAME(each)}" for each in kind.__mro__)
    if known := next((KNOWN[name] for name in names if name in KNOWN), None):
        return known(value, room)
    if isinstance(text := getattr(kind, "_repr_markdown_", lambda _: None)(value), str):
        return str.__str__(text)
    if is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.repr}
    if isinstance(value, Iterator | AsyncIterator):
        return f"(a {NAME(kind)}, which was not read: that can be done only once)"
    return str.__str__(str(value) if isinstance(value, SPELLED) else repr(value))


def _of_bytes(raw: bytes) -> str:
    text = raw.decode(errors="replace")
    # a zero is UTF-8, too, but nobody writes one
    told = " of text)\n" + text if raw and b"\0" not in raw and text.encode() == raw else ")"
    return f"({len(raw):,} bytes{told}"


def _of_table(value: Any, room: int) -> str:
    """Tell a DataFrame or Series of pandas or polars: size, columns with types, first and last rows."""
    frame = value.to_frame() if len(value.shape) == 1 else value
    length, width = frame.shape
    columns = islice(zip(frame.columns, frame.dtypes, strict=False), MOST_COLUMNS)
    named = ", ".join(f"{name} ({kind})" for name, kind in columns)
    more = f", and {width - MOST_COLUMNS:,} more" if width > MOST_COLUMNS else ""
    head = f"a {NAME(type(value))}; rows: {length:,}; columns: {width:,}: {named}{more}\n"
    rows = room // (4 * min(width, SHOWN_COLUMNS) + 4)  # no cell is narrower
    while _size(text := head + _shown(frame, max(rows, FEWEST_ROWS))) > room and rows > FEWEST_ROWS:
        rows //= 2
    return text


def _shown(frame: Any, rows: int) -> str:
    if hasattr(frame, "to_string"):
        return str(frame.to_string(max_rows=rows, max_cols=SHOWN_COLUMNS, max_colwidth=100))
    with sys.modules["polars"].Config(tbl_rows=rows, tbl_cols=SHOWN_COLUMNS, fmt_str_lengths=100):
        return str(frame)


def _of_array(value: Any, _: int) -> str:
    shape = " x ".join(f"{length:,}" for length in value.shape) or "()"
    with sys.modules["numpy"].printoptions(threshold=1000, edgeitems=3):
        return f"a numpy array; shape: {shape}; type: {value.dtype}\n{value!r}"


def _of_scalar(value: Any, room: int) -> Any:
    plain = {"b": bool, "i": int, "u": int, "f": float}.get(value.dtype.kind, str)
    return _converted(plain(value), room)


def _of_figure(value: Any, _: int) -> str:
    width, height = value.get_size_inches() * value.dpi
    return f"a figure of {width:.0f} x {height:.0f} pixels with {len(value.axes)} axes"


KNOWN: dict[str, Callable[[Any, int], Any]] = {
    "datetime.date": lambda value, _: value.isoformat(),
    "datetime.time": lambda value, _: value.isoformat(),
    "pydantic.BaseModel": lambda value, room: _converted(value.model_dump(warnings=False), room),
    "numpy.ndarray": _of_array,
    "numpy.generic": _of_scalar,
    **dict.fromkeys(("pandas.DataFrame", "pandas.Series", "polars.DataFrame", "polars.Series"), _of_table),
    "matplotlib.Figure": _of_figure,
    "PIL.Image": lambda value, _: f"an image of {value.width} x {value.height} pixels, mode {value.mode}",
}
"""Known by the package and the name of a class or of one that it inherits from; nothing is imported."""


def _json(value: object, budget: int) -> str:
    """Make the JSON of a container, as far as it is told."""
    path: dict[int, int] = {}
    pieces = _pieces(value, budget, path, 1)
    head = _gathered(pieces, budget)
    size, work = _size(head), 0
    for piece in pieces:
        size += _size(piece)
        work += 1 + len(piece) // 2000
        if work > WORK:
            break
    if size <= budget:
        return _clean(head.replace("\n", " ") if size <= ONE_LINE else head)
    tail = _gathered(_pieces(value, budget, {}, -1), budget, -1)
    return _ends(head, tail, budget, _missing(size, max(path.values(), default=0)))


def _gathered(pieces: Iterator[str], budget: int, turn: int = 1) -> str:
    kept, size = [], 0
    while size <= budget and (piece := next(pieces, "")):
        kept.append(piece)
        size += _size(piece)
    return "".join(kept[::turn])


def _pieces(value: object, room: int, path: dict[int, int], turn: int) -> Iterator[str]:
    """Give the JSON of a value from its beginning, or from its end when `turn` is -1.

    `path` has the containers around the place that is being told, by identity, with the number of their items.
    """
    plain = _plain(value, room)
    if isinstance(plain, Bare):
        yield plain
    elif isinstance(plain, str):
        yield from _quoted(plain, turn)
    elif id(value) in path:
        yield ENCODE(f"(a {NAME(type(value))} that holds itself)")
    elif len(path) == DEPTH:
        yield ENCODE(f"(a {NAME(type(value))} nested more than {DEPTH} levels deep)")
    else:
        items = _items(plain)
        path[id(value)] = len(items)
        yield from _container(items, room, path, turn)
        del path[id(value)]


def _quoted(text: str, turn: int) -> Iterator[str]:
    if len(text) <= CHUNK:
        yield ENCODE(text)
        return
    yield '"'
    for start in range(0, len(text), CHUNK)[::turn]:
        yield ENCODE(text[start : start + CHUNK])[1:-1]
    yield '"'


def _container(items: Any, room: int, path: dict[int, int], turn: int) -> Iterator[str]:
    """Give the items; those of the outermost container stand on lines of their own, for what is cut there."""
    mapped = isinstance(items, ItemsView)
    gap = ",\n" if len(path) == 1 else ", "
    ends = ("{}" if mapped else "[]")[::turn]
    yield ends[0]
    for number, item in enumerate(items if turn > 0 else reversed(items)):
        if number:
            yield gap
        label = [_key(item[0], room, path)] if mapped else []
        told = _pieces(item[1] if mapped else item, room, path, turn)
        yield from chain(*(label, told)[::turn])
    yield ends[1]


def _items(plain: Any) -> Any:
    """Return what the built-in class has, in order: an overridden `__iter__` or `items` is not asked."""
    kind = next(kind for kind in MAPPINGS + LISTS if isinstance(plain, kind))
    return kind.items(plain) if kind in MAPPINGS else list(kind.__iter__(plain))


def _key(key: object, room: int, path: dict[int, int]) -> str:
    text = "".join(_pieces(key, room, path, 1))
    return f"{text}: " if text.startswith('"') else f"{ENCODE(text)}: "


def _shortened(text: str, budget: int) -> str:
    size = _size(text)
    return _clean(text) if size <= budget else _ends(text[:budget], text[-budget:], budget, _missing(size))


def _missing(size: int, items: int = 0) -> Callable[[int], str]:
    """Return what says how much is missing when so much was kept; with `items`, nobody counted to the end."""
    more, where = ("more than ", f", in a collection of {items:,} items") if items else ("", "")
    return lambda kept: f"… {more}{size - kept:,} of {more}{size:,} bytes left out{where} …"


def _ends(head: str, tail: str, budget: int, missing: Callable[[int], str]) -> str:
    """Keep as much of head and tail as there is room for around the line that tells what is missing."""
    room = max(budget - _size(missing(0)) - 2, 0)
    head = _first(_clean(head), room // 2)
    tail = _last(_clean(tail), room - _size(head))
    end = "" if head.endswith("\n") else "\n"
    return f"{head}{end}{missing(_size(head) + _size(tail))}\n{tail}"


def _first(text: str, room: int) -> str:
    """Cut at a line end, else at a space, unless more than half would be lost; else between characters."""
    kept = text.encode()[:room].decode(errors="ignore")
    half = len(kept) // 2
    return kept[: kept.rfind("\n", half) + 1 or kept.rfind(" ", half) + 1 or len(kept)]


def _last(text: str, room: int) -> str:
    raw = text.encode()
    kept = raw[max(len(raw) - room, 0) :].decode(errors="ignore")
    half = len(kept) // 2
    return kept[kept.find("\n", 0, half) + 1 or kept.find(" ", 0, half) + 1 :]


def _size(text: str) -> int:
    """Return how many bytes the text has when it is clean; halves that belong together count as two."""
    raw = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"\n")
    return len(raw) + 2 * (len(raw) - len(raw.translate(None, CONTROLS)))


def _clean(text: str) -> str:
    return CONTROL.sub("\ufffd", whole_characters(text.replace("\r\n", "\n")))
