"""How much of one response is kept: a server that never ends it would fill the memory."""

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
"""Characters of text, reasoning and arguments in one response: a model writes 131,072 tokens at the most."""
MIN_NOTE_CHARS = 1_000
"""As which a remark or a source of the server counts at least, so that there are no more than some thousands."""


class ResponseSize:
    """The characters of one response that were kept so far."""

    def __init__(self) -> None:
        self._chars = 0

    def feed(self, event: Event) -> None:
        """Count what an event adds.

        Raises:
            WireError: the response is longer than it may be.
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
