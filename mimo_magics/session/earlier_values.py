"""The values in earlier turns, which a request with `share=schema` leaves out.

A turn that ran with another `share` has rows of data in its prompt, and in the results of its tools. Its texts and the replies
of the model are sent.
"""

from __future__ import annotations

from dataclasses import replace

from mimo_magics.core.messages import ContextPart, Message, Part, TextPart, ToolResult
from mimo_magics.session.turn import Turn

NOT_SHARED = "It is not shared."


def count_values(turn: Turn) -> int:
    """Return the number of values in a turn that are not sent with `share=schema`."""
    return 0 if turn.hides_values else sum(map(_is_value, (*turn.prompt.parts, *turn.reply.message.parts)))


def without_values(turn: Turn) -> Turn:
    """Return a turn with a line of text in place of each value."""
    if not count_values(turn):
        return turn
    reply = replace(turn.reply, message=_replace_values(turn.reply.message))
    return replace(turn, prompt=_replace_values(turn.prompt), reply=reply)


def _replace_values(message: Message) -> Message:
    return replace(message, parts=tuple(map(_replace_value, message.parts)))


def _is_value(part: Part) -> bool:
    return isinstance(part, ContextPart | ToolResult) and not getattr(part, "refused", False)


def _replace_value(part: Part) -> Part:
    match part:
        case ContextPart(name=name):
            return TextPart(f"({name or 'A value'} was omitted. {NOT_SHARED})")
        case ToolResult(refused=False):
            return replace(part, output=f"(The result was omitted. {NOT_SHARED})")
    return part
