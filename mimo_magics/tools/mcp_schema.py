"""What a tool of an MCP server takes and gives, in the forms that MiMo takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the SDK is an extra
    from mcp import types

UNSUPPORTED_KEYS = ("title", "additionalProperties", "$schema")
"""What MiMo's gateway does not take in a schema. Below `NAMES` it is a parameter's name, below `VALUES` no schema."""
NAMED_SCHEMA_KEYS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LITERAL_VALUE_KEYS = ("default", "const", "enum", "examples")


def clean_schema(node: Any, parent_key: str = "") -> Any:
    """Return a schema, or what stands below a key of it, without what the gateway does not take."""
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
    """Make text of it, whatever it is: MiMo takes nothing else as the result of a tool."""
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
    description = {"image": "an image", "audio": "a sound"}.get(block.type) or f"the resource {content.uri}"
    data = content.blob if block.type == "resource" else content.data
    return f"({description} of {len(data.rstrip('=')) * 3 // 4:,} bytes that cannot be shown here)"
