"""Read the text of a reply as one object or a list of items, and decide whether to send the request again.

No value is guessed: two different objects, an object that is not closed and reasoning are not delivered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mimo_magics.session.structured.json_search import find_json_values
from mimo_magics.session.structured.json_values import Flaw, OpenList, shorten, write_json
from mimo_magics.session.structured.schema import LIST_KEY, ResultSchema
from mimo_magics.session.structured.validation import InvalidItem, Item, ValidItem, validate_item

STARTS_WITH_LIST = re.compile(r"\s*(?:```\w*\s*)?\[")
MAX_WRAPPERS = 3
"""Maximum number of objects around a result."""
CALL_KEYS = frozenset({"id", "type", "name", "function", "arguments", "parameters", "input", "tool"})
ARGUMENT_KEYS = ("arguments", "parameters", "input", "function")

NO_JSON = "The reply contains no JSON that fits the schema."
SEVERAL_RESULTS = "The reply contains several different results."
INCOMPLETE_LIST = "The list is not complete: the reply was truncated, or items were left out."


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply contains."""

    items: tuple[Item, ...] = ()
    """The items in their order; at most one if one object is expected."""
    is_complete: bool = False
    """Whether the list ends with its last item. The items themselves may be invalid."""
    problem: str = ""
    """Why the whole reply is requested again; empty if it is not."""

    @property
    def valid_items(self) -> tuple[ValidItem, ...]:
        """The items that fit the schema."""
        return tuple(item for item in self.items if isinstance(item, ValidItem))

    @property
    def invalid_items(self) -> dict[int, InvalidItem]:
        """The items to request again, by their index."""
        return {index: item for index, item in enumerate(self.items) if isinstance(item, InvalidItem)}


def read_reply(text: str, schema: ResultSchema, *, is_truncated: bool = False) -> Reading:
    """Return the objects of a reply.

    Args:
        text: text of the reply, without its reasoning.
        schema: what is expected.
        is_truncated: whether a limit or a broken connection ended the reply.
    """
    values = find_json_values(text)
    if not schema.has_object_items and not STARTS_WITH_LIST.match(text):
        # `[1]` in a sentence is not a list of numbers.
        values = [value for value in values if not isinstance(value, list)]
    if schema.is_list:
        return _read_list(values, schema, is_truncated=is_truncated)
    return _read_object(values, schema)


def read_item_text(text: str, schema: ResultSchema) -> Item:
    """Return the item of a text that holds one item of a list and nothing else."""
    values = find_json_values(f"[{text}]")
    is_item = len(values) == 1 and isinstance(values[0], list) and len(values[0]) == 1
    return _read_item(values[0][0], schema) if is_item else InvalidItem(NO_JSON, shorten(text))


# ------------------------------------------------------------------------------------------ One object


def _read_object(values: list[Any], schema: ResultSchema) -> Reading:
    candidates = [candidate for value in values for candidate in _find_candidates(value, schema)]
    valid = {
        _canonical(candidate.item): candidate.item
        for candidate in candidates
        if isinstance(candidate.item, ValidItem)
    }
    if not valid:
        invalid = [candidate.item for candidate in sorted(candidates, key=lambda each: each.is_likely)]
        return Reading((invalid[-1],)) if invalid else Reading(problem=NO_JSON)
    first = next(place for place, candidate in enumerate(candidates) if isinstance(candidate.item, ValidItem))
    contradicts = any(
        candidate.is_likely and isinstance(candidate.item, InvalidItem) for candidate in candidates[first:]
    )
    if len(valid) > 1 or contradicts or (len(values) == 1 and _is_mixed(candidates)):
        return Reading(problem=SEVERAL_RESULTS)
    return Reading(tuple(valid.values()), is_complete=True)


@dataclass(frozen=True, slots=True)
class _Candidate:
    item: Item
    is_likely: bool
    """Whether it has a key of the schema, so that a sentence in braces does not count."""


def _is_mixed(candidates: list[_Candidate]) -> bool:
    """Return whether one value holds valid and invalid candidates, such as a list of two."""
    return any(candidate.is_likely and isinstance(candidate.item, InvalidItem) for candidate in candidates)


def _find_candidates(value: Any, schema: ResultSchema, wrappers: int = 0) -> Iterator[_Candidate]:
    """Yield the objects that may be the result: the value, or objects within it if it has no key of the schema."""
    value = _unwrap_call(value, schema)
    match value:
        case Flaw():
            yield _Candidate(_reject(value), is_likely=True)
        case list():
            for each in value:
                if isinstance(each, dict | list | Flaw):
                    yield from _find_candidates(each, schema, wrappers)
            if isinstance(value, OpenList):
                yield _Candidate(InvalidItem(INCOMPLETE_LIST, shorten(write_json(value))), is_likely=True)
        case dict() if not _is_schema_echo(value, schema):
            item = validate_item(value, schema)
            is_likely = _shares_key(value, schema)
            inner = [each for each in value.values() if isinstance(each, dict | list | Flaw)]
            if isinstance(item, ValidItem) and (is_likely or not inner):
                yield _Candidate(item, is_likely=True)
            elif not is_likely and inner and wrappers < MAX_WRAPPERS:
                for each in inner:
                    yield from _find_candidates(each, schema, wrappers + 1)
            else:
                yield _Candidate(item if isinstance(item, InvalidItem) else _reject(Flaw(NO_JSON)), is_likely)


