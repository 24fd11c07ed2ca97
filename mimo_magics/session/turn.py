"""A turn: one prompt and its reply, with the parameters that were used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import (
    MAX_COUNT,
    ContextPart,
    MediaPart,
    Message,
    Params,
    ReasoningPart,
    Reply,
    TextPart,
    ToolResult,
    Usage,
    split_responses,
)
from mimo_magics.core.settings import Api

MAX_COST = 1e12
"""US dollars. A file with a higher cost is damaged."""
INCOMPLETE_STOPS = ("interrupted", "cut", "budget")
"""Stop reasons of partial replies: stopped by the user, a broken connection, an exceeded budget."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and its reply."""

    prompt: Message
    reply: Reply
    params: Params
    preset: str
    api: Api
    created_at: float = field(metadata={"saved_as": "asked"})
    """When the prompt was sent, in seconds since 1970."""
    id: str = ""
    """Twelve hexadecimal digits. A continued turn keeps its id."""
    system: str = ""
    """The system prompt that was sent."""
    tools: tuple[str, ...] = ()
    """Names of the tools that were offered to the model."""
    usage: Usage = field(default=Usage(), metadata={"saved_as": "spent"})
    """Tokens of all requests of the turn. An estimate if the server reported none; zero for a cached reply."""
    context_tokens: int = field(default=0, metadata={"saved_as": "context"})
    """Tokens of its last request and response, which the next request contains. 0 means unknown."""
    omitted_turns: int = field(default=0, metadata={"saved_as": "left_out"})
    """Number of the oldest turns that were not sent, as the context window was full."""
    summary: str = ""
    """The summary that was sent in place of these turns."""
    digest: str = ""
    """Digest of the request without the date of the system prompt. Equal requests have equal digests."""
    cell: str = ""
    """The cell that sent the prompt: the id of the front end, or `id:NAME` of `--id NAME`. Empty if unknown."""
    opens_branch: bool = False
    """Whether it was sent with `--new`, as the first turn of a branch."""
    is_undone: bool = False
    """Whether it is the first turn of a line that was undone as a whole, or of one that such a line replaced."""
    hides_values: bool = False
    """Whether it ran with `share=schema`, so that its prompt and the results of its tools have no values of data."""

    @property
    def is_in_history(self) -> bool:
        """Whether the turn belongs to a session. A failed call does not; an incomplete reply does."""
        return bool(self.reply.message.parts) or self.reply.stop not in (None, *INCOMPLETE_STOPS)

    @property
    def is_complete(self) -> bool:
        """Whether the reply is complete."""
        return self.reply.stop not in (None, *INCOMPLETE_STOPS)


def creation_day(turn: Turn) -> str:
    """Return the day of a turn in the local time zone. The time in an untrusted file may be out of range."""
    try:
        return f"{datetime.fromtimestamp(turn.created_at).astimezone():%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return Translatable("an unknown day")


def history_messages(turns: Iterable[Turn]) -> Iterator[Message]:
    """Yield the messages before the next prompt, in an order that servers accept."""
    for turn in turns:
        yield turn.prompt
        reply_message = without_open_calls(turn.reply.message)
        yield from split_responses(reply_message) if reply_message.parts else (reply_message,)


def without_open_calls(message: Message) -> Message:
    """Return a message without tool calls that have no result, as servers require a result for each call."""
    open_calls = message.open_calls
    parts = tuple(part for part in message.parts if not any(part is call for call in open_calls))
    return replace(message, parts=parts)


def keep_tool_parts(message: Message) -> Message:
    """Return a reply up to its last tool result: what a further request of the turn repeats."""
    places = [place for place, part in enumerate(message.parts) if isinstance(part, ToolResult)]
    return replace(message, parts=message.parts[: places[-1] + 1] if places else ())


def without_reasoning(turn: Turn) -> Turn:
    """Return a turn without its reasoning."""
    message = turn.reply.message
    parts = tuple(part for part in message.parts if not isinstance(part, ReasoningPart))
    return replace(turn, reply=replace(turn.reply, message=replace(message, parts=parts)))


def check_usage(usage: Usage) -> None:
    """Check that the counts of tokens are in range.

    Raises:
        ValueError: a count is negative or too large.
    """
    counts = (usage.input, usage.output, usage.cached, usage.reasoning, usage.web_searches)
    _check_counts(*counts, usage.audio_seconds)


def _check_counts(*counts: float) -> None:
    if not all(0 <= each <= MAX_COUNT for each in counts):
        raise ValueError("a count is out of range")


def check_turn(turn: Turn) -> None:
    """Check the roles, the types of the parts and the counts of a turn.

    Raises:
        ValueError: the turn is not valid.
    """
    _check_counts(turn.omitted_turns, turn.context_tokens)
    for usage in filter(None, (turn.usage, turn.reply.usage)):
        check_usage(usage)
    prompt, reply_message = turn.prompt, turn.reply.message
    if (prompt.role, reply_message.role) != ("user", "assistant"):
        raise ValueError("the messages of a turn have other roles than user and assistant")
    if not all(isinstance(part, TextPart | MediaPart) for part in prompt.parts):
        raise ValueError("a prompt has a part of a wrong type")
    if any(isinstance(part, ContextPart | MediaPart) for part in reply_message.parts):
        raise ValueError("a reply has a part of a wrong type")
