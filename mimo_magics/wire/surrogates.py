"""Surrogate pairs that a server splits over two events are joined here.

JSON writes an emoji as two escapes, and some servers split between them. A lone surrogate cannot be encoded as UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta, ToolCallDelta, ToolCallStart
from mimo_magics.core.text import join_surrogates

TEXT_FIELD: dict[type, str] = {TextDelta: "text", ReasoningDelta: "text", ToolCallDelta: "arguments"}
"""The streamed field of each event type."""
REPLACEMENT = "\ufffd"


class SurrogateJoiner:
    """Holds back the first half of a surrogate pair until the second half arrives.

    Each tool call has its own state, as the arguments of several calls may alternate.
    """

    def __init__(self) -> None:
        self._halves: dict[type | int, Any] = {}
        """Events with the first half of a pair, by event type; for tool calls by index."""

    def feed(self, event: Event) -> Iterable[Event]:
        """Return the event without the first half of a pair at its end, if there is one."""
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
        """Return the halves that stayed alone, as U+FFFD."""
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
