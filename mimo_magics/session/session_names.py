"""Names of sessions."""

from __future__ import annotations

import re

DEFAULT_SESSION_NAME = "main"


MAX_NAME_CHARS = 64
SESSION_NAME_PATTERN = re.compile(r"(?!\d+$)[\w-][\w .-]{0,63}")
"""A number is the name of a branch, and a name becomes a part of a file's."""


def sanitize_session_name(text: str) -> str:
    """Make a name of a text, such as a file's name."""
    name = re.sub(r"[^\w .-]", "-", text)[:64].lstrip(" .")
    return name if SESSION_NAME_PATTERN.fullmatch(name) else f"notebook-{name}"[:64]
