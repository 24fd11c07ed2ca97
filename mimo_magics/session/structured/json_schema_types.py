"""Convert a JSON Schema to a Python type, so that pydantic validates values for both.

A keyword that is not supported is an error, as an ignored one would let wrong values through. This module imports pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Annotated, Any, Literal, NotRequired, Union

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict  # pydantic requires this one before Python 3.12

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote_value

ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format"}
    | {"$schema", "$id", "$comment", "$defs", "definitions", "additionalProperties", "nullable"}
)
"""Keywords that do not restrict values. Keys without a property are dropped from a result."""
CONSTRAINTS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minItems": "min_length",
    "maxItems": "max_length",
}
STRUCTURE = frozenset({"type", "enum", "const", "anyOf", "oneOf", "$ref", "properties", "required", "items"})
FORMATS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "time": time.fromisoformat,
}
SCALARS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
}
MAX_QUOTED_CHARS = 60


def build_type(schema: Any, root: Mapping[str, Any], references: tuple[str, ...] = ()) -> Any:
    """Return the type of a JSON Schema.

    Args:
        schema: the schema.
        root: the outermost schema, which holds the definitions.
        references: the definitions that contain the schema.

    Raises:
        BadOption: a keyword is not supported.
    """
    if not isinstance(schema, Mapping):
        raise _build_error(schema)
    _check_keywords(schema)
    if "$ref" in schema:
        return _resolve_reference(schema["$ref"], root, references)
    build = partial(build_type, root=root, references=references)
    hint = _build_plain_type(schema, build)
    limits = {CONSTRAINTS[name]: value for name, value in schema.items() if name in CONSTRAINTS}
    if limits:
        hint = Annotated[hint, Field(**limits)]
    if schema.get("type") == "string" and schema.get("format") in FORMATS:
        hint = Annotated[hint, AfterValidator(partial(_check_format, schema["format"]))]
    return hint | None if schema.get("nullable") is True else hint


def _build_plain_type(schema: Mapping[str, Any], build: Callable[[Any], Any]) -> Any:  # noqa: PLR0911  one for each form
    if "const" in schema or "enum" in schema:
        return _build_literal([schema["const"]] if "const" in schema else schema["enum"])
    if members := schema.get("anyOf") or schema.get("oneOf"):
        return Union[tuple(map(build, members))]  # noqa: UP007  the members are known only at run time
    match schema.get("type"):
        case list(names) if names:
            return Union[tuple(build({**schema, "type": name}) for name in names)]  # noqa: UP007
        case "object":
            return _build_object_type(schema, build)
        case "array":
            return list[build(schema["items"])] if "items" in schema else list[Any]  # type: ignore[misc]
        case None:
            return _build_object_type(schema, build) if "properties" in schema else Any
        case str(name) if name in SCALARS:
            return SCALARS[name]
    raise _build_error(schema)


def _build_literal(values: Any) -> Any:
    is_valid = (
        isinstance(values, list) and values and all(isinstance(each, str | int | None) for each in values)
    )
    if not is_valid:
        raise _build_error({"enum": values})
    return Literal[tuple(values)]


def _build_object_type(schema: Mapping[str, Any], build: Callable[[Any], Any]) -> Any:
    properties, required = schema.get("properties"), schema.get("required", [])
    extra = schema.get("additionalProperties")
    if not properties:
        return dict[str, build(extra)] if isinstance(extra, Mapping) else dict[str, Any]  # type: ignore[misc]
    if (
        not isinstance(properties, Mapping)
        or isinstance(extra, Mapping)
        or not set(required) <= set(properties)
    ):
        raise _build_error(schema)
    fields = {
        name: build(member) if name in required else NotRequired[build(member)]
        for name, member in properties.items()
    }
    return TypedDict("Result", fields)  # type: ignore[operator]  # the fields are known only at run time


def _resolve_reference(reference: Any, root: Mapping[str, Any], references: tuple[str, ...]) -> Any:
    """Return the type of a definition. A definition that contains itself has no end."""
    head, _, name = str(reference).rpartition("/")
    definitions = root.get(head.removeprefix("#/")) if head in ("#/$defs", "#/definitions") else None
    if not isinstance(definitions, Mapping) or name not in definitions or name in references:
        raise _build_error({"$ref": reference})
    return build_type(definitions[name], root, (*references, name))


def _check_keywords(schema: Mapping[str, Any]) -> None:
    if unknown := [name for name in schema if name not in ANNOTATIONS | STRUCTURE | CONSTRAINTS.keys()]:
        raise _build_error({name: schema[name] for name in unknown})


def _check_format(name: str, value: str) -> str:
    FORMATS[name](value)
    return value


def _build_error(schema: Any) -> BadOption:
    return BadOption(
        Translatable(
            "The JSON Schema has a part that is not supported: {part}.",
            part=quote_value(schema, MAX_QUOTED_CHARS),
        ),
        Translatable("Use types, properties, items, enum, anyOf and limits, or a pydantic model."),
    )
