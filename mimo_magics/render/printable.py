"""Text of a stranger, for whatever shows text: a terminal obeys control characters, so they are taken out."""

from __future__ import annotations

import re

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls but tab and line end, and what turns the direction of reading."""


def printable(text: str) -> str:
    """Put U+FFFD, character for character, where a terminal would obey; the length stays."""
    return OBEYED.sub("\ufffd", text)
