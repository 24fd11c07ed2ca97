"""Removal of keys from recorded calls. Keys are replaced in the values of JSON, so that it stays valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from mimo_magics.core.secret import KEY_PLACEHOLDER, is_redactable, redact as redact_text

FIELD_NAME_PATTERN = re.compile("[a-z_]+")
"""The name of a field in a format. A key has digits or capitals."""
EVENT_DATA_PATTERN = re.compile(rb"(data:[ \t]*)(.*?)(\r?)", re.DOTALL)
"""A line of an event stream with JSON."""


def redact(value: Any, secrets: Iterable[str]) -> Any:
    """Replace keys in all texts of a JSON value, and in names that are not names of a format."""
    secrets = _select_secrets(secrets)
    return _redact_value(value, secrets) if secrets else value


def redact_response(data: bytes, secrets: Iterable[str]) -> bytes:
    """Replace keys in a response: JSON, events with JSON, or text. A response without a key stays unchanged."""
    secrets = _select_secrets(secrets)
    if not secrets:
        return data
    redacted = _redact_json(data, secrets)
    return (
        b"\n".join(_redact_line(each, secrets) for each in data.split(b"\n"))
        if redacted is None
        else redacted
    )


def _select_secrets(texts: Iterable[str]) -> list[str]:
    """Return the secrets that are replaced, longest first, because one may be part of another."""
    return sorted(filter(is_redactable, texts), key=len, reverse=True)


def _redact_value(value: Any, secrets: list[str]) -> Any:
    match value:
        case str():
            for secret in secrets:
                value = redact_text(value, secret)
        case list():
            return [_redact_value(each, secrets) for each in value]
        case dict():
            return {_redact_name(name, secrets): _redact_value(each, secrets) for name, each in value.items()}
    return value


def _redact_name(name: str, secrets: list[str]) -> str:
    return name if FIELD_NAME_PATTERN.fullmatch(name) else str(_redact_value(name, secrets))


def _redact_line(line: bytes, secrets: list[str]) -> bytes:
    if event := EVENT_DATA_PATTERN.fullmatch(line):
        redacted = _redact_json(event[2], secrets)
        if redacted is not None:
            return event[1] + redacted + event[3]
    for secret in secrets:
        line = line.replace(secret.encode(), KEY_PLACEHOLDER.encode())
    return line


def _redact_json(data: bytes, secrets: list[str]) -> bytes | None:
    """Return JSON without the keys, or the same bytes without any; `None` for data that is not JSON."""
    try:
        value = json.loads(data)
        redacted = _redact_value(value, secrets)
        if redacted == value:
            return data
        return json.dumps(redacted, ensure_ascii=False).encode("utf-8", "backslashreplace")
    except (ValueError, RecursionError):
        return None
