"""What a tool of an MCP server takes and gives, in the forms that MiMo takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the SDK is an extra
    from mcp import types

REFUSED = ("title", "additionalProperties", "$schema")
"""What MiMo's gateway does not take in a schema. Below `NAMES` it is a parameter's name, below `VALUES` no schema."""
NAMES = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
VALUES = ("default", "const", "enum", "examples")


def schema(given: Any, under: str = "") -> Any:
    """Return a schema, or what stands below a key of it, without what the gateway does not take."""
    match given:
        case dict() if under not in VALUES:
            named = under in NAMES
            kept = {key: value for key, value in given.items() if named or key not in REFUSED}
            return {key: schema(value, "" if named else key) for key, value in kept.items()}
        case list() if under not in VALUES:
            return [schema(each) for each in given]
    return given


def text(result: types.CallToolResult) -> str:
    """Make text of it, whatever it is: MiMo takes nothing else as the result of a tool."""
    told = [_told(block) for block in result.content]
    said = any(getattr(block, "text", "") for block in result.content)
    if result.structured_content is not None and not said:
        told.insert(0, json.dumps(result.structured_content, ensure_ascii=False))
    return "\n".join(filter(None, told)) or "(no output)"


def _told(block: Any) -> str:
    held = block.resource if block.type == "resource" else block
    if hasattr(held, "text"):
        return str(held.text)
    if block.type == "resource_link":
        return f"(a link to {block.uri})"
    what = {"image": "an image", "audio": "a sound"}.get(block.type) or f"the resource {held.uri}"
    data = held.blob if block.type == "resource" else held.data
    return f"({what} of {len(data.rstrip('=')) * 3 // 4:,} bytes that cannot be shown here)"
