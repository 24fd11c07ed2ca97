"""Characters whose two halves come in different frames, joined before anybody sees an event.

JSON writes an emoji as two escapes, and some servers cut between them; no stream of text takes one half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta, ToolCallDelta, ToolCallStart
from mimo_magics.core.text import join_surrogates

TEXT_FIELD: dict[type, str] = {TextDelta: "text", ReasoningDelta: "text", ToolCallDelta: "arguments"}
"""The field of an event that comes in pieces."""
REPLACEMENT = "\ufffd"


class SurrogateJoiner:
    """Holds the first half of a character back until the other one comes: arguments of several calls may alternate."""

    def __init__(self) -> None:
        self._halves: dict[type | int, Any] = {}
        """Events that are the first half of a character, by their type; those of tool calls by number."""

    def feed(self, event: Event) -> Iterable[Event]:
        """Pass an event on, whole."""
        field = TEXT_FIELD.get(type(event))
        if field is None:
            is_start = isinstance(event, ToolCallStart)
            if is_start or isinstance(event, Stopped):
                return (*self.flush(is_call_kept=is_start), event)
            return (event,)
        if not self._halves and getattr(event, field).isascii():
            return (event,)
        return self._join(event, field)

    def flush(self, *, is_call_kept: bool = False) -> Iterator[Event]:
        """Return halves that stayed alone, as U+FFFD."""
        for text in [text for text in self._halves if not (is_call_kept and isinstance(text, int))]:
            half = self._halves.pop(text)
            yield replace(half, **{TEXT_FIELD[type(half)]: REPLACEMENT})

    def _join(self, event: Any, field: str) -> Iterator[Event]:
        key = event.index if isinstance(event, ToolCallDelta) else type(event)
        text = getattr(event, field)
        if text:
            half = self._halves.pop(key, None)
            yield from self.flush(is_call_kept=True)
            text = getattr(half, field, "") + text
        if "\ud800" <= text[-1:] <= "\udbff" and not getattr(event, "signature", ""):
            text, last = text[:-1], text[-1]
            self._halves[key] = replace(event, **{field: last})
        if text or not getattr(event, field):
            yield replace(event, **{field: join_surrogates(text)})
