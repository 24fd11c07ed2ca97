"""The form of a request in which tomorrow's is equal to today's, and which holds nothing that must not be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from mimo_magics.core.errors import TapeMismatch
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.secret import KEY_PLACEHOLDER
from mimo_magics.core.serialization import canonical_json, is_within_depth
from mimo_magics.tape.redaction import redact

DATE_PATTERN = re.compile(
    r"\d{4}-\d{2}-\d{2} (?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|星期[一二三四五六日])"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [A-Z][a-z]+ \d{1,2}, \d{4}"
)
"""A date with its weekday, as the system prompts that Xiaomi recommends tell it."""
DATE_PLACEHOLDER = "(the day)"
BASE64_PATTERN = re.compile(r"[A-Za-z0-9+/=_-]{2000,}")
"""A picture or a sound in base64: what is longer than any word, and says nothing to a reader."""
UNKNOWN_KEY_PATTERN = r'(?P<key>[^\s"]{8,200})'
"""What a key may be where a replay knows none."""
MAX_BODY_DEPTH = 100
"""Levels of a body that a tape can hold."""
RequestKey = tuple[str, str]


def canonicalize(body: bytes, secrets: Iterable[str] = ()) -> Any:
    """Return what a request says, with the day of its system prompt, long base64 and secrets replaced.

    Args:
        body: JSON; empty for a request without a body.
        secrets: keys, none of which may be kept.

    Raises:
        TapeMismatch: it is not JSON, or nested too deep.
    """
    data = redact(_parse_body(body), secrets)
    if isinstance(data, dict):
        data = {name: _replace_date(name, value) for name, value in data.items()}
    return _replace_in_strings(data, _replace_base64)


def build_request_key(method: str, path: str, body: Any) -> RequestKey:
    """Return what equal requests have in common, at whatever address: what is called, and what is said."""
    return f"{method} {path.rpartition('/')[2]}", canonical_json(body)


def is_same_but_for_key(request_key: RequestKey, recorded: RequestKey) -> bool:
    """Tell whether a request is a recorded one in which a key was replaced that this request still holds."""
    begin, placeholder, rest = recorded[1].partition(KEY_PLACEHOLDER)
    if request_key[0] != recorded[0] or not placeholder or not request_key[1].startswith(begin):
        return False
    others = map(re.escape, rest.split(KEY_PLACEHOLDER))
    pattern = UNKNOWN_KEY_PATTERN + "(?P=key)".join(others)
    return re.fullmatch(pattern, request_key[1][len(begin) :]) is not None


def _parse_body(body: bytes) -> Any:
    try:
        data = json.loads(body) if body else None
    except (ValueError, RecursionError):
        raise _unusable_body_error(Translatable("its body is not JSON")) from None
    if not is_within_depth(data, MAX_BODY_DEPTH):
        raise _unusable_body_error(Translatable("its body is nested too deep"))
    return data


def _unusable_body_error(reason: str) -> TapeMismatch:
    return TapeMismatch(
        Translatable("A tape cannot hold this request: {why}.", why=reason),
        Translatable("Ask without the tape: %mimo_tape off"),
    )


def _replace_date(name: str, value: Any) -> Any:
    """Replace the day in what holds a system prompt: the field `system`, and messages of that role."""
    if name == "system":
        return _replace_in_strings(value, lambda text: DATE_PATTERN.sub(DATE_PLACEHOLDER, text))
    if name == "messages" and isinstance(value, list):
        return [
            {**each, "content": _replace_date("system", each["content"])}
            if isinstance(each, dict) and each.get("role") == "system" and "content" in each
            else each
            for each in value
        ]
    return value


def _replace_base64(text: str) -> str:
    return BASE64_PATTERN.sub(lambda found: f"({len(found[0]):,} characters, {_hash_text(found[0])})", text)


def _hash_text(text: str) -> str:
    return f"sha256 {sha256(text.encode()).hexdigest()[:16]}"


def _replace_in_strings(value: Any, replacement: Callable[[str], str]) -> Any:
    """Replace in all texts of a JSON value, whose objects come out in the order of their names."""
    match value:
        case str():
            return replacement(value)
        case list():
            return [_replace_in_strings(each, replacement) for each in value]
        case dict():
            return {name: _replace_in_strings(value[name], replacement) for name in sorted(value)}
    return value
