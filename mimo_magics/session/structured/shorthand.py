"""The short form of a schema: `name, age int, tags list[str]`."""

from __future__ import annotations

import re
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.suggest import did_you_mean
from mimo_magics.core.text import quote

FIELD = re.compile(
    r"(?P<name>[^\W\d]\w*)(?:\s+(?P<type>[\w\[\]]+)(?P<optional>\?)?)?\s*(?::\s*(?P<description>.+))?",
    re.DOTALL,
)
LIST = re.compile(r"list\[(\w+)\]")
TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
MAX_QUOTED_CHARS = 60


def parse_shorthand(text: str) -> dict[str, Any]:
    """Return the JSON Schema of a short form.

    Fields are separated by commas or lines. A field is a name, a type (`str` without one) and a description after a colon;
    `?` behind the type allows null. Types are `str`, `int`, `float`, `bool`, `date`, `datetime` and `list[...]` of these.

    Raises:
        BadOption: the text is not a schema.
    """
    separator = "\n" if "\n" in text.strip() else ","
    fields = [each.strip() for each in text.split(separator) if each.strip()]
    properties = dict(map(_parse_field, fields))
    if not properties or len(properties) < len(fields):
        raise BadOption(
            Translatable("{text!r} is not a schema.", text=quote(text, MAX_QUOTED_CHARS)),
            Translatable("Write fields such as 'name, age int, tags list[str]', or the name of a model."),
        )
    return {"type": "object", "properties": properties, "required": list(properties)}


def _parse_field(text: str) -> tuple[str, dict[str, Any]]:
    match = FIELD.fullmatch(text)
    if not match:
        raise BadOption(
            Translatable("{text!r} is not a field of a schema.", text=quote(text, MAX_QUOTED_CHARS)),
            Translatable("Write a name and a type, such as 'age int'."),
        )
    schema = _parse_type(match["type"] or "str")
    if match["optional"]:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if match["description"]:
        schema = {**schema, "description": match["description"].strip()}
    return match["name"], schema


def _parse_type(name: str) -> dict[str, Any]:
    if match := LIST.fullmatch(name):
        return {"type": "array", "items": _parse_type(match[1])}
    if name not in TYPES:
        available = Translatable("Available: {names}.", names=", ".join([*TYPES, "list[str]"]))
        raise BadOption(
            Translatable("Unknown type {name!r} in a schema.", name=name),
            did_you_mean(name, TYPES, available),
        )
    return dict(TYPES[name])
