"""The text of a value for a model, within a budget of bytes. Nothing is imported for it.

A string is text as it is, and so is the `str` of a number, a date, a path or an enum. Other values are written by the
modules of this package: frames, arrays, containers, code, exceptions, objects that speak for themselves, and objects
with a `str` of their own.

No method of a value is trusted. A value whose method raises is replaced by the name of the error, without the
message, which may contain secrets. `KeyboardInterrupt` comes from the user and is raised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace
from datetime import date, time, timedelta
from enum import Enum
from functools import partial
from numbers import Number
from pathlib import PurePath
from time import monotonic
from typing import Any
from uuid import UUID

from mimo_magics.context import array, frame
from mimo_magics.context.budget import (
    MIN_BUDGET,
    build_omission_note,
    count_bytes,
    keep_head_and_tail,
    truncate,
)
from mimo_magics.context.code import CODE_TYPES, code_schema, code_text, code_title
from mimo_magics.context.container import (
    CONTAINER_TYPES,
    JsonLiteral,
    encode_container,
    encode_json,
)
from mimo_magics.context.error import error_line, error_text, error_type
from mimo_magics.context.libraries import find_converter
from mimo_magics.context.object_text import MAX_SECONDS, class_name, object_text, time_limit
from mimo_magics.context.registry import find_own_text
from mimo_magics.context.structure import structure_text
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart, Reply
from mimo_magics.core.settings import Share

JSON_TYPES = (type(None), bool, int, float)
QUICK_TYPES = (str, *JSON_TYPES, *CONTAINER_TYPES)
SCALAR_TYPES = (str, type(None), Number, date, time, timedelta, PurePath, Enum, UUID)
"""Types whose `str` is inserted into a prompt, whatever is shared: the user wrote their name there."""
MAX_CONTAINER_SECONDS = 5.0
"""Seconds after which the objects in a container are only named."""
NESTED_PART = 4
"""A frame or an array in a container gets this part of the budget."""


def render_value(name: str, value: Any, max_bytes: int, share: Share) -> ContextPart:
    """Return a value of a prompt as it is sent.

    Args:
        name: the reference in the prompt.
        value: its value.
        max_bytes: the budget. A string is never cut.
        share: what may be sent of a frame, an array or a container.
    """
    kind = type(value)
    if not issubclass(kind, SCALAR_TYPES):
        return replace(summarize(value, max_bytes, share), name=name)
    try:
        with time_limit(MAX_SECONDS) if kind is not str else nullcontext():
            text = str.__str__(str(value))
    except Exception as error:  # noqa: BLE001  `str` is code of the class
        text = _describe_failure(value, error)
    return ContextPart(text, name, class_name(kind), class_name(kind), count_bytes(text))


def summarize(value: Any, max_bytes: int, share: Share) -> ContextPart:
    """Return any value as text within the budget.

    A text longer than the budget keeps its head and its tail. A line between them reports how much is missing. The
    text has no lone surrogates, and no control characters but tab and line feed.
    """
    budget = max(max_bytes, MIN_BUDGET)
    try:
        rendered = _render_schema(value, budget) if share == "schema" else _render(value, budget, share)
    except Exception as error:  # noqa: BLE001  a method can raise any error, and a container can change while it is read
        text = _describe_failure(value, error)
        rendered = _describe_text(text, class_name(type(value)), count_bytes(text))
    text = truncate(rendered.text, budget)
    if text == rendered.text:
        return rendered
    return replace(rendered, text=text)


def _render_schema(value: Any, max_bytes: int) -> ContextPart:
    """Return what a value is, without the values in it."""
    if rendered := _render_data(value, max_bytes, "schema"):
        return rendered
    name = class_name(type(value))
    describe = find_converter(type(value), SCHEMA_CONVERTERS)
    text = describe(value) if describe else f"{structure_text(value)}\n{frame.NOT_SHARED}"
    return ContextPart(
        text, kind=name, detail=Translatable("{kind}, schema", kind=name), whole_size=count_bytes(text)
    )


def _render(value: Any, max_bytes: int, share: Share) -> ContextPart:
    speaks, own = find_own_text(value)
    subject, name = own if speaks else value, class_name(type(value))
    if rendered := _render_data(subject, max_bytes, share):
        return rendered
    plain = _convert(subject, max_bytes, share, is_inside=False)
    if isinstance(plain, str):
        return _describe_text(str.__str__(plain), name, count_bytes(plain))
    inner_bytes = max(max_bytes // NESTED_PART, MIN_BUDGET)
    deadline = monotonic() + MAX_CONTAINER_SECONDS
    convert = partial(_convert_inside, max_bytes=inner_bytes, share=share, deadline=deadline)
    text, size = encode_container(subject, max_bytes, convert)
    return _describe_text(text, name, size)


def _describe_text(text: str, kind: str, whole_size: int) -> ContextPart:
    return ContextPart(text, kind=kind, detail=kind, whole_size=whole_size)


def _render_data(value: Any, max_bytes: int, share: Share) -> ContextPart | None:
    """Return a frame or an array as text; `None` for any other value."""
    kind = type(value)
    if (read := frame.find_reader(kind)) is not None:
        return frame.render_frame(value, read, max_bytes, share)
    array_kind = array.find_kind(kind)
    return array.render_array(array_kind, value, max_bytes, share) if array_kind else None


def _describe_failure(value: object, error: Exception) -> str:
    return f"(a {class_name(type(value))} object that cannot be shown: {class_name(type(error))})"


def _convert_inside(value: Any, max_bytes: int, share: Share, deadline: float) -> Any:
    """Convert a value of a container, which may speak for itself. Raises no error."""
    try:
        if not issubclass(type(value), QUICK_TYPES) and monotonic() > deadline:
            return f"(a {class_name(type(value))} object that is not shown, because the others took too long)"
        speaks, own = find_own_text(value)
        return _convert(own if speaks else value, max_bytes, share, is_inside=True)
    except Exception as error:  # noqa: BLE001  a `__repr__` can raise any error
        return _describe_failure(value, error)


def _convert(value: Any, max_bytes: int, share: Share, *, is_inside: bool) -> Any:
    """Return a `str`, a `JsonLiteral`, or a container that can be encoded as JSON.

    Only classes are tested, because some objects have every attribute, `__class__` too.
    """
    kind = type(value)
    if issubclass(kind, Enum):
        return _convert(value.value, max_bytes, share, is_inside=is_inside)
    if issubclass(kind, (str, *JSON_TYPES)):
        return str.__str__(value) if issubclass(kind, str) else JsonLiteral(encode_json(value))
    if issubclass(kind, (bytes, bytearray, memoryview)):
        return _format_bytes(memoryview(value), max_bytes)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return dict(zip(kind._fields, value, strict=False))
    if issubclass(kind, CONTAINER_TYPES):
        return value
    return _convert_object(value, max_bytes, share, is_inside=is_inside)


def _convert_object(value: Any, max_bytes: int, share: Share, *, is_inside: bool) -> Any:
    kind = type(value)
    if rendered := _render_data(value, max_bytes, share):
        return truncate(rendered.text, max_bytes)
    if converter := find_converter(kind, INSIDE_CONVERTERS if is_inside else CONVERTERS):
        return _convert(converter(value), max_bytes, share, is_inside=is_inside)
    if is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.repr}
    return object_text(value, prefers_repr=is_inside)


def _format_bytes(view: memoryview, max_bytes: int) -> str:
    """Return the size of bytes, and the text that they contain if they are text. Of many bytes only the ends are decoded."""
    title = f"({view.nbytes:,} bytes"
    if view.nbytes <= 4 * max_bytes or not view.c_contiguous:
        text = _decode(view.tobytes(), 0)
        return f"{title} of text)\n{text}" if text else f"{title})"
    flat = view.cast("B")
    # A character at the border may be cut.
    head, tail = _decode(flat[:max_bytes].tobytes(), 3), _decode(flat[-max_bytes:].tobytes(), 3)
    if not head or not tail:
        return f"{title})"
    shown = keep_head_and_tail(head, tail, max_bytes - len(title) - 10, build_omission_note(view.nbytes))
    return f"{title} of text)\n{shown}"


def _decode(raw: bytes, lost_bytes: int) -> str:
    """Return bytes as text if they are text, with at most some bytes lost at each end; else an empty string."""
    text = raw.decode(errors="ignore")
    # A null byte is valid UTF-8, but it does not occur in text.
    return text if b"\0" not in raw and len(raw) - len(text.encode()) <= 2 * lost_bytes else ""


def _convert_scalar(value: Any) -> Any:
    """Return a scalar of numpy as a Python value."""
    return {"b": bool, "i": int, "u": int, "f": float, "S": bytes}.get(value.dtype.kind, str)(value)


def _describe_figure(figure: Any) -> str:
    width, height = figure.get_size_inches() * figure.dpi
    return f"a figure of {width:.0f} x {height:.0f} pixels with {len(figure.axes)} axes"


def _describe_iterator(value: Any) -> str:
    return f"(a {class_name(type(value))}; it was not read, because an iterator can be read only once)"


CONVERTERS: dict[type | str, Callable[[Any], Any]] = {
    BaseException: error_text,
    Reply: str,
    date: lambda value: value.isoformat(),
    time: lambda value: value.isoformat(),
    **dict.fromkeys(CODE_TYPES, code_text),
    "pydantic.BaseModel": lambda value: value.model_dump(warnings=False),
    "numpy.generic": _convert_scalar,
    "polars.LazyFrame": lambda _: "a polars LazyFrame, which was not collected",
    "matplotlib.figure.Figure": _describe_figure,
    "PIL.Image.Image": lambda value: f"an image of {value.width} x {value.height} pixels, mode {value.mode}",
    Iterator: _describe_iterator,
    AsyncIterator: _describe_iterator,
}
"""Functions that return another value to show, by class, or by the module and the name of a class."""
INSIDE_CONVERTERS = CONVERTERS | {BaseException: error_line} | dict.fromkeys(CODE_TYPES, code_title)
"""Functions for the values in a container."""
SCHEMA_CONVERTERS: dict[type | str, Callable[[Any], str]] = {
    BaseException: error_type,
    Reply: str,
    **dict.fromkeys(CODE_TYPES, code_schema),
}
"""Functions for values that are shown with `share=schema`."""
