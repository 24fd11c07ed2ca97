"""Schemas and results of MCP tools, without a server."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from mimo_magics.tools.mcp_schema import clean_schema, format_result

needs_sdk = pytest.mark.skipif(
    not find_spec("mcp"), reason="the SDK is not installed: pip install 'mimo-magics[mcp]'"
)


def test_unsupported_keys_are_removed_from_every_level_of_a_schema() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Search",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "tags": {"title": "Tags", "type": "array", "items": {"title": "Tag", "type": "string"}}
        },
        "anyOf": [{"title": "One", "required": ["tags"]}],
    }
    assert clean_schema(schema) == {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
        "anyOf": [{"required": ["tags"]}],
    }


@pytest.mark.parametrize(
    "key", ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]
)
def test_a_parameter_may_have_the_name_of_an_unsupported_key(key: str) -> None:
    assert clean_schema({key: {"title": {"title": "Title", "type": "string"}}}) == {
        key: {"title": {"type": "string"}}
    }


@pytest.mark.parametrize("key", ["default", "const", "enum", "examples"])
def test_literal_values_in_a_schema_do_not_change(key: str) -> None:
    schema = {"type": "object", key: [{"title": "a book", "additionalProperties": 1}]}
    assert clean_schema(schema) == schema
    schema = {"type": "object", key: {"title": "a book"}}
    assert clean_schema(schema) == schema


@needs_sdk
@pytest.mark.parametrize(
    ("content", "structured", "text"),
    [
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], None, "one\ntwo"),
        ([{"type": "text", "text": "as text"}], {"value": 1}, "as text"),
        ([{"type": "text", "text": ""}], {"unit": "µm"}, '{"unit": "µm"}'),
        (
            [{"type": "image", "data": "AAAAAAA=", "mimeType": "image/png"}],
            {"value": 1},
            '{"value": 1}\n(an image of 5 bytes that cannot be shown here)',
        ),
        (
            [{"type": "resource_link", "name": "notes", "uri": "file:///n.txt"}],
            None,
            "(a link to file:///n.txt)",
        ),
        ([], None, "(no output)"),
    ],
)
def test_a_result_is_its_texts_or_else_its_structured_content(
    content: list[dict[str, Any]], structured: dict[str, Any] | None, text: str
) -> None:
    from mcp.types import CallToolResult

    result = CallToolResult.model_validate({"content": content, "structuredContent": structured})
    assert format_result(result) == text
