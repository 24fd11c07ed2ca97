"""A turn of a conversation as it was really asked and answered, and the messages and records that turns make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import AudioPart, ImagePart, Message, Params, Reply, TextPart, Usage, rounds
from mimo_magics.core.serialization import from_dict, to_dict
from mimo_magics.core.settings import Api
from mimo_magics.core.text import printable

RECORD_VERSION = 1
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


def record(turn: Turn, *, after: str = "", session: str = "", aside: bool = False) -> dict[str, Any]:
    """Return what a saved output carries of its turn, as JSON.

    The texts of the answer are not in it: they stand in the output's `text/plain`, one after the other, and the
    record tells the length of each in characters; one that cannot be shown as it is, is told. Neither are the
    history and the key.

    Args:
        turn: what was asked and answered.
        after: id of the turn that it follows.
        session: name of the session.
        aside: whether it belongs to no conversation.
    """
    told = to_dict(turn)
    told["asked"] = round(turn.asked, 3)
    told["reply"]["message"] = {
        "role": "assistant",
        "parts": [_part(part) for part in turn.reply.message.parts],
    }
    place = {"after": after, "session": session, "aside": aside}
    return {"version": RECORD_VERSION, **told, **{name: value for name, value in place.items() if value}}


def _part(part: object) -> dict[str, Any]:
    if isinstance(part, TextPart) and printable(part.text) == part.text:
        return {"type": part.type, "length": len(part.text)}
    return to_dict(part)


def from_record(told: Mapping[str, Any], text: str) -> Turn:
    """Read a turn back from a saved output: its record and its `text/plain`.

    Of the request only its own prompt is there; the prompts before it are in the cells before it.

    Raises:
        ValueError: the record is of another version, or damaged.
    """
    if told.get("version") != RECORD_VERSION:
        raise ValueError(f"a record of version {told.get('version')!r}, not {RECORD_VERSION}")
    try:
        reply = {**told["reply"], "message": _message(told["reply"]["message"], text)}
        turn = from_dict(Turn, {**told, "reply": reply})
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"a damaged record: {error}") from error
    check(turn)
    return turn


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


def _message(told: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Put the texts back, of which the record tells only the lengths."""
    parts = []
    for part in told.get("parts", ()):
        length = _length(part)
        if "length" in part:
            parts.append({"type": TextPart.type, "text": text[:length]})
        else:
            parts.append(part)
        text = text[length:]
    return {**told, "parts": parts}


def _length(part: Mapping[str, Any]) -> int:
    """How much of the output's text is this part's."""
    return int(part.get("length", len(part.get("text", "")))) if part["type"] == TextPart.type else 0