def _unwrap_call(value: Any, schema: ResultSchema) -> Any:
    """Return the arguments of a tool call that is written as JSON, or the value."""
    for _ in range(2):
        if not isinstance(value, dict) or not {*value} <= CALL_KEYS:
            return value
        key = next((each for each in ARGUMENT_KEYS if each in value), "")
        if not key or key in schema.item_properties:
            return value
        inner = value[key]
        if isinstance(inner, str):
            found = find_json_values(inner)
            inner = found[0] if len(found) == 1 else value
        if not isinstance(inner, dict | list | Flaw):
            return value
        value = inner
    return value


def _is_schema_echo(value: dict[str, Any], schema: ResultSchema) -> bool:
    """Return whether the value is a JSON Schema, which some models repeat first."""
    is_schema = value.get("type") in ("object", "array") and ("properties" in value or "items" in value)
    return (is_schema or "$schema" in value) and not _shares_key(value, schema)


def _shares_key(value: dict[str, Any], schema: ResultSchema) -> bool:
    names = {name.casefold() for name in schema.item_properties}
    return any(key.casefold() in names for key in value)


def _reject(flaw: Flaw) -> InvalidItem:
    return InvalidItem(flaw.reason, flaw.source)


def _canonical(item: ValidItem) -> str:
    return json.dumps(item.data, sort_keys=True)


# --------------------------------------------------------------------------------------------- A list


def _read_list(values: list[Any], schema: ResultSchema, *, is_truncated: bool) -> Reading:
    found = [each for value in values for each in _find_lists(value, schema)]
    lists = {(write_json(each), isinstance(each, OpenList)): each for each in found if isinstance(each, list)}
    loose = [each for each in found if not isinstance(each, list)]
    has_likely = any(isinstance(each, Flaw) or _shares_key(each, schema) for each in loose)
    if len(lists) > 1 or (lists and has_likely) or _is_repetition(loose):
        return Reading(problem=SEVERAL_RESULTS)
    if not found:
        return Reading(problem=NO_JSON)
    items = next(iter(lists.values()), loose)
    is_open = isinstance(items, OpenList) or any(isinstance(each, Flaw) and each.is_open for each in items)
    return Reading(
        tuple(_read_item(each, schema) for each in items), is_complete=not is_truncated and not is_open
    )


def _find_lists(value: Any, schema: ResultSchema, wrappers: int = 0) -> Iterator[Any]:
    """Yield the lists of a value, and the objects that are items without a list, such as lines of JSON."""
    value = _unwrap_call(value, schema)
    match value:
        case list() if _is_item_list(value, schema):
            yield value
        case dict() if not _is_schema_echo(value, schema):
            yield from _find_in_object(value, schema, wrappers)
        case Flaw(members=members) if members and not _shares_key(members, schema):
            inner = list(_find_in_object(members, schema, wrappers))
            # The object around the list is not closed, and neither may be the list.
            yield from (OpenList(each) if isinstance(each, list) else value for each in inner or [value])
        case Flaw() if schema.has_object_items:
            yield value


def _find_in_object(value: dict[str, Any], schema: ResultSchema, wrappers: int) -> Iterator[Any]:
    containers = [each for each in value.values() if isinstance(each, dict | list | Flaw)]
    is_item = _shares_key(value, schema) or not any(isinstance(each, dict | list) for each in containers)
    if schema.has_object_items and value and is_item:
        yield value
        return
    inner = [value[LIST_KEY]] if isinstance(value.get(LIST_KEY), list) else containers
    if wrappers < MAX_WRAPPERS:
        for each in inner:
            yield from _find_lists(each, schema, wrappers + 1)


def _is_item_list(value: list[Any], schema: ResultSchema) -> bool:
    """Return whether a list may be the result, and not a footnote such as `[1]`."""
    return not schema.has_object_items or not value or any(isinstance(each, dict | Flaw) for each in value)


def _read_item(value: Any, schema: ResultSchema) -> Item:
    """Return a validated item. The object around it is removed if it has no key of the schema."""
    value = _unwrap_call(value, schema)
    item = validate_item(value, schema)
    if isinstance(item, ValidItem) or not isinstance(value, dict) or _shares_key(value, schema):
        return item
    inner = [each for each in value.values() if isinstance(each, dict)]
    wrapped: Iterable[Item] = (validate_item(each, schema) for each in inner if _shares_key(each, schema))
    valid = [each for each in wrapped if isinstance(each, ValidItem)]
    return valid[0] if len(inner) == len(valid) == 1 else item


def _is_repetition(values: list[Any]) -> bool:
    """Return whether the second half equals the first one: the model wrote its result twice."""
    half, rest = divmod(len(values), 2)
    texts = list(map(write_json, values))
    return bool(half) and not rest and texts[:half] == texts[half:]


def shorten_reply(text: str) -> str:
    """Return the beginning of a reply that could not be read, to be sent back."""
    return shorten(text.strip())
