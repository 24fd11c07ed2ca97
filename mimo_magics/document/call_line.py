"""A tool call on one line, written as Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

from mimo_magics.core.messages import ToolCall
from mimo_magics.core.text import escape_invisible_characters, join_surrogates

MAX_ARGUMENT_CHARS = 60
"""Shown characters of the arguments."""
MAX_PARSED_CHARS = 240
"""Characters of the arguments that are parsed. The line is drawn again while they stream, so its cost is bounded."""


def call_line(call: ToolCall) -> str:
    """Return a call as Python, such as `get_weather(city="Tokyo")`, also if its arguments are incomplete.

    Arguments that are not a JSON object are shown as the model wrote them.
    """
    shown = escape_invisible_characters(_format_arguments(call.arguments))
    if len(shown) > MAX_ARGUMENT_CHARS or len(call.arguments) > MAX_PARSED_CHARS:
        shown = f"{shown[: MAX_ARGUMENT_CHARS - 1]}…"
    return f"{escape_invisible_characters(call.name)}({shown})"


def _format_arguments(arguments: str) -> str:
    # pydantic is imported when a call is shown.
    from pydantic_core import from_json

    head = join_surrogates(arguments[:MAX_PARSED_CHARS])
    try:
        values = from_json(head, allow_partial="trailing-strings")
    except ValueError:
        values = None
    return _format_keywords(values) if isinstance(values, dict) else " ".join(head.split())


def _format_keywords(values: Mapping[str, Any]) -> str:
    """Return the keyword arguments of a call. Names that Python does not allow are in a dictionary after `**`."""
    others = {name: value for name, value in values.items() if not name.isidentifier() or iskeyword(name)}
    keywords = [f"{name}={_literal(value)}" for name, value in values.items() if name not in others]
    return ", ".join((*keywords, f"**{_literal(others)}") if others else keywords)


def _literal(value: Any) -> str:
    """Return a JSON value as a Python literal with double quotes."""
    match value:
        case dict():
            return f"{{{', '.join(f'{_literal(name)}: {_literal(item)}' for name, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False)
    return repr(value)
