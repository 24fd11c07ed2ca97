"""Validation of saved values: untrusted JSON from a file or a notebook becomes frozen dataclasses.

pydantic validates. The schema is built from the fields and types of the dataclasses. It is strict: a text is never read as a number,
and a number never as a boolean. Unknown fields are ignored, so that an older version can read the files of a newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:  # pydantic is imported when something is validated
    from pydantic_core import CoreSchema, SchemaValidator, ValidationError

T = TypeVar("T")
INT_LIMIT = 2**63
"""Integers from -INT_LIMIT to INT_LIMIT are valid, both excluded."""


def validate(kind: type[T], data: object, name: str = "") -> T:
    """Return a value of this type from its JSON form. `core.serialization` describes the form.

    Args:
        kind: a frozen dataclass with slots, or a tuple of them.
        data: the JSON form.
        name: of the field that holds the data, for errors.

    Raises:
        ValueError: the data does not fit the type. The message names the first invalid field.
    """
    from pydantic_core import ValidationError

    try:
        value: T = _build_validator(kind).validate_python(data)  # type: ignore[arg-type]  # a class is a key
    except ValidationError as error:
        raise ValueError(_describe_first_error(error, name)) from None
    return value


def _describe_first_error(error: ValidationError, name: str) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(filter(None, (name, *map(str, first["loc"])))) or "the value"
    if first["type"] == "missing":
        return f"{place} is missing"
    return f"{place} has the wrong type" if first["type"].endswith("_type") else f"{place} is not valid"


@cache
def _build_validator(kind: Any) -> SchemaValidator:
    from pydantic_core import SchemaValidator

    return SchemaValidator(_build_schema(kind))


def _build_schema(kind: Any) -> CoreSchema:
    """Return the schema of a dataclass, or of the type of a field."""
    from pydantic_core import core_schema

    arguments = get_args(kind)
    if is_dataclass(kind):
        return _build_dataclass_schema(kind)
    if get_origin(kind) in (Union, UnionType):
        return _build_union_schema(arguments)
    if get_origin(kind) is tuple:
        return core_schema.tuple_schema([_build_schema(arguments[0])], variadic_item_index=0, fail_fast=True)
    if get_origin(kind) is Mapping:
        return core_schema.dict_schema(*map(_build_schema, arguments))
    if get_origin(kind) is Literal:
        return core_schema.literal_schema(list(arguments))
    return {
        str: core_schema.str_schema(strict=True),
        bool: core_schema.bool_schema(strict=True),
        int: core_schema.int_schema(strict=True, gt=-INT_LIMIT, lt=INT_LIMIT),
        float: core_schema.float_schema(strict=True, allow_inf_nan=False),
        Any: core_schema.any_schema(),
    }[kind]


def _build_dataclass_schema(kind: Any) -> CoreSchema:
    from pydantic_core import core_schema

    hints = get_type_hints(kind)
    entries = [
        core_schema.dataclass_field(
            field.name,
            _add_default(_build_schema(hints[field.name]), field),
            validation_alias=field.metadata.get("saved_as"),
        )
        for field in fields(kind)
    ]
    return core_schema.dataclass_schema(
        kind,
        core_schema.dataclass_args_schema(kind.__name__, entries),
        [field.name for field in fields(kind)],
        frozen=True,
        slots=True,
    )


def _add_default(schema: CoreSchema, field: Field[Any]) -> CoreSchema:
    from pydantic_core import core_schema

    if field.default_factory is not MISSING:
        return core_schema.with_default_schema(schema, default_factory=field.default_factory)
    if field.default is not MISSING:
        return core_schema.with_default_schema(schema, default=field.default)
    return schema


def _build_union_schema(kinds: tuple[Any, ...]) -> CoreSchema:
    """Return the schema of `X | None`, or of several dataclasses whose JSON form has a field `type`."""
    from pydantic_core import core_schema

    if NoneType in kinds:
        (kind,) = set(kinds) - {NoneType}
        return core_schema.nullable_schema(_build_schema(kind))
    return core_schema.tagged_union_schema({kind.type: _build_schema(kind) for kind in kinds}, "type")
