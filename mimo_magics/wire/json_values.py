"""Reading what a server sent, which may be anything: a value of another type is mended, or is as if it were absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mimo_magics.core.text import join_surrogates

TEXT_FIELDS = ("text", "thinking", "reasoning", "refusal", "content", "summary")
"""Where objects that stand in the place of a text keep it."""
MAX_TEXT_DEPTH = 8
"""Of parts within parts."""

MAX_UNCOUNTED_CHARS, MAX_VALUES = 1_000_000, 500_000
"""Values of JSON, counted where the text is longer: an empty object of two characters takes 64 bytes of memory."""

MAX_TOKENS = 10**12
"""Of a count that can be true; costs are computed with it, and saved."""

_decode = json.JSONDecoder().raw_decode


def load_json(data: str | bytes) -> Any:
    """Parse JSON. Does what `json.loads` does, without its searches for white space, a sixth of a frame's time.

    Raises:
        ValueError: it is not JSON, or holds too many values.
        RecursionError: it is nested too deep.
    """
    text = (data if isinstance(data, str) else data.decode("utf-8-sig", "replace")).strip()
    if len(text) > MAX_UNCOUNTED_CHARS and sum(map(text.count, "{[,")) > MAX_VALUES:
        raise ValueError("there are too many values")
    value, end = _decode(text)
    if end != len(text):
        raise ValueError("something follows the value")
    return value


def read_object(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def read_delta(value: Any, text_field: str) -> Mapping[str, Any]:
    """Return what is new of a reply; words alone are its text."""
    return {text_field: value} if isinstance(value, str) else read_object(value)


def read_objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; an object stands for a list of it."""
    if not isinstance(value, list):
        return [value] if isinstance(value, dict) else []
    return [each for each in value if isinstance(each, dict)]


def read_text(value: Any, depth: int = 0) -> str:
    """Return a text: the parts of a list joined, that of an object, anything else but null as JSON writes it."""
    if isinstance(value, str):
        return value
    if value is None or depth > MAX_TEXT_DEPTH:
        return ""
    if isinstance(value, list):
        return "".join(read_text(each, depth + 1) for each in value)
    if isinstance(value, dict):
        return next((read_text(value[name], depth + 1) for name in TEXT_FIELDS if value.get(name)), "")
    return json.dumps(value)


def read_name(value: Any) -> str:
    """Return a short text that comes in one piece, such as an id."""
    return join_surrogates(read_text(value))


def read_json_text(value: Any) -> str:
    """Return JSON as text, where a server may have sent the value itself."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def read_index(value: Any) -> int | None:
    """Return a whole number, also one that is written as text or with a decimal point; `None` for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def parse_token_count(value: Any) -> int:
    """Return a token count; 0 where the server told none that can be, as no reply is worth less for it."""
    try:
        count = int(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0
    return count if 0 <= count <= MAX_TOKENS else 0


def read_stop_reason(value: Any, reasons: Mapping[str, str]) -> str:
    """Return our word for the end of a reply, or the server's own; of anything but a text, that it ended."""
    return reasons.get(value, join_surrogates(value)) if isinstance(value, str) else "end"
