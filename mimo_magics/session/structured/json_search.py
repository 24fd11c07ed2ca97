"""Find the JSON values of a reply: in code fences, between sentences, encoded twice, or damaged.

Each character is read a limited number of times, so that no text takes more than linear time.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mimo_magics.session.structured.json_repair import JsonReader, NotJsonError
from mimo_magics.session.structured.json_values import Flaw, read_strictly, shorten

MAX_CHARS = 10_000_000
WORK_FACTOR, MIN_WORK = 16, 10_000
"""Characters that the search reads at most: this many times the text, or the minimum."""
MAX_STRAY_BRACKETS = 20_000
"""Brackets of a reply that begin no value. Each costs as much as some hundred characters."""
RECURSION_WORK = 1_000
MAX_ENCODINGS = 2
"""How often JSON may stand in a JSON string."""

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
THINK_BLOCK = re.compile(r"\s*<think>(?:.*?</think>|.*\Z)", re.DOTALL)
BRACKET = re.compile(r"[{\[]")
QUOTE = re.compile("[\"']")
MORE_MEMBERS = re.compile(r"\s*,?\s*\"[^\"\n]{0,200}\"\s*:")
ANY_BRACKET = re.compile(r"[{}\[\]]")


def find_json_values(text: str) -> list[Any]:
    """Return the objects and arrays of a reply in their order. Reasoning in tags at the start is left out."""
    if len(text) > MAX_CHARS:
        return [Flaw("the reply is too long")]
    while match := THINK_BLOCK.match(text):
        text = text[match.end() :]
    return _find_values(text, MAX_ENCODINGS)


def _find_values(text: str, encodings: int) -> list[Any]:
    text = text.strip().strip(INVISIBLE).strip()
    value = _read_entire(text)
    if isinstance(value, str) and encodings and BRACKET.search(value):
        return _find_values(value, encodings - 1)
    return [value] if isinstance(value, dict | list | Flaw) else _search(text)


def _read_entire(text: str) -> Any:
    try:
        value, end = read_strictly(text)
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) else None


def _search(text: str) -> list[Any]:
    values: list[Any] = []
    position, work_left, stray_brackets = 0, max(WORK_FACTOR * len(text), MIN_WORK), 0
    while match := BRACKET.search(text, position):
        value, position, work = _read_at(text, match.start())
        values += [value] if value is not None else []
        work_left -= work
        stray_brackets += value is None
        if work_left < 0 or stray_brackets > MAX_STRAY_BRACKETS:
            return [*values, Flaw("the reply is not valid JSON")]
    return values


def _read_at(text: str, start: int) -> tuple[Any, int, int]:
    """Return the value at a bracket, or `None`; the place to search on; and the number of characters read."""
    try:
        value, end = read_strictly(text, start)
        return _check_end(value, text, start, end), end, end - start
    except json.JSONDecodeError as error:
        work = error.pos - start
    except RecursionError:
        work = RECURSION_WORK
    reader = JsonReader(text, start)
    try:
        value = reader.read()
    except NotJsonError:
        return None, start + 1, work + reader.position - start + 1
    return _check_end(value, text, start, reader.position), reader.position, work + reader.position - start


def _check_end(value: Any, text: str, start: int, end: int) -> Any:
    """Return the value, unless members follow, or a quote and a closing bracket: its end is not the real one."""
    bracket = ANY_BRACKET.search(text, end)
    is_cut_off = bracket and bracket[0] in "}]" and QUOTE.search(text, end, bracket.start())
    if not is_cut_off and not MORE_MEMBERS.match(text, end):
        return value
    return Flaw("quotes are not escaped", shorten(text[start:]))
