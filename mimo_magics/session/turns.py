"""A turn of a conversation as it was really asked and answered, and the history that turns make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mimo_magics.json_form import from_dict, to_dict
from mimo_magics.messages import (
    Message,
    Params,
    Reply,
    Request,
    TextPart,
    rounds,
)
from mimo_magics.settings import Api

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and what became of it."""

    request: Request
    """What was asked, with the history of that moment."""
    reply: Reply
    preset: str
    api: Api
    asked: float
    """When, in seconds since 1970."""

    @property
    def prompt(self) -> Message:
        """The message that asked."""
        return self.request.messages[-1]

    @property
    def kept(self) -> bool:
        """Whether it belongs to the conversation: a failed call does not, an answer that was broken off does."""
        return bool(self.reply.message.parts) or self.reply.stop not in (None, "interrupted", "cut")


def history(turns: Iterable[Turn]) -> Iterator[Message]:
    """Yield the messages that a next prompt follows; always a history that a server accepts."""
    for turn in turns:
        yield turn.prompt
        answer = answered(turn.reply.message)
        yield from rounds(answer) if answer.parts else (answer,)


def answered(message: Message) -> Message:
    """Without tool calls that never got a result: each call must be followed by one."""
    left_out = message.open_calls
    return replace(message, parts=tuple(part for part in message.parts if part not in left_out))


def record(turn: Turn) -> dict[str, Any]:
    """Return what a saved output carries of its turn, as JSON.

    The texts of the answer are not in it: they stand in the output's `text/plain`, one after the other, and the
    record tells the length of each in characters. Neither are the history and the key.
    """
    reply = to_dict(turn.reply)
    reply["message"]["parts"] = [_part(part) for part in turn.reply.message.parts]
    return {
        "version": RECORD_VERSION,
        "asked": round(turn.asked, 3),
        "preset": turn.preset,
        "api": turn.api,
        "params": to_dict(turn.request.params),
        "prompt": to_dict(turn.prompt),
        "reply": reply,
    }


def _part(part: object) -> dict[str, Any]:
    return {"type": part.type, "length": len(part.text)} if isinstance(part, TextPart) else to_dict(part)


def from_record(told: Mapping[str, Any], text: str) -> Turn:
    """Read a turn back from a saved output: its record and its `text/plain`.

    Of the request only its own prompt is there; the prompts before it are in the cells before it.

    Raises:
        ValueError: the record is of another version, or damaged.
    """
    if told.get("version") != RECORD_VERSION:
        raise ValueError(f"a record of version {told.get('version')!r}, not {RECORD_VERSION}")
    try:
        reply = from_dict(Reply, {**told["reply"], "message": _message(told["reply"]["message"], text)})
        prompt = from_dict(Message, told["prompt"])
        request = Request((prompt,), from_dict(Params, told["params"]))
        return Turn(request, reply, str(told["preset"]), told["api"], float(told["asked"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a damaged record: {error}") from error


def _message(told: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Put the texts back, of which the record tells only the lengths."""
    parts = []
    for part in told.get("parts", ()):
        if part["type"] == TextPart.type:
            length = int(part["length"])
            parts.append({"type": TextPart.type, "text": text[:length]})
            text = text[length:]
        else:
            parts.append(part)
    return {**told, "parts": parts}
