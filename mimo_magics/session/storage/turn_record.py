"""The record of a turn in the metadata of its output: written with the output, read back from the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mimo_magics.core.messages import TextPart
from mimo_magics.core.serialization import to_dict
from mimo_magics.core.text import replace_control_characters
from mimo_magics.session.storage.validation import validate
from mimo_magics.session.turn import Turn, check_turn

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class _RecordedPart:
    """What a part of a recorded reply takes from the text of its output."""

    type: str
    text: str = ""
    length: int = 0
    """Characters of a text that is not in the record."""


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
    """Return what a saved output carries of its turn, as JSON.

    The texts of the answer are not in it: they stand in the output's `text/plain`, one after the other, and the
    record tells the length of each in characters; one that cannot be shown as it is, is told. Neither are the
    history and the key.

    Args:
        turn: what was asked and answered.
        parent_id: id of the turn that it follows.
        session: name of the session.
        is_one_off: whether it belongs to no conversation.
    """
    fields = to_dict(turn)
    fields["asked"] = round(turn.created_at, 3)
    text = turn.reply.text
    has_same_length = len(replace_control_characters(text)) == len(text)
    fields["reply"]["message"] = {
        "role": "assistant",
        "parts": [
            _build_part_fields(part) if has_same_length else to_dict(part)
            for part in turn.reply.message.parts
        ],
    }
    location = {"after": parent_id, "session": session, "aside": is_one_off}
    return {"version": RECORD_VERSION, **fields, **{name: value for name, value in location.items() if value}}


def add_notices(record: dict[str, Any], notices: Sequence[str]) -> dict[str, Any]:
    """Return a record with the notices that its output shows. They are not part of the turn, and are not read back."""
    return {**record, "notices": list(notices)} if notices else record


def _build_part_fields(part: object) -> dict[str, Any]:
    if isinstance(part, TextPart) and replace_control_characters(part.text) == part.text:
        return {"type": part.type, "length": len(part.text)}
    return to_dict(part)


def from_record(fields: Mapping[str, Any], text: str) -> Turn:
    """Read a turn back from a saved output: its record and its `text/plain`.

    Of the request only its own prompt is there; the prompts before it are in the cells before it.

    Raises:
        ValueError: the record is of another version, or damaged.
    """
    if fields.get("version") != RECORD_VERSION:
        raise ValueError(f"a record of version {fields.get('version')!r}, not {RECORD_VERSION}")
    recorded_parts = validate(_Record, fields).reply.message.parts
    reply, message = fields["reply"], fields["reply"]["message"]
    parts = _restore_texts(message.get("parts", ()), recorded_parts, text)
    turn = validate(Turn, {**fields, "reply": {**reply, "message": {**message, "parts": parts}}})
    check_turn(turn)
    return turn


def _restore_texts(
    raw_parts: Iterable[dict[str, Any]], recorded_parts: Iterable[_RecordedPart], text: str
) -> list[dict[str, Any]]:
    """Return the parts of a reply. The texts that the record has only the lengths of are taken from the output's text."""
    parts = []
    for raw_part, part in zip(raw_parts, recorded_parts, strict=True):
        is_shown = part.type == TextPart.type and "length" in raw_part
        length = part.length if is_shown else len(part.text)
        if length < 0:
            raise ValueError("length is not valid")
        parts.append({"type": TextPart.type, "text": text[:length]} if is_shown else raw_part)
        text = text[length:] if part.type == TextPart.type else text
    return parts
