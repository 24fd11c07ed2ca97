"""The size limit of one response. A server that never ends it would fill the memory."""

from __future__ import annotations

from dataclasses import astuple

from mimo_magics.client.body import too_long_error
from mimo_magics.core.events import (
    Annotations,
    Event,
    Note,
    ReasoningDelta,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)

MAX_RESPONSE_CHARS = 2_000_000
"""Characters of text, reasoning and arguments in one response. A model writes at most 131,072 tokens."""
MIN_NOTE_CHARS = 1_000
"""Minimum number of characters counted for a note or a source. It limits a response to a few thousand of them."""


class ResponseSize:
    """Counts the characters of one response."""

    def __init__(self) -> None:
        self._chars = 0

    def feed(self, event: Event) -> None:
        """Count the characters of an event.

        Raises:
            WireError: the response is too long.
        """
        self._chars += _count_chars(event)
        if self._chars > MAX_RESPONSE_CHARS:
            raise too_long_error(MAX_RESPONSE_CHARS)


def _count_chars(event: Event) -> int:
    match event:
        case TextDelta(text) | ToolCallDelta(_, text) | Stopped(text):
            return len(text)
        case ReasoningDelta(one, other) | ToolCallStart(_, one, other):
            return len(one) + len(other)
        case Note(text):
            return MIN_NOTE_CHARS + len(text)
        case Annotations(items):
            return sum(MIN_NOTE_CHARS + sum(map(len, astuple(each))) for each in items)
    return 0
