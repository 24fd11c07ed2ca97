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
    """Holds the first half of a character back until the other one comes."""

    def __init__(self) -> None:
        self._half: Any = None
        """An event that is the first half of a character."""

    def feed(self, event: Event) -> Iterable[Event]:
        """Pass an event on, whole."""
        field = TEXT_FIELD.get(type(event))
        if field is None:
            return (*self.flush(), event) if isinstance(event, Stopped | ToolCallStart) else (event,)
        if self._half is None and getattr(event, field).isascii():
            return (event,)
        return self._join(event, field)

    def flush(self) -> Iterator[Event]:
        """Return a half that stayed alone, as U+FFFD."""
        if self._half is not None:
            yield replace(self._half, **{TEXT_FIELD[type(self._half)]: REPLACEMENT})
            self._half = None

    def _join(self, event: Any, field: str) -> Iterator[Event]:
        text = getattr(event, field)
        if self._half is not None and text:
            if _is_same_text(self._half, event):
                text, self._half = getattr(self._half, field) + text, None
            else:
                yield from self.flush()
        if "\ud800" <= text[-1:] <= "\udbff" and not getattr(event, "signature", ""):
            text, half = text[:-1], text[-1]
            self._half = replace(event, **{field: half})
        if text or not getattr(event, field):
            yield replace(event, **{field: join_surrogates(text)})


def _is_same_text(one: Event, other: Event) -> bool:
    return type(one) is type(other) and getattr(one, "index", None) == getattr(other, "index", None)
