"""A renderer that needs no context: the `str` of a value, so that the operations on it can be counted."""

from __future__ import annotations

from mimo_magics.core.messages import ContextPart


def as_str(name: str, value: object) -> ContextPart:
    """Return a value as its `str`."""
    text = str(value)
    return ContextPart(text, name, whole_size=len(text))
