"""Strings whose `repr` hides them, and redaction of API keys in text."""

from __future__ import annotations

MIN_REDACTED_CHARS = 8
"""Minimum length of a key that is replaced in text. Local servers accept keys such as `x`, which are parts of words."""
MIN_CUT_CHARS = 4
"""Minimum length of the beginning of a key that is replaced at the end of an excerpt."""
KEY_PLACEHOLDER = "(the key)"


class Secret(str):
    """An API key, or a header that contains one. Its `repr` shows only the last four characters."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'…{self[-4:]}'" if len(self) > 8 else "'…'"


def is_redactable(key: str) -> bool:
    """Return whether a key is long enough to be replaced in text."""
    return len(key) >= MIN_REDACTED_CHARS


def redact(text: str, key: str) -> str:
    """Return a text with the key replaced. A text without the key is returned unchanged, so `Translatable` stays."""
    return text.replace(key, KEY_PLACEHOLDER) if is_redactable(key) and key in text else text


def redact_excerpt(text: str, key: str) -> str:
    """Return a text with the key replaced, also if an excerpt that ends in `…` was cut within the key."""
    text = redact(text, key)
    if not is_redactable(key) or "…" not in text:
        return text
    beginnings = (f"{key[:length]}…" for length in range(len(key) - 1, MIN_CUT_CHARS - 1, -1))
    cut = next((beginning for beginning in beginnings if beginning in text), None)
    return text.replace(cut, f"{KEY_PLACEHOLDER}…") if cut else text
