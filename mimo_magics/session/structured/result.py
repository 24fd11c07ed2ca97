"""The result of a turn with a schema: the validated value, and what is wrong with the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from mimo_magics.core.messages import Reply
from mimo_magics.core.text import quote_value
from mimo_magics.session.structured.reading import INCOMPLETE_LIST, Reading
from mimo_magics.session.structured.result_frame import build_result_frame
from mimo_magics.session.structured.schema import LIST_KEY, ResultSchema

MAX_REPR_CHARS = 2_000
"""Characters of the value in the `repr` of a reply."""


@dataclass(frozen=True, slots=True)
class StructuredResult:
    """The validated value of a reply."""

    value: Any = None
    """The object, the list of the valid items, or their data frame. `None` if the reply contains no result."""
    errors: tuple[str, ...] = ()
    """What is wrong with the reply; empty if the value is complete."""
    json_text: str = ""
    """The value as JSON, as the schema describes it; empty without a value."""


@dataclass(frozen=True, slots=True, repr=False)
class StructuredReply(Reply):
    """A reply with the validated value. `text` is what the model wrote, in all rounds."""

    value: Any = None
    """The object, the list of the valid items, or their data frame. `None` if the reply contains no result."""
    errors: tuple[str, ...] = ()
    """What is wrong with the reply; empty if the value is complete."""
    json_text: str = ""
    """The value as JSON; empty without a value. A list is in an object with the key `items`."""

    def __repr__(self) -> str:
        errors = f", errors={self.errors!r}" if self.errors else ""
        return f"StructuredReply(value={quote_value(self.value, MAX_REPR_CHARS)}{errors})"


def build_result(reading: Reading, schema: ResultSchema, *, as_frame: bool = False) -> StructuredResult:
    """Return the result of what was read. With `as_frame` its value is a data frame."""
    errors = tuple(_describe_errors(reading, schema))
    valid = reading.valid_items
    if reading.problem or not (valid or schema.is_list):
        return StructuredResult(None, errors)
    data: Any = {LIST_KEY: [item.data for item in valid]} if schema.is_list else valid[0].data
    value: Any = [item.value for item in valid] if schema.is_list else valid[0].value
    if as_frame:
        value = build_result_frame(valid, schema)
    return StructuredResult(value, errors, json.dumps(data, ensure_ascii=False))


def build_structured_reply(reply: Reply, result: StructuredResult) -> StructuredReply:
    """Return a reply with its result."""
    values = {field.name: getattr(reply, field.name) for field in fields(reply)}
    return StructuredReply(**values, value=result.value, errors=result.errors, json_text=result.json_text)


def _describe_errors(reading: Reading, schema: ResultSchema) -> Iterator[str]:
    if reading.problem:
        yield reading.problem
        return
    for place, item in reading.invalid_items.items():
        yield f"Item {place + 1}: {item.error}" if schema.is_list else item.error
    if schema.is_list and not reading.is_complete:
        yield INCOMPLETE_LIST
