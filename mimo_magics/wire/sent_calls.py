"""Tool calls of a model as they go back to a server.

The conversation keeps what the model wrote. Servers parse it again, and refuse the whole conversation for broken
arguments or a name that no tool can have. (MoonshotAI/kimi-cli#1171, vercel/ai#17769)
"""

from __future__ import annotations

import json
import re
from typing import Any

FORBIDDEN_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_-]")
MAX_NAME_CHARS = 64


def clean_name(name: str) -> str:
    """Return a name that a tool can have: up to 64 letters, digits, `_` and `-`."""
    return FORBIDDEN_NAME_CHARACTERS.sub("_", name)[:MAX_NAME_CHARS] or "_"


def clean_arguments(arguments: str) -> str:
    """Return the JSON text of an object: as the model wrote it where it is one."""
    if not arguments.strip():
        return "{}"
    is_object = _parse_object(arguments) is not None
    return arguments if is_object else json.dumps({"unreadable": arguments}, ensure_ascii=False)


def read_arguments(arguments: str) -> dict[str, Any]:
    """Return arguments as an object; what is none, or what JSON cannot carry, is kept as text."""
    value = _parse_object(arguments if arguments.strip() else "{}")
    return {"unreadable": arguments} if value is None else value


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
