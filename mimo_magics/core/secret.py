"""A string that does not show itself."""

from __future__ import annotations

MIN_REDACTED_CHARS = 8
"""Shorter keys are never replaced in text: local servers take any, such as `x` or `none`, and words would be garbled."""
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
