"""Indented JSON, unless deep nesting would make it large."""

from __future__ import annotations

import json
import re

MAX_INDENTED_DEPTH = 12
"""Nesting depth up to which JSON is indented. The size of the indentation grows with the square of the depth."""


def format_json(text: str) -> str:
    """Return JSON with indentation, or on one line if it is deeply nested. Invalid JSON is returned unchanged."""
    try:
        indent = 2 if nesting_depth(text) <= MAX_INDENTED_DEPTH else None
        return json.dumps(json.loads(text), indent=indent, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def nesting_depth(text: str, opening: str = "[{", closing: str = "]}") -> int:
    """Return an upper bound of the nesting depth: brackets inside of JSON strings count too."""
    depth = deepest = 0
    for bracket in re.findall(f"[{re.escape(opening + closing)}]", text):
        depth += 1 if bracket in opening else -1
        deepest = max(deepest, depth)
    return deepest
