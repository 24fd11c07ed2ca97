"""A turn of a conversation as it was really asked and answered, and the messages and records that turns make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    MAX_COUNT,
    AudioPart,
    ImagePart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    Usage,
    split_responses,
)
from mimo_magics.core.settings import Api

MAX_COST = 1e12
"""US dollars that a file may tell; beyond it a file is damaged."""
INCOMPLETE_STOPS = ("interrupted", "cut", "budget")
"""Ends of answers that are not whole."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and what became of it."""

    prompt: Message
    reply: Reply
    params: Params
    preset: str
    api: Api
    created_at: float = field(metadata={"saved_as": "asked"})
    """When, in seconds since 1970."""
    id: str = ""
    """Twelve hexadecimal digits. A turn that is continued stays the same turn."""
    system: str = ""
    """The system prompt as it was sent."""
    tools: tuple[str, ...] = ()
    """Names of the tools that were offered."""
    usage: Usage = field(default=Usage(), metadata={"saved_as": "spent"})
    """Tokens of all its requests; an estimate where the server told nothing. Nothing for an answer that was kept."""
    context_tokens: int = field(default=0, metadata={"saved_as": "context"})
    """Tokens of its last request and answer together: what a next prompt comes on top of. 0 is unknown."""
    omitted_turns: int = field(default=0, metadata={"saved_as": "left_out"})
    """How many of the oldest turns before it were not sent, as the model's window was full."""
    summary: str = ""
    """What was sent in place of those."""
    digest: str = ""
    """Of the request, with the date of the system prompt set aside: equal requests have equal ones."""
    cell: str = ""
    """Who asked: a cell's id by its front end, `id:NAME` by its option, or nobody that can be told again."""
    opens_branch: bool = False
    """Whether it was sent with `--new`, as the first turn of a branch."""

    @property
    def is_in_history(self) -> bool:
        """Whether it belongs to the conversation: a failed call does not, an answer that was broken off does."""
        return bool(self.reply.message.parts) or self.reply.stop not in (None, *INCOMPLETE_STOPS)

    @property
    def is_complete(self) -> bool:
        """Whether the answer came to its end."""
        return self.reply.stop not in (None, *INCOMPLETE_STOPS)


def creation_day(turn: Turn) -> str:
    """Return the day on which a turn was asked, as calendars here show it; a stranger's may have none."""
    try:
        return f"{datetime.fromtimestamp(turn.created_at).astimezone():%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return Translatable("an unknown day")


def conversation_messages(turns: Iterable[Turn]) -> Iterator[Message]:
    """Yield the messages that a next prompt follows; always a history that a server accepts."""
    for turn in turns:
        yield turn.prompt
        reply_message = without_open_calls(turn.reply.message)
        yield from split_responses(reply_message) if reply_message.parts else (reply_message,)


def without_open_calls(message: Message) -> Message:
    """Without tool calls that never got a result: each call must be followed by one."""
    open_calls = message.open_calls
    parts = tuple(part for part in message.parts if not any(part is call for call in open_calls))
    return replace(message, parts=parts)


def without_reasoning(turn: Turn) -> Turn:
    """Return a turn without what the model thought."""
    message = turn.reply.message
    parts = tuple(part for part in message.parts if not isinstance(part, ReasoningPart))
    return replace(turn, reply=replace(turn.reply, message=replace(message, parts=parts)))


def check_usage(usage: Usage) -> None:
    """See that counts of tokens are counts.

    Raises:
        ValueError: one is not.
    """
    _check_counts(usage.input, usage.output, usage.cached, usage.reasoning, usage.web_searches)


def _check_counts(*counts: int) -> None:
    if not all(0 <= each <= MAX_COUNT for each in counts):
        raise ValueError("a count is none")


def check_turn(turn: Turn) -> None:
    """See that a person asked and a model answered, in parts that either can say, and that counts are counts.

    Raises:
        ValueError: it is not so.
    """
    _check_counts(turn.omitted_turns, turn.context_tokens)
    for usage in filter(None, (turn.usage, turn.reply.usage)):
        check_usage(usage)
    prompt, reply_message = turn.prompt, turn.reply.message
    if (prompt.role, reply_message.role) != ("user", "assistant"):
        raise ValueError("a turn is a prompt and an answer")
    if not all(isinstance(part, TextPart | ImagePart | AudioPart) for part in prompt.parts):
        raise ValueError("a prompt says what nobody can")
    if any(isinstance(part, ImagePart | AudioPart) for part in reply_message.parts):
        raise ValueError("an answer says what no model can")
