"""Replies with a schema, for tests."""

from __future__ import annotations

import json
from typing import Any

from mimo_magics.core.messages import Message, Reply, SchemaResult, TextPart

PEOPLE_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    },
}
CITY_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
ADA, BO = {"name": "Ada", "age": 36}, {"name": "Bo", "age": 7}


def people_reply(*people: Any, errors: tuple[str, ...] = ()) -> Reply:
    """Return the reply of a turn with a list of people."""
    text = json.dumps({"items": list(people)})
    return result_reply(text, SchemaResult(PEOPLE_SCHEMA, errors))


def result_reply(text: str, result: SchemaResult) -> Reply:
    return Reply(Message("assistant", (TextPart(text),)), stop="end", result=result)
