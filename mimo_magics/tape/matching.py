"""The canonical form of a request: equal on another day and at another address, and without secrets."""

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
"""A date with its weekday, as in the system prompts that Xiaomi recommends."""
DATE_PLACEHOLDER = "(the day)"
BASE64_PATTERN = re.compile(r"[A-Za-z0-9+/=_-]{2000,}")
"""Base64 of an image or of audio."""
UNKNOWN_KEY_PATTERN = r'(?P<key>[^\s"]{8,200})'
"""A possible key, for a replay without a key."""
MAX_BODY_DEPTH = 100
"""Levels of nesting of a body on a tape."""
RequestKey = tuple[str, str]


def canonicalize(body: bytes, secrets: Iterable[str] = ()) -> Any:
    """Return the canonical body of a request: date of the system prompt, long base64 and secrets are replaced.

    Args:
        body: JSON; empty for a request without a body.
        secrets: keys that must not be recorded.

    Raises:
        TapeMismatch: the body is not JSON, or nested too deeply.
    """
    data = redact(_parse_body(body), secrets)
    if isinstance(data, dict):
        data = {name: _replace_date(name, value) for name, value in data.items()}
    return _replace_in_strings(data, _replace_base64)


def build_request_key(method: str, path: str, body: Any) -> RequestKey:
    """Return a key that equal requests share: the method, the last part of the path, and the body."""
    return f"{method} {path.rpartition('/')[2]}", canonical_json(body)


def is_same_but_for_key(request_key: RequestKey, recorded: RequestKey) -> bool:
    """Return whether a request equals a recorded one, except for a key that was replaced in the recorded one."""
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
        raise _unusable_body_error(Translatable("its body is not valid JSON")) from None
    if not is_within_depth(data, MAX_BODY_DEPTH):
        raise _unusable_body_error(Translatable("its body is nested too deeply"))
    return data


def _unusable_body_error(reason: str) -> TapeMismatch:
    return TapeMismatch(
        Translatable("The request cannot be recorded on a tape: {why}.", why=reason),
        Translatable("Run without the tape: %mimo_tape off"),
    )


def _replace_date(name: str, value: Any) -> Any:
    """Replace the date in the system prompt: in the field `system`, and in messages of that role."""
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
    """Replace in all texts of a JSON value, and sort its objects by name."""
    match value:
        case str():
            return replacement(value)
        case list():
            return [_replace_in_strings(each, replacement) for each in value]
        case dict():
            return {name: _replace_in_strings(value[name], replacement) for name in sorted(value)}
    return value
