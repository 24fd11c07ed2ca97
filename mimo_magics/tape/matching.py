"""The form of a request in which tomorrow's is equal to today's, and which holds nothing that must not be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

DATE_PATTERN = re.compile(
    r"\d{4}-\d{2}-\d{2} (?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|星期[一二三四五六日])"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [A-Z][a-z]+ \d{1,2}, \d{4}"
)
"""A date with its weekday, as the system prompts that Xiaomi recommends tell it."""
DATE_PLACEHOLDER = "(the day)"
BASE64_PATTERN = re.compile(r"[A-Za-z0-9+/=_-]{2000,}")
"""A picture or a sound in base64: what is longer than any word, and says nothing to a reader."""
RequestKey = tuple[str, str]
SECRET_PLACEHOLDER = "(the key)"  # noqa: S105  what stands for one


def canonicalize(body: bytes, secrets: Iterable[str] = ()) -> Any:
    """Return what a request says, with the day of its system prompt, long base64 and secrets replaced.

    Args:
        body: JSON; empty for a request without a body.
        secrets: keys, none of which may be kept.
    """
    if not body:
        return None
    data = json.loads(redact(body, secrets))
    system = data.get("system")
    if system is not None:
        data["system"] = _replace_in_strings(system, DATE_PATTERN, lambda _: DATE_PLACEHOLDER)
    for message in data.get("messages", ()):
        if message.get("role") == "system":
            message["content"] = _replace_in_strings(
                message["content"], DATE_PATTERN, lambda _: DATE_PLACEHOLDER
            )
    return _replace_in_strings(
        data, BASE64_PATTERN, lambda found: f"({len(found[0]):,} characters, {_hash_text(found[0])})"
    )


def build_request_key(method: str, path: str, body: Any) -> RequestKey:
    """Return what equal requests have in common, at whatever address: what is called, and what is said."""
    return f"{method} {path.rpartition('/')[2]}", json.dumps(body, sort_keys=True)


def redact(data: bytes, secrets: Iterable[str]) -> bytes:
    """Take keys out of bytes."""
    for secret in filter(None, secrets):
        data = data.replace(secret.encode(), SECRET_PLACEHOLDER.encode())
    return data


def _hash_text(text: str) -> str:
    return f"sha256 {sha256(text.encode()).hexdigest()[:16]}"


def _replace_in_strings(value: Any, pattern: re.Pattern[str], replacement: Any) -> Any:
    """Replace in all texts of a JSON value, whose objects come out in the order of their names."""
    match value:
        case str():
            return pattern.sub(replacement, value)
        case list():
            return [_replace_in_strings(each, pattern, replacement) for each in value]
        case dict():
            return {name: _replace_in_strings(value[name], pattern, replacement) for name in sorted(value)}
    return value
