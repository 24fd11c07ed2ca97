"""Convert the result of a tool, any value, to text for the model within a budget of bytes.

The work is bounded too. JSON is built piece by piece from the beginning until the budget is full, then from the
end. The pieces between are counted up to `MAX_COUNTED_PIECES`, and never joined. A long string is encoded once.
Arrays and tables are formatted with a few rows.

No method of a value is trusted. A value whose method raises is replaced by the name of the error, without the
message, which may contain secrets. `KeyboardInterrupt` comes from the user and is raised.
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

from mimo_magics.core.text import join_surrogates

MAX_RESULT_BYTES = 20_000
"""Bytes of UTF-8: about 5,000 tokens of English."""

MAX_COUNTED_PIECES = 50_000
"""Limit for counting JSON beyond the budget: one for each piece, and one for each 2,000 characters."""

MAX_SORTED_ITEMS = 10_000
"""Strings in a set up to which they are sorted."""
MAX_DEPTH = 50
MAX_ONE_LINE_BYTES = 100
CHUNK_CHARS = 10_000
MIN_ROWS = 4
MAX_LISTED_COLUMNS = 100
MAX_SHOWN_COLUMNS = 20
CONTROL_PATTERN = re.compile("[\x00-\x08\x0b-\x1f]")
CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\n\t")
MAPPING_TYPES: tuple[type[Any], ...] = (OrderedDict, dict)
LIST_TYPES: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque, type({}.keys()), type({}.values()))
STR_TYPES = (Number, PurePath, UUID, timedelta)
"""Types whose `str` is clearer than their `repr`, such as `Decimal` and `Path`."""

encode_json = JSONEncoder(ensure_ascii=False).encode
class_name: Callable[[type], str] = vars(type)["__name__"].__get__
"""The name of a class, independent of its metaclass."""


class JsonLiteral(str):
    """JSON without quotes: a number, `true`, `false` or `null`."""

    __slots__ = ()


def as_text(value: object, max_bytes: int = MAX_RESULT_BYTES) -> str:
    """Return a value as text: strings unchanged, Python values as JSON, tables and arrays in short, others by `repr`.

    A text longer than the budget (at least 200) keeps its head and its tail. A line between them reports how much
    is missing. The text has no lone surrogates, and no control characters but tab and line feed.
    """
    try:
        plain = "" if value is None else _to_plain(value, max_bytes)
        if not isinstance(plain, str):
            return _encode_container(value, max_bytes)
    except Exception as error:  # noqa: BLE001  a container can change while it is read
        plain = _describe_failure(value, error)
    return _truncate(plain, max_bytes) if plain and not plain.isspace() else "(no output)"


def _to_plain(value: object, max_bytes: int) -> Any:
    """Return a `str`, a `JsonLiteral`, or a container that can be encoded as JSON."""
    try:
        return _convert(value, max_bytes)
    except Exception as error:  # noqa: BLE001  a `__repr__` can raise any error
        return _describe_failure(value, error)


def _describe_failure(value: object, error: Exception) -> str:
    return f"(a {class_name(type(value))} object that cannot be shown: {class_name(type(error))})"


def _convert(value: Any, max_bytes: int) -> Any:
    kind = type(value)
    match value:
        case Enum():
            return _convert(value.value, max_bytes)
        case None | bool() | int() | float():
            return JsonLiteral(encode_json(value))
        case str():
            return str.__str__(value)
        case bytes() | bytearray() | memoryview():
            return _format_bytes(bytes(value))
        case tuple() if hasattr(kind, "_fields"):
            return dict(zip(kind._fields, value, strict=False))
        case _:
            return (
                value if issubclass(kind, MAPPING_TYPES + LIST_TYPES) else _convert_object(value, max_bytes)
            )


def _convert_object(value: Any, max_bytes: int) -> Any:
    """Convert an object. Methods are looked up on its class, because some objects have every attribute."""
    kind = type(value)
    names = (f"{str(each.__module__).partition('.')[0]}.{class_name(each)}" for each in kind.__mro__)
    if converter := next((CONVERTERS[name] for name in names if name in CONVERTERS), None):
        return converter(value, max_bytes)
    if isinstance(text := getattr(kind, "_repr_markdown_", lambda _: None)(value), str):
        return str.__str__(text)
    if is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.repr}
    if isinstance(value, Iterator | AsyncIterator):
        return f"(a {class_name(kind)}; it was not read, because an iterator can be read only once)"
    return str.__str__(str(value) if isinstance(value, STR_TYPES) else repr(value))


def _format_bytes(raw: bytes) -> str:
    text = raw.decode(errors="replace")
    # A null byte is valid UTF-8, but it does not occur in text.
    ending = " of text)\n" + text if raw and b"\0" not in raw and text.encode() == raw else ")"
    return f"({len(raw):,} bytes{ending}"


def _format_table(value: Any, max_bytes: int) -> str:
    """Format a DataFrame or Series of pandas or polars: size, columns with types, first and last rows."""
    frame = value.to_frame() if len(value.shape) == 1 else value
    length, width = frame.shape
    columns = islice(zip(frame.columns, frame.dtypes, strict=False), MAX_LISTED_COLUMNS)
    column_list = ", ".join(f"{name} ({kind})" for name, kind in columns)
    more = f", and {width - MAX_LISTED_COLUMNS:,} more" if width > MAX_LISTED_COLUMNS else ""
    head = f"a {class_name(type(value))}; rows: {length:,}; columns: {width:,}: {column_list}{more}\n"
    # A cell takes at least 4 bytes.
    rows = max_bytes // (4 * min(width, MAX_SHOWN_COLUMNS) + 4)
    while (
        _count_bytes(text := head + _format_frame(frame, max(rows, MIN_ROWS))) > max_bytes and rows > MIN_ROWS
    ):
        rows //= 2
    return text


def _format_frame(frame: Any, rows: int) -> str:
    if hasattr(frame, "to_string"):
        return str(frame.to_string(max_rows=rows, max_cols=MAX_SHOWN_COLUMNS, max_colwidth=100))
    with sys.modules["polars"].Config(tbl_rows=rows, tbl_cols=MAX_SHOWN_COLUMNS, fmt_str_lengths=100):
        return str(frame)


def _format_array(value: Any, _: int) -> str:
    shape = " x ".join(f"{length:,}" for length in value.shape) or "()"
    with sys.modules["numpy"].printoptions(threshold=1000, edgeitems=3):
        return f"a numpy array; shape: {shape}; type: {value.dtype}\n{value!r}"


def _convert_scalar(value: Any, max_bytes: int) -> Any:
    plain = {"b": bool, "i": int, "u": int, "f": float}.get(value.dtype.kind, str)
    return _convert(plain(value), max_bytes)


def _format_figure(value: Any, _: int) -> str:
    width, height = value.get_size_inches() * value.dpi
    return f"a figure of {width:.0f} x {height:.0f} pixels with {len(value.axes)} axes"


CONVERTERS: dict[str, Callable[[Any, int], Any]] = {
    "datetime.date": lambda value, _: value.isoformat(),
    "datetime.time": lambda value, _: value.isoformat(),
    "pydantic.BaseModel": lambda value, max_bytes: _convert(value.model_dump(warnings=False), max_bytes),
    "numpy.ndarray": _format_array,
    "numpy.generic": _convert_scalar,
    **dict.fromkeys(
        ("pandas.DataFrame", "pandas.Series", "polars.DataFrame", "polars.Series"), _format_table
    ),
    "matplotlib.Figure": _format_figure,
    "PIL.Image": lambda value, _: f"an image of {value.width} x {value.height} pixels, mode {value.mode}",
}
"""Converters by the package and name of a class or base class. Nothing is imported."""


def _encode_container(value: object, max_bytes: int) -> str:
    """Return a container as JSON within the budget."""
    path: dict[int, int] = {}
    pieces = _iter_json(value, max_bytes, path, 1)
    head = _join_pieces(pieces, max_bytes)
    size, counted = _count_bytes(head), 0
    for piece in pieces:
        size += _count_bytes(piece)
        counted += 1 + len(piece) // 2000
        if counted > MAX_COUNTED_PIECES:
            break
    if size <= max_bytes:
        return _clean(head.replace("\n", " ") if size <= MAX_ONE_LINE_BYTES else head)
    tail = _join_pieces(_iter_json(value, max_bytes, {}, -1), max_bytes, -1)
    return _keep_head_and_tail(
        head, tail, max_bytes, _build_omission_note(size, max(path.values(), default=0))
    )


def _join_pieces(pieces: Iterator[str], max_bytes: int, direction: int = 1) -> str:
    parts, size = [], 0
    while size <= max_bytes and (piece := next(pieces, "")):
        parts.append(piece)
        size += _count_bytes(piece)
    return "".join(parts[::direction])


def _iter_json(value: object, max_bytes: int, path: dict[int, int], direction: int) -> Iterator[str]:
    """Yield the JSON of a value from its beginning, or from its end if `direction` is -1.

    `path` maps the identity of each surrounding container to the number of its items.
    """
    plain = _to_plain(value, max_bytes)
    if isinstance(plain, JsonLiteral):
        yield plain
    elif isinstance(plain, str):
        yield from _iter_string(plain, direction)
    elif id(value) in path:
        yield encode_json(f"(a {class_name(type(value))} that contains itself)")
    elif len(path) == MAX_DEPTH:
        yield encode_json(f"(a {class_name(type(value))} nested more than {MAX_DEPTH} levels deep)")
    else:
        items = _get_items(plain)
        path[id(value)] = len(items)
        yield from _iter_container(items, max_bytes, path, direction)
        del path[id(value)]


def _iter_string(text: str, direction: int) -> Iterator[str]:
    if len(text) <= CHUNK_CHARS:
        yield encode_json(text)
        return
    yield '"'
    for start in range(0, len(text), CHUNK_CHARS)[::direction]:
        yield encode_json(text[start : start + CHUNK_CHARS])[1:-1]
    yield '"'


def _iter_container(items: Any, max_bytes: int, path: dict[int, int], direction: int) -> Iterator[str]:
    """Yield the items. Items of the outermost container have lines of their own, where the text can be cut."""
    is_mapping = isinstance(items, ItemsView)
    separator = ",\n" if len(path) == 1 else ", "
    brackets = ("{}" if is_mapping else "[]")[::direction]
    yield brackets[0]
    for number, item in enumerate(items if direction > 0 else reversed(items)):
        if number:
            yield separator
        key_pieces = [_encode_key(item[0], max_bytes, path)] if is_mapping else []
        value_pieces = _iter_json(item[1] if is_mapping else item, max_bytes, path, direction)
        yield from chain(*(key_pieces, value_pieces)[::direction])
    yield brackets[1]


def _get_items(plain: Any) -> Any:
    """Return the items of the built-in class in order. An overridden `__iter__` or `items` is not called."""
    kind = next(kind for kind in MAPPING_TYPES + LIST_TYPES if isinstance(plain, kind))
    if kind in MAPPING_TYPES:
        return kind.items(plain)
    items = list(kind.__iter__(plain))
    if (
        kind in (set, frozenset)
        and len(items) <= MAX_SORTED_ITEMS
        and all(type(each) is str for each in items)
    ):
        # The order of a set differs between processes. A tape matches only equal requests.
        items.sort()
    return items


def _encode_key(key: object, max_bytes: int, path: dict[int, int]) -> str:
    text = "".join(_iter_json(key, max_bytes, path, 1))
    return f"{text}: " if text.startswith('"') else f"{encode_json(text)}: "


def _truncate(text: str, max_bytes: int) -> str:
    size = _count_bytes(text)
    return (
        _clean(text)
        if size <= max_bytes
        else _keep_head_and_tail(text[:max_bytes], text[-max_bytes:], max_bytes, _build_omission_note(size))
    )


def _build_omission_note(size: int, items: int = 0) -> Callable[[int], str]:
    """Return a function that formats the omission line for a number of kept bytes. With `items` the total is a lower limit."""
    more, location = ("more than ", f", in a collection of {items:,} items") if items else ("", "")
    return lambda kept_bytes: f"… {more}{size - kept_bytes:,} of {more}{size:,} bytes left out{location} …"


def _keep_head_and_tail(head: str, tail: str, max_bytes: int, omission_note: Callable[[int], str]) -> str:
    """Keep as much of head and tail as fits around the omission line."""
    remaining_bytes = max(max_bytes - _count_bytes(omission_note(0)) - 2, 0)
    head = _cut_head(_clean(head), remaining_bytes // 2)
    tail = _cut_tail(_clean(tail), remaining_bytes - _count_bytes(head))
    end = "" if head.endswith("\n") else "\n"
    return f"{head}{end}{omission_note(_count_bytes(head) + _count_bytes(tail))}\n{tail}"


def _cut_head(text: str, max_bytes: int) -> str:
    """Cut at a line end, else at a space, else between characters. Keep at least half of the bytes."""
    head = text.encode()[:max_bytes].decode(errors="ignore")
    half = len(head) // 2
    return head[: head.rfind("\n", half) + 1 or head.rfind(" ", half) + 1 or len(head)]


def _cut_tail(text: str, max_bytes: int) -> str:
    raw = text.encode()
    tail = raw[max(len(raw) - max_bytes, 0) :].decode(errors="ignore")
    half = len(tail) // 2
    return tail[tail.find("\n", 0, half) + 1 or tail.find(" ", 0, half) + 1 :]


def _count_bytes(text: str) -> int:
    """Return the number of bytes of the cleaned text. The two surrogates of a pair count separately."""
    raw = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"\n")
    return len(raw) + 2 * (len(raw) - len(raw.translate(None, CONTROL_BYTES)))


def _clean(text: str) -> str:
    return CONTROL_PATTERN.sub("\ufffd", join_surrogates(text.replace("\r\n", "\n")))
