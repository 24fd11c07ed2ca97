"""Validate one item of a reply: exact types, with the few corrections that cannot change a value.

This module imports pydantic. Import it late, so that the extension loads fast.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from mimo_magics.session.structured.json_values import LongFloat, find_flaw, shorten, write_json
from mimo_magics.session.structured.schema import ResultSchema
from mimo_magics.tools.arguments import format_errors, validate_json_value

MAX_DEPTH = 200
SIMILARITY = 0.8
"""How much an unknown key must resemble a missing one, from 0 to 1, to count as a misspelling of it."""
MAX_FLOAT = int(sys.float_info.max)
BARE_NUMBER = re.compile(r"\s*[+-]?[\d.]+(?:[eE][+-]?\d+)?\s*")
TIME_FORMATS = ("date", "date-time", "time")


@dataclass(frozen=True, slots=True)
class ValidItem:
    """An item that fits the schema."""

    value: Any
    """The validated object."""
    data: Any
    """Its JSON."""


@dataclass(frozen=True, slots=True)
class InvalidItem:
    """An item that does not fit the schema."""

    error: str
    """What is wrong, in English, for the model."""
    source: str
    """The item as the model wrote it."""


Item = ValidItem | InvalidItem


def validate_item(data: Any, schema: ResultSchema) -> Item:
    """Return an item as a validated object, or what is wrong with it.

    The case of keys and of the words of an enumeration is corrected; numbers in text become numbers, and 2.0 an integer. Nothing
    else is changed: `true` is not a number, 2.6 and «12 kg» are not integers, and a date is in ISO form.
    """
    if flaw := find_flaw(data):
        return InvalidItem(flaw.reason, flaw.source or shorten(write_json(data)))
    source = shorten(write_json(data))
    try:
        boxed = [json.loads(json.dumps(_fold(data, schema.item_schema, schema)))]
        (value,) = validate_json_value(boxed, schema.adapter)
    except _ItemError as error:
        return InvalidItem(str(error), source)
    except ValidationError as error:
        return InvalidItem(format_errors(error, skipped_steps=1), source)
    except RecursionError:
        return InvalidItem("The nesting is too deep.", source)
    except (Exception, SystemExit) as error:  # noqa: BLE001  a validator of the user can raise any error
        return InvalidItem(f"{type(error).__name__}: {error}", source)
    return ValidItem(value, boxed[0])


class _ItemError(ValueError):
    """The item does not fit the schema."""


def _fold(value: Any, node: Any, schema: ResultSchema, depth: int = 0) -> Any:
    """Return a value with keys and words of enumerations in the case of the schema.

    Raises:
        _ItemError: a key may be a renamed one, or a time is a bare number.
    """
    resolved = schema.resolve(node)
    if depth > MAX_DEPTH:
        raise _ItemError("The nesting is too deep.")
    match value:
        case dict():
            properties, others = resolved.get("properties"), resolved.get("additionalProperties")
            names = properties if isinstance(properties, Mapping) else {}
            members = _fold_keys(value, names) if names else value
            return {
                key: _fold(each, names.get(key, others), schema, depth + 1) for key, each in members.items()
            }
        case list():
            return [_fold(each, resolved.get("items"), schema, depth + 1) for each in value]
        case str():
            if resolved.get("format") in TIME_FORMATS and BARE_NUMBER.fullmatch(value):
                raise _ItemError(f"{write_json(value)} is not a time in ISO form.")
            return _fold_word(value, resolved.get("enum", [resolved.get("const")]))
        case LongFloat():
            return _fold_long(value, resolved)
        case bool() if "enum" in resolved and not any(isinstance(each, bool) for each in resolved["enum"]):
            # Python takes true for 1.
            raise _ItemError(f"{write_json(value)} is not one of the values.")
        case int() if resolved.get("type") == "number" and abs(value) > MAX_FLOAT:
            raise _ItemError("The number is too large.")
    return value


def _fold_long(value: LongFloat, node: Mapping[str, Any]) -> float:
    """Return a number that a float rounds, if the schema asks for a float.

    Raises:
        _ItemError: the digits may matter, as in a decimal.
    """
    if node.get("type") == "number":
        return float(value)
    raise _ItemError(f"The number {shorten(value.text)} has too many digits. Write it as a string.")


def _fold_keys(value: dict[str, Any], properties: Iterable[str]) -> dict[str, Any]:
    names = set(properties)
    missing = names - value.keys()
    folded: dict[str, Any] = {}
    for key, each in value.items():
        same = [] if key in names else [name for name in names if name.casefold() == key.casefold()]
        name = same[0] if len(same) == 1 else key
        if name in folded:
            raise _ItemError(f"The key {write_json(name)} is there twice.")
        if name not in names and (similar := get_close_matches(key, sorted(missing), 1, SIMILARITY)):
            raise _ItemError(
                f"Unknown key {write_json(shorten(key))}; the schema has {write_json(similar[0])}."
            )
        folded[name] = each
    # A default never stands in for a renamed key.
    if value and names and not names & folded.keys():
        raise _ItemError("None of its keys is in the schema.")
    return folded


def _fold_word(word: str, words: Iterable[Any]) -> str:
    words = [each for each in words if isinstance(each, str)]
    same = [each for each in words if each.casefold() == word.casefold()]
    return same[0] if word not in words and len(same) == 1 else word
