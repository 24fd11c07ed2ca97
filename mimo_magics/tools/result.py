"""The result of a tool as text for the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mimo_magics.core.settings import Share

MAX_RESULT_BYTES = 20_000
"""Bytes of UTF-8: about 5,000 tokens of English."""
NO_OUTPUT = "(no output)"
_share: ContextVar[Share] = ContextVar("_share", default="sample")
"""The setting `share` of the turn that runs in this context, in a task or in a thread with the same context."""


@contextmanager
def share_results(share: Share) -> Iterator[None]:
    """Apply the setting `share` of a turn to the results and errors of the tools that run in the block."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


def hides_values() -> bool:
    """Return whether the running turn sends no values of data, and no messages of exceptions."""
    return _share.get() == "schema"


def as_text(value: Any, max_bytes: int = MAX_RESULT_BYTES) -> str:
    """Return a value as text: strings and numbers as they are, Python values as JSON, frames and arrays in short.

    A tool chooses what it returns, so a frame has as many rows as fit, also with `share=sample`. With `share=schema`
    data is described without its values. A text longer than the budget (at least 200) keeps its head and its tail.
    """
    # Imported late, as only turns with tools need it.
    from mimo_magics.context.value import summarize

    if value is None or (isinstance(value, str) and str.isspace(value)):
        return NO_OUTPUT
    is_plain = issubclass(type(value), (str, bool, int, float))
    text = summarize(value, max_bytes, "schema" if hides_values() and not is_plain else "full").text
    return text if text and not text.isspace() else NO_OUTPUT
