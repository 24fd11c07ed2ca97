"""The record of a turn in the metadata of its output: written with the output, read back from the notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mimo_magics.core.messages import TextPart
from mimo_magics.core.serialization import from_dict, to_dict
from mimo_magics.core.settings import matches_type
from mimo_magics.core.text import replace_control_characters
from mimo_magics.session.turn import Turn, check_turn

RECORD_VERSION = 1


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
    try:
        reply = {**fields["reply"], "message": _restore_message(fields["reply"]["message"], text)}
        turn = from_dict(Turn, {**fields, "reply": reply})
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"a damaged record: {error}") from error
    check_turn(turn)
    return turn


def _restore_message(fields: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Put the texts back, of which the record tells only the lengths."""
    parts = []
    for part in fields.get("parts", ()):
        length = _get_text_length(part)
        if "length" in part:
            parts.append({"type": TextPart.type, "text": text[:length]})
        else:
            parts.append(part)
        text = text[length:]
    return {**fields, "parts": parts}


def _get_text_length(part: Mapping[str, Any]) -> int:
    """How much of the output's text is this part's."""
    if part["type"] != TextPart.type:
        return 0
    length = part.get("length", len(part.get("text", "")))
    if not matches_type(length, int) or length < 0:
        raise ValueError("a length is none")
    return int(length)
