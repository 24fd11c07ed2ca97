"""Tool calls of a model, in the form that is sent back to a server.

The session stores what the model wrote. Servers parse it again, and refuse the whole request if arguments are invalid
JSON or a name is invalid. (MoonshotAI/kimi-cli#1171, vercel/ai#17769)
"""

from __future__ import annotations

import json
import re
from typing import Any

FORBIDDEN_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_-]")
MAX_NAME_CHARS = 64


def clean_name(name: str) -> str:
    """Return a valid tool name: up to 64 letters, digits, `_` and `-`."""
    return FORBIDDEN_NAME_CHARACTERS.sub("_", name)[:MAX_NAME_CHARS] or "_"


def clean_arguments(arguments: str) -> str:
    """Return the arguments unchanged if they are a JSON object, else a JSON object that contains them as text."""
    if not arguments.strip():
        return "{}"
    is_object = _parse_object(arguments) is not None
    return arguments if is_object else json.dumps({"unreadable": arguments}, ensure_ascii=False)


def read_arguments(arguments: str) -> dict[str, Any]:
    """Return the arguments as an object; invalid JSON is stored in it as text."""
    value = _parse_object(arguments if arguments.strip() else "{}")
    return {"unreadable": arguments} if value is None else value


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
