"""Redaction of the API key in replies: a server that echoes the key must not put it into notebooks and exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

from mimo_magics.core.events import (
    Annotations,
    Event,
    Note,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)
from mimo_magics.core.messages import Annotation
from mimo_magics.core.secret import Secret, is_redactable, redact

StreamedEvent = TextDelta | ReasoningDelta | ToolCallDelta
"""Events with a part of a text. A key may be split over several of them."""
StreamedField = type[StreamedEvent] | int
"""A text that is streamed in parts: the type of its events, or the number of a tool call for its arguments."""

INTERRUPTED_FIELDS: Mapping[type, tuple[StreamedField, ...]] = {
    TextDelta: (ReasoningDelta,),
    ReasoningDelta: (TextDelta,),
    ToolCallStart: (TextDelta, ReasoningDelta),
}
"""The texts that end when an event of a type arrives."""


class KeyRedactor:
    """Replaces the key in the events of one reply.

    If the end of a delta may be the beginning of the key, it is held back until the next delta of the same text.
    """

    def __init__(self, key: Secret) -> None:
        self._key = key if is_redactable(key) else Secret()
        self._held_events: dict[StreamedField, StreamedEvent] = {}

    def feed(self, event: Event) -> Sequence[Event]:
        """Add an event, and return the redacted events that can be shown now."""
        if not self._key or self._cannot_hold_key(event):
            return (event,)
        if isinstance(event, ResponseRestarted):
            self._held_events.clear()
        released = (
            self.close()
            if isinstance(event, Stopped)
            else self._release(*INTERRUPTED_FIELDS.get(type(event), ()))
        )
        if isinstance(event, TextDelta | ReasoningDelta | ToolCallDelta):
            return (*released, *self._redact_delta(event))
        return (*released, self._redact_whole(event))

    def _cannot_hold_key(self, event: Event) -> bool:
        """Return whether a delta contains no part of the key. This is the fast path for nearly all events."""
        match event:
            case TextDelta(text) | ReasoningDelta(text, "") | ToolCallDelta(_, text):
                return not (
                    self._held_events or self._key in text or self._key[0] in text[1 - len(self._key) :]
                )
        return False

    def close(self) -> Sequence[Event]:
        """Return the events that are held back: no delta follows that could complete the key."""
        return self._release(*self._held_events)

    def _release(self, *fields: StreamedField) -> Sequence[Event]:
        return tuple(self._held_events.pop(field) for field in fields if field in self._held_events)

    def _redact_delta(self, event: StreamedEvent) -> Sequence[Event]:
        field = event.index if isinstance(event, ToolCallDelta) else type(event)
        held = self._held_events.pop(field, None)
        text = _get_text(held) + _get_text(event) if held else _get_text(event)
        text = redact(text, self._key)
        # A signature ends its reasoning part, so the rest need not be held back.
        if isinstance(event, ReasoningDelta) and event.signature:
            return (ReasoningDelta(text, redact(event.signature, self._key)),)
        if length := self._count_key_start(text):
            self._held_events[field] = _with_text(event, text[-length:])
            text = text[:-length]
        return (_with_text(event, text),) if text else ()

    def _count_key_start(self, text: str) -> int:
        """Return how many characters at the end of a text are the beginning of the key."""
        start = max(0, len(text) - len(self._key) + 1)
        while (start := text.find(self._key[0], start)) >= 0:
            if self._key.startswith(text[start:]):
                return len(text) - start
            start += 1
        return 0

    def _redact_whole(self, event: Event) -> Event:
        match event:
            case ResponseStarted(id_, model) | ResponseRestarted(id_, model):
                return replace(event, id=self._redact(id_), model=self._redact(model))
            case ToolCallStart(index, id_, name):
                return ToolCallStart(index, self._redact(id_), self._redact(name))
            case Annotations(items):
                return Annotations(tuple(Annotation(*map(self._redact, astuple(each))) for each in items))
            case Note(text):
                return Note(self._redact(text))
            case Stopped(reason):
                return Stopped(self._redact(reason))
        return event

    def _redact(self, text: str) -> str:
        return redact(text, self._key)


def _get_text(event: StreamedEvent) -> str:
    return event.arguments if isinstance(event, ToolCallDelta) else event.text


def _with_text(event: StreamedEvent, text: str) -> StreamedEvent:
    if isinstance(event, ToolCallDelta):
        return replace(event, arguments=text)
    return replace(event, text=text)
