"""JSON with lines and indents, as far as its nesting lets it stay small."""

from __future__ import annotations

import json
import re

MAX_INDENTED_DEPTH = 12
"""Levels up to which JSON is indented; deeper one would be mostly blanks, with the square of the depth."""


def format_json(text: str) -> str:
    """Return JSON with its lines and indents; deep JSON on one line, and what is none as it is."""
    try:
        indent = 2 if nesting_depth(text) <= MAX_INDENTED_DEPTH else None
        return json.dumps(json.loads(text), indent=indent, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def nesting_depth(text: str, opening: str = "[{", closing: str = "]}") -> int:
    """Bound how deep brackets are nested, from above: those in strings of JSON count too."""
    depth = deepest = 0
    for bracket in re.findall(f"[{re.escape(opening + closing)}]", text):
        depth += 1 if bracket in opening else -1
        deepest = max(deepest, depth)
    return deepest
