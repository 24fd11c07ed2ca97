"""The tool call that delivers a result, as the text of the reply: events in, events out."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.events import (
    Event,
    ResponseRestarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)

RESULT_TOOL = "deliver_result"
"""The name of the tool."""


class ResultToolFilter:
    """Converts these calls to text."""

    def __init__(self) -> None:
        self._indices: set[int] = set()

    def feed(self, event: Event) -> Iterator[Event]:
        """Forward an event, unless it belongs to such a call."""
        match event:
            case ResponseRestarted():
                self._indices.clear()
            case ToolCallStart(index, _, name) if name == RESULT_TOOL or index in self._indices:
                self._indices.add(index)
                return
            case ToolCallDelta(index, arguments) if index in self._indices:
                yield TextDelta(arguments)
                return
            case Stopped("tool_calls") if self._indices:
                yield Stopped("end")
                return
        yield event

    def flush(self) -> Iterator[Event]:
        """Return nothing, as no event is held back."""
        return iter(())
