"""Request again what is invalid: only these items, with their errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mimo_magics.core.messages import Message, TextPart, user_message
from mimo_magics.session.structured.json_values import shorten
from mimo_magics.session.structured.reading import Reading
from mimo_magics.session.structured.schema import LIST_KEY, ResultSchema
from mimo_magics.session.structured.validation import InvalidItem

MAX_ITEMS = 50
"""Maximum number of items that one request repeats."""


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """The messages after the prompt of a request for corrected items."""

    places: tuple[int, ...]
    """The indices of the items in the list; empty if the whole result is requested again."""
    messages: tuple[Message, ...]


def plan_repair(reading: Reading, text: str, schema: ResultSchema) -> RepairRequest | None:
    """Return the request for what is invalid in a reply, or `None` if nothing is."""
    if reading.problem:
        advice = f"{reading.problem} Reply with the JSON object only, as the schema describes it."
        return RepairRequest((), (_quote_reply(shorten(text.strip())), user_message(advice)))
    invalid = dict(list(reading.invalid_items.items())[:MAX_ITEMS])
    if not invalid:
        return None
    sources = "\n".join(item.source for item in invalid.values())
    lines = _describe_list(invalid) if schema.is_list else _describe_object(invalid)
    return RepairRequest(tuple(invalid), (_quote_reply(sources), user_message("\n".join(lines))))


def merge_repair(reading: Reading, repair: RepairRequest, repaired: Reading, schema: ResultSchema) -> Reading:
    """Return the first reading with the corrected items in their places.

    Corrected items that are too few or too many belong to no place, and are not used.
    """
    if not repair.places or not schema.is_list:
        return repaired if repaired.items else reading
    if len(repaired.items) != len(repair.places) or not repaired.is_complete:
        return reading
    items = list(reading.items)
    for place, item in zip(repair.places, repaired.items, strict=True):
        items[place] = item
    return replace(reading, items=tuple(items))


def _quote_reply(text: str) -> Message:
    return Message("assistant", (TextPart(text or "(empty)"),))


def _describe_list(invalid: dict[int, InvalidItem]) -> Iterator[str]:
    yield f"These {len(invalid)} items are not valid:"
    for number, item in enumerate(invalid.values(), 1):
        yield f"{number}. {item.error}"
    yield (
        f'Reply with one JSON object with the key "{LIST_KEY}", which holds exactly these {len(invalid)} items in '
        "the same order, corrected. Leave out all other items."
    )


def _describe_object(invalid: dict[int, InvalidItem]) -> Iterator[str]:
    for item in invalid.values():
        yield f"The object is not valid: {item.error}"
    yield "Reply with the whole object, corrected, as one JSON object."
