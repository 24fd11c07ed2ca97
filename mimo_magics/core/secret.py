"""A string that does not show itself."""

from __future__ import annotations

MIN_REDACTED_CHARS = 8
"""Shorter keys are never replaced in text: local servers take any, such as `x` or `none`, and words would be garbled."""
MIN_CUT_CHARS = 4
"""Of the beginning of a key at the end of an excerpt; what is shorter may be any word."""
KEY_PLACEHOLDER = "(the key)"


class Secret(str):
    """A key, or a header that holds one: itself where it is sent, `…last4` wherever it is printed by `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'…{self[-4:]}'" if len(self) > 8 else "'…'"


def is_redactable(key: str) -> bool:
    """Tell whether a key is long enough to be replaced in text."""
    return len(key) >= MIN_REDACTED_CHARS


def redact(text: str, key: str) -> str:
    """Return a text without the key. One that does not hold it stays what it is, `Translatable` among them."""
    return text.replace(key, KEY_PLACEHOLDER) if is_redactable(key) and key in text else text


def redact_excerpt(text: str, key: str) -> str:
    """Return a text without the key, also where an excerpt, which ends in `…`, was cut in the middle of one."""
    text = redact(text, key)
    if not is_redactable(key) or "…" not in text:
        return text
    beginnings = (f"{key[:length]}…" for length in range(len(key) - 1, MIN_CUT_CHARS - 1, -1))
    cut = next((beginning for beginning in beginnings if beginning in text), None)
    return text.replace(cut, f"{KEY_PLACEHOLDER}…") if cut else text
