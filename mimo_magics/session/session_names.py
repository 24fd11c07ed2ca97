"""Names of sessions."""

from __future__ import annotations

import re

DEFAULT_SESSION_NAME = "main"


MAX_NAME_CHARS = 64
SESSION_NAME_PATTERN = re.compile(r"(?!\d+$)[\w-][\w .-]{0,63}")
"""A number is not allowed, as it means a branch. A name is part of a file name."""


def sanitize_session_name(text: str) -> str:
    """Return a valid session name for a text such as a file name."""
    name = re.sub(r"[^\w .-]", "-", text)[:64].lstrip(" .")
    return name if SESSION_NAME_PATTERN.fullmatch(name) else f"notebook-{name}"[:64]
