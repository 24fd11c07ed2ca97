"""Requests that MiMo's API refuses, by its documentation and observation, independent of the code of this package.

The numbers are sections of the API notes of the project: 3.1 tools, 3.2 messages, 5.1 the Anthropic format,
7.1 reasoning and tools, 7.2 quirks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from support.media_rules import find_media_fault

REASONING = "The reasoning_content in the thinking mode must be passed back to the API."
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
REFUSED_KEYS = {"title", "additionalProperties", "strict", "$ref", "$defs"}
"""Schema keywords that its gateways refuse (3.1)."""


def find_fault(body: dict[str, Any], api: str) -> str:
    """Return the reason for a refusal; empty for a valid request."""
    fault = next((_openai if api == "openai" else _anthropic)(body), "")
    return fault or find_media_fault(body, api)


def _openai(body: dict[str, Any]) -> Iterator[str]:
    messages = body["messages"]
    thinks = body.get("thinking") != {"type": "disabled"}
    if not messages or messages[-1]["role"] not in ("user", "tool"):
        yield "messages must end with a user's"
    open_calls: list[str] = []
    for message in messages:
        content = message.get("content")
        if message["role"] == "tool":
            yield from _result(message["tool_call_id"], content, open_calls)
            continue
        if open_calls:
            yield f"no result for {open_calls}"
        if content is None:
            yield "`text` is not present"  # 3.2
        calls = message.get("tool_calls") or []
        open_calls = [call["id"] for call in calls]
        yield from _calls(open_calls, [call["function"]["arguments"] for call in calls])
        if thinks and calls and not message.get("reasoning_content"):
            yield REASONING
    if open_calls:
        yield f"no result for {open_calls}"
    for tool in body.get("tools", ()):
        if tool["type"] == "function":
            yield from _tool(tool["function"]["name"], tool["function"].get("parameters"), tool["function"])


def _anthropic(body: dict[str, Any]) -> Iterator[str]:
    messages = body["messages"]
    thinks = body.get("thinking") != {"type": "disabled"}
    if not body.get("max_tokens"):
        yield "max_tokens is missing"
    if not messages or messages[-1]["role"] != "user":
        yield "messages must end with a user's"
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        if message["role"] != ("user", "assistant")[number % 2]:
            yield "roles must alternate"
        blocks = message["content"] if isinstance(message["content"], list) else []
        if message["role"] == "user":
            yield from _results(blocks, open_calls)
        uses = [block for block in blocks if block["type"] == "tool_use"]
        open_calls = [use["id"] for use in uses]
        yield from _calls(open_calls, ["{}" if isinstance(use["input"], dict) else "?" for use in uses])
        if thinks and uses and not any(block.get("thinking") for block in blocks):
            yield REASONING
    for tool in body.get("tools", ()):
        yield from _tool(tool["name"], tool["input_schema"], tool)


def _results(blocks: list[dict[str, Any]], open_calls: list[str]) -> Iterator[str]:
    for block in blocks:
        if block["type"] == "tool_result":
            yield from _result(block["tool_use_id"], block["content"], open_calls)
    if open_calls:
        yield f"no result for {open_calls}"


def _result(id_: str, content: object, open_calls: list[str]) -> Iterator[str]:
    if id_ not in open_calls:
        yield f"a result for {id_}, which was not called or has one"
    else:
        open_calls.remove(id_)
    if not isinstance(content, str) or not content:
        yield "`text` is not set"  # 3.2: lists and empty results are refused


def _calls(ids: list[str], arguments: list[str]) -> Iterator[str]:
    if len(set(ids)) < len(ids):
        yield "two calls of one id"
    for text in arguments:
        if not isinstance(text, str):
            yield "arguments are JSON text"


def _tool(name: str, schema: Any, tool: dict[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"{name!r} is not a valid tool name"
    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield f"{name} is described by no object"
    if found := REFUSED_KEYS & (set(tool) | set(_keys(schema))):
        yield f"{name} has {sorted(found)}"


def _keys(schema: Any) -> Iterator[str]:
    """Yield the keywords of a schema, without the names of properties."""
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key == "properties":
            for each in value.values():
                yield from _keys(each)
            continue
        yield key
        for each in value if isinstance(value, list) else [value]:
            yield from _keys(each)
