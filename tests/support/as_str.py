"""A renderer that needs no context: the `str` of a value, so that the operations on it can be counted."""

from __future__ import annotations

from mimo_magics.context.rendered import RenderedValue


def as_str(name: str, value: object) -> RenderedValue:
    """Return a value as its `str`."""
    text = str(value)
    return RenderedValue("", text, len(text), "", name)
