"""An array or a tensor as text: its shape, its type, the range of its values, and some of them.

Only some values are read, at positions of a sample. The array is never copied, and never shown by its `repr`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

from mimo_magics.context.budget import count_bytes
from mimo_magics.context.cell import value_text
from mimo_magics.context.column import Column, describe_values
from mimo_magics.context.libraries import find_converter
from mimo_magics.context.object_text import class_name
from mimo_magics.context.pandas_table import pandas_type
from mimo_magics.context.table import sample_positions
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

MAX_READ_VALUES = 10_000
SAMPLE_EDGE = 3
"""Values that are shown at each end of an axis with `share=sample`."""
MAX_EDGE = 1000
MAX_AXES = 6
"""Axes that are shown. An array with more of them is shown without its values."""
ARRAYS: dict[type | str, str] = {"numpy.ndarray": "numpy ndarray", "torch.Tensor": "torch Tensor"}


def find_kind(kind: type) -> str | None:
    """Return the name of the kind of array that a class is; `None` for other classes."""
    return find_converter(kind, ARRAYS)


def array_type(array: Any) -> str:
    """Return the type of the values, equal in all versions."""
    name = str(array.dtype)
    return name.removeprefix("torch.") if name.startswith("torch.") else pandas_type(array.dtype)


def schema_text(kind: str, array: Any) -> str:
    """Return shape and type of an array."""
    return f"{kind}, shape {shape_text(array)}, {array_type(array)}"


def shape_text(array: Any) -> str:
    """Return the shape, such as `3 x 2`."""
    return " x ".join(f"{length:,}" for length in array.shape) or "()"


def render_array(kind: str, array: Any, max_bytes: int, share: Share) -> ContextPart:
    """Return an array as text within the budget."""
    head, shape, size = schema_text(kind, array), shape_text(array), prod(array.shape)
    if share == "schema":
        text = f"{head}\nValues are not shared."
        return ContextPart(
            text,
            kind=kind,
            detail=Translatable("{size}, type", size=shape),
            whole_size=count_bytes(text),
        )
    if class_name(type(array)) == "matrix":
        # A row of a matrix is a matrix of two axes.
        array = array.A
    values = _read_values(array, size)
    whole_size = size * sum(len(value_text(value)) + 2 for value in values[:100]) // max(len(values[:100]), 1)
    note = f" (a sample of {len(values):,} values)" if len(values) < size else ""
    described = describe_values(values)
    lines = [head, *([f"Statistics{note}: {described}"] if described and size > 1 else [])]
    for edge in _edges(share):
        shown = _shown_count(array, edge)
        if shown * 2 > max_bytes and edge > SAMPLE_EDGE:
            continue
        text = "\n".join([*lines, *_values_lines(array, size, edge)])
        if count_bytes(text) <= max_bytes:
            break
    detail = Translatable("{size}, type and {count} values", size=shape, count=f"{shown:,}")
    return ContextPart(text, kind=kind, detail=detail, whole_size=max(whole_size, count_bytes(text)))


def _edges(share: Share) -> Iterator[int]:
    """Yield numbers of values at each end of an axis, the best first."""
    if share == "full":
        edge = MAX_EDGE
        while edge > SAMPLE_EDGE:
            yield edge
            edge //= 2
    yield from (SAMPLE_EDGE, 1)


def _shown_count(array: Any, edge: int) -> int:
    return prod(min(length, 2 * edge) for length in array.shape)


def _values_lines(array: Any, size: int, edge: int) -> list[str]:
    if not size or len(array.shape) > MAX_AXES:
        return []
    return ["Values:", _nested_text(array, len(array.shape), edge)]


def _nested_text(array: Any, axes: int, edge: int, indent: int = 0) -> str:
    """Return the values as nested lists, with `…` for those that are left out."""
    if axes == 0:
        return value_text(_to_python(array)[0])
    length = array.shape[0]
    is_cut = length > 2 * edge
    positions = [*range(edge), *range(length - edge, length)] if is_cut else range(length)
    if axes == 1:
        texts = [value_text(value) for value in _read_at(array, (list(positions),))]
    else:
        texts = [_nested_text(array[position], axes - 1, edge, indent + 1) for position in positions]
    if is_cut:
        texts.insert(edge, "…")
    separator = ", " if axes == 1 else f",\n{' ' * (indent + 1)}"
    return f"[{separator.join(texts)}]"


def _read_values(array: Any, size: int) -> list[Any]:
    """Return values at positions of a sample of the flat array, without a flat copy of it."""
    if not size:
        return []
    if not array.shape:
        return _clean_values(array, _to_python(array))
    return _read_at(array, _split_positions(sample_positions(MAX_READ_VALUES, size), array.shape))


def _read_at(array: Any, positions: tuple[list[int], ...]) -> list[Any]:
    return _clean_values(array, _to_python(array[positions]))


def _split_positions(positions: Sequence[int], shape: Sequence[int]) -> tuple[list[int], ...]:
    """Return the positions of a flat array as positions for each axis."""
    axes: list[list[int]] = []
    rest = list(positions)
    for length in reversed(shape):
        axes.append([position % length for position in rest])
        rest = [position // length for position in rest]
    return tuple(reversed(axes))


def _to_python(array: Any) -> list[Any]:
    """Return the values of a small array as Python values."""
    kind = getattr(array.dtype, "kind", "")
    if kind in ("M", "m"):
        # Python has no nanoseconds: numpy would return integers.
        array = array.astype(f"{kind}8[us]")
    values = array.tolist() if hasattr(array, "tolist") else array.item()
    return values if array.shape else [values]


def _clean_values(array: Any, values: list[Any]) -> list[Any]:
    read: Callable[[Sequence[int]], list[Any]] = lambda _: values  # noqa: E731
    return Column("", array_type(array), read).read([0])
