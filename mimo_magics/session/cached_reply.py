"""A saved reply as the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator

from mimo_magics.core.events import (
    Annotations,
    Event,
    Note,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import (
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    with_unique_ids,
)


def replay_reply(reply: Reply) -> Iterator[Event]:
    """Yield the events of a saved reply, with one event for each part."""
    yield ResponseStarted(reply.id, reply.model)
    if reply.annotations:
        yield Annotations(reply.annotations)
    yield from map(Note, reply.notes)
    (message,) = with_unique_ids([reply.message])
    call_indices: dict[str, int] = {}
    for index, part in enumerate(message.parts):
        if isinstance(part, ToolCall):
            call_indices[part.id] = index
        yield from _replay_part(
            call_indices.get(part.id, index) if isinstance(part, ToolResult) else index, part
        )
    if reply.usage:
        yield UsageUpdate(reply.usage)
    if reply.stop:
        yield Stopped(reply.stop)


def _replay_part(index: int, part: Part) -> Iterator[Event]:
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
