"""Convert the schemas and results of MCP tools to the forms that MiMo accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the SDK is an extra
    from mcp import types

UNSUPPORTED_KEYS = ("title", "additionalProperties", "$schema")
"""Keys of a schema that MiMo's gateway rejects.

Below a key of `NAMED_SCHEMA_KEYS` they are names of parameters. Below a key of `LITERAL_VALUE_KEYS` is no schema.
"""
NAMED_SCHEMA_KEYS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LITERAL_VALUE_KEYS = ("default", "const", "enum", "examples")


def clean_schema(node: Any, parent_key: str = "") -> Any:
    """Return a schema, or the value of one of its keys, without unsupported keys."""
    match node:
        case dict() if parent_key not in LITERAL_VALUE_KEYS:
            is_name_map = parent_key in NAMED_SCHEMA_KEYS
            supported = {
                key: value for key, value in node.items() if is_name_map or key not in UNSUPPORTED_KEYS
            }
            return {key: clean_schema(value, "" if is_name_map else key) for key, value in supported.items()}
        case list() if parent_key not in LITERAL_VALUE_KEYS:
            return [clean_schema(each) for each in node]
    return node


def format_result(result: types.CallToolResult) -> str:
    """Return a result as text. MiMo accepts no other kind of tool result."""
    texts = [_format_block(block) for block in result.content]
    has_text = any(getattr(block, "text", "") for block in result.content)
    if result.structured_content is not None and not has_text:
        texts.insert(0, json.dumps(result.structured_content, ensure_ascii=False))
    return "\n".join(filter(None, texts)) or "(no output)"


def _format_block(block: Any) -> str:
    content = block.resource if block.type == "resource" else block
    if hasattr(content, "text"):
        return str(content.text)
    if block.type == "resource_link":
        return f"(a link to {block.uri})"
    description = {"image": "an image", "audio": "an audio clip"}.get(
        block.type
    ) or f"the resource {content.uri}"
    data = content.blob if block.type == "resource" else content.data
    return f"({description} of {len(data.rstrip('=')) * 3 // 4:,} bytes that cannot be shown here)"
