"""An answer that is there already, as the events that it could have come by."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.events import (
    Annotations,
    Event,
    Noted,
    ReasoningDelta,
    Started,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import Part, ReasoningPart, Reply, TextPart, ToolCall, ToolResult


def replayed(reply: Reply) -> Iterator[Event]:
    """Yield the events of a reply that is there already, each part in one piece."""
    yield Started(reply.id, reply.model)
    if reply.annotations:
        yield Annotations(reply.annotations)
    yield from map(Noted, reply.notes)
    calls: dict[str, list[int]] = {}
    for index, part in enumerate(reply.message.parts):
        if isinstance(part, ToolCall):
            calls.setdefault(part.id, []).append(index)
        number = calls[part.id].pop(0) if isinstance(part, ToolResult) and calls.get(part.id) else index
        yield from _replayed(number, part)
    if reply.usage:
        yield UsageUpdate(reply.usage)
    if reply.stop:
        yield Stopped(reply.stop)


def _replayed(index: int, part: Part) -> Iterator[Event]:
    match part:
        case TextPart(text):
            yield TextDelta(text)
        case ReasoningPart(text, signature):
            yield ReasoningDelta(text, signature)
        case ToolCall(id_, name, arguments):
            yield ToolCallStart(index, id_, name)
            yield ToolCallDelta(index, arguments)
        case ToolResult(refused=refused, is_error=is_error):
            yield ToolProgress(index, "refused" if refused else "failed" if is_error else "done", part)
