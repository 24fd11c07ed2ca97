"""The turn record: a turn in the metadata of its output, which is read back from a saved notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mimo_magics.core.messages import TextPart
from mimo_magics.core.serialization import to_dict
from mimo_magics.core.text import replace_control_characters
from mimo_magics.session.media_reference import replace_urls, shorten_url
from mimo_magics.session.storage.validation import validate
from mimo_magics.session.turn import Turn, check_turn

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class _RecordedPart:
    """A part of a recorded reply, with the fields that locate its text."""

    type: str
    text: str = ""
    length: int = 0
    """Length in characters of a text that is not in the record."""


@dataclass(frozen=True, slots=True)
class _RecordedMessage:
    parts: tuple[_RecordedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class _RecordedReply:
    message: _RecordedMessage


@dataclass(frozen=True, slots=True)
class _Record:
    reply: _RecordedReply


def build_record(
    turn: Turn, *, parent_id: str = "", session: str = "", is_one_off: bool = False
) -> dict[str, Any]:
    """Return the record of a turn, as JSON.

    The texts of the reply are in the output's `text/plain`, one after the other. The record has their lengths in characters. A text
    with control characters is in the record. The history and the API key are not, and large media are references.

    Args:
        turn: the turn.
        parent_id: id of the turn that it follows.
        session: name of the session.
        is_one_off: whether the turn is not part of the session.
    """
    fields = to_dict(replace(turn, prompt=replace_urls(turn.prompt, shorten_url)))
    fields["asked"] = round(turn.created_at, 3)
    text = turn.reply.text
    # The output of a reply with a schema is a table, so its text is in the record.
    is_shown = not turn.reply.result and len(replace_control_characters(text)) == len(text)
    fields["reply"]["message"] = {
        "role": "assistant",
        "parts": [
            _build_part_fields(part) if is_shown else to_dict(part) for part in turn.reply.message.parts
        ],
    }
    location = {"after": parent_id, "session": session, "aside": is_one_off}
    return {"version": RECORD_VERSION, **fields, **{name: value for name, value in location.items() if value}}


def add_notices(record: dict[str, Any], notices: Sequence[str]) -> dict[str, Any]:
    """Return a record with the notices in its output. They are not part of the turn, and are not read back."""
    return {**record, "notices": list(notices)} if notices else record


def _build_part_fields(part: object) -> dict[str, Any]:
    if isinstance(part, TextPart) and replace_control_characters(part.text) == part.text:
        return {"type": part.type, "length": len(part.text)}
    return to_dict(part)


def from_record(fields: Mapping[str, Any], text: str) -> Turn:
    """Return the turn of a saved output.

    Args:
        fields: the record.
        text: the `text/plain` of the output.

    Raises:
        ValueError: the record has another version, or is not valid.
    """
    if fields.get("version") != RECORD_VERSION:
        raise ValueError(f"unknown version {fields.get('version')!r}")
    recorded_parts = validate(_Record, fields).reply.message.parts
    reply, message = fields["reply"], fields["reply"]["message"]
    parts = _restore_texts(message.get("parts", ()), recorded_parts, text)
    turn = validate(Turn, {**fields, "reply": {**reply, "message": {**message, "parts": parts}}})
    check_turn(turn)
    return turn


def _restore_texts(
    raw_parts: Iterable[dict[str, Any]], recorded_parts: Iterable[_RecordedPart], text: str
) -> list[dict[str, Any]]:
    """Return the parts of a reply, with the texts that are only in the output."""
    parts = []
    for raw_part, part in zip(raw_parts, recorded_parts, strict=True):
        is_shown = part.type == TextPart.type and "length" in raw_part
        length = part.length if is_shown else len(part.text)
        if length < 0:
            raise ValueError("length is not valid")
        parts.append({"type": TextPart.type, "text": text[:length]} if is_shown else raw_part)
        text = text[length:] if part.type == TextPart.type else text
    return parts
