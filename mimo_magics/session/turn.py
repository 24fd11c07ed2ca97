"""A turn of a conversation as it was really asked and answered, and the messages and records that turns make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import AudioPart, ImagePart, Message, Params, Reply, TextPart, Usage, rounds
from mimo_magics.core.settings import Api

BROKEN_OFF = ("interrupted", "cut", "budget")
"""Ends of answers that are not whole."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and what became of it."""

    prompt: Message
    reply: Reply
    params: Params
    preset: str
    api: Api
    asked: float
    """When, in seconds since 1970."""
    id: str = ""
    """Twelve hexadecimal digits. A turn that is continued stays the same turn."""
    system: str = ""
    """The system prompt as it was sent."""
    tools: tuple[str, ...] = ()
    """Names of the tools that were offered."""
    spent: Usage = Usage()
    """Tokens of all its requests; an estimate where the server told nothing. Nothing for an answer that was kept."""
    context: int = 0
    """Tokens of its last request and answer together: what a next prompt comes on top of. 0 is unknown."""
    left_out: int = 0
    """How many of the oldest turns before it were not sent, as the model's window was full."""
    summary: str = ""
    """What was sent in place of those."""
    digest: str = ""
    """Of the request, with the date of the system prompt set aside: equal requests have equal ones."""
    cell: str = ""
    """Who asked: a cell's id by its front end, `id:NAME` by its option, or nobody that can be told again."""
    thread: str = ""
    """Which of the session's conversations it belongs to: the first one, or the turn that began it."""

    @property
    def kept(self) -> bool:
        """Whether it belongs to the conversation: a failed call does not, an answer that was broken off does."""
        return bool(self.reply.message.parts) or self.reply.stop not in (None, *BROKEN_OFF)

    @property
    def whole(self) -> bool:
        """Whether the answer came to its end."""
        return self.reply.stop not in (None, *BROKEN_OFF)


def day(turn: Turn) -> str:
    """Return the day on which a turn was asked, as calendars here show it; a stranger's may have none."""
    try:
        return f"{datetime.fromtimestamp(turn.asked).astimezone():%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return Words("another day")


def history(turns: Iterable[Turn]) -> Iterator[Message]:
    """Yield the messages that a next prompt follows; always a history that a server accepts."""
    for turn in turns:
        yield turn.prompt
        answer = answered(turn.reply.message)
        yield from rounds(answer) if answer.parts else (answer,)


def answered(message: Message) -> Message:
    """Without tool calls that never got a result: each call must be followed by one."""
    left_out = message.open_calls
    parts = tuple(part for part in message.parts if not any(part is call for call in left_out))
    return replace(message, parts=parts)


def check(turn: Turn) -> None:
    """See that a person asked and a model answered, in parts that either can say.

    Raises:
        ValueError: it is not so.
    """
    prompt, answer = turn.prompt, turn.reply.message
    if (prompt.role, answer.role) != ("user", "assistant"):
        raise ValueError("a turn is a prompt and an answer")
    if not all(isinstance(part, TextPart | ImagePart | AudioPart) for part in prompt.parts):
        raise ValueError("a prompt says what nobody can")
    if any(isinstance(part, ImagePart | AudioPart) for part in answer.parts):
        raise ValueError("an answer says what no model can")
