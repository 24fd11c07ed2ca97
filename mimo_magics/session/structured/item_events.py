"""The items of a result as events, while the reply streams. Only what is complete becomes an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mimo_magics.core.events import (
    Event,
    ResponseRestarted,
    ResponseStarted,
    ResultExpected,
    ResultItem,
    TextDelta,
)

if TYPE_CHECKING:  # they import pydantic
    from mimo_magics.session.structured.item_stream import ItemStream
    from mimo_magics.session.structured.schema import ResultSchema

MAX_OPEN_CHARS = 8_000
"""Characters of an object whose complete fields are shown before its end. It is read again for each field."""
FIELD_ENDS = frozenset(",]}\n")


class ItemEvents:
    """Adds the events of a result to those of a turn.

    Args:
        schema: what is expected; `None` adds nothing.
    """

    def __init__(self, schema: ResultSchema | None) -> None:
        self._schema = schema
        self._stream: ItemStream | None = None
        self._text = ""
        """The text of the response, if one object is expected."""
        self._shown: Any = None
        """The fields of the object that were shown."""

    def feed(self, event: Event) -> Iterator[Event]:
        """Yield the event, and what it completes."""
        yield event
        if not self._schema:
            return
        match event:
            case ResponseStarted() | ResponseRestarted():
                self._begin_response(self._schema)
                yield ResultExpected(self._schema.value_schema)
            case TextDelta(text) if self._stream and self._schema.is_list:
                for item in self._stream.feed_items(text):
                    yield ResultItem(item.data)
            case TextDelta(text) if FIELD_ENDS & set(text) and len(self._text) < MAX_OPEN_CHARS:
                self._text += text
                yield from self._read_fields()
            case TextDelta(text):
                self._text += text

    def _begin_response(self, schema: ResultSchema) -> None:
        from mimo_magics.session.structured.item_stream import ItemStream

        self._stream, self._text, self._shown = ItemStream(schema), "", None

    def _read_fields(self) -> Iterator[Event]:
        """Yield the complete fields of the last object, if there are new ones."""
        from mimo_magics.session.structured.json_search import find_json_values
        from mimo_magics.session.structured.json_values import Flaw, OpenList

        values = [each for each in find_json_values(self._text) if isinstance(each, dict | Flaw)]
        last = values[-1] if values else {}
        members = last.members if isinstance(last, Flaw) else last
        fields = {name: each for name, each in members.items() if not isinstance(each, Flaw | OpenList)}
        if fields and fields != self._shown:
            self._shown = fields
            yield ResultItem(fields)
