"""Describe a Python function to a model as a JSON schema, and convert the model's arguments to its types.

This module imports pydantic. Import it late, so that the extension loads fast.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from inspect import Parameter
from types import SimpleNamespace
from typing import Annotated, Any, NoReturn, NotRequired, get_type_hints

from pydantic import ConfigDict, PydanticInvalidForJsonSchema, TypeAdapter, with_config
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import PydanticUndefined, to_jsonable_python
from typing_extensions import TypedDict  # pydantic requires this one before Python 3.12

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Tool
from mimo_magics.tools import docstring
from mimo_magics.tools.arguments import BadArguments, parse_arguments

__all__ = ["BadArguments", "Signature"]

TOOL_NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")

SIGNATURE_OPTIONS: dict[str, Any] = {}
"""Since Python 3.14 `inspect` resolves annotations, and fails on undefined names without this option."""
if sys.version_info >= (3, 14):
    from annotationlib import Format

    SIGNATURE_OPTIONS["annotation_format"] = Format.FORWARDREF

DROPPED_KEYS = frozenset(
    {"$defs", "$ref", "additionalProperties", "discriminator", "propertyNames", "strict", "title"}
)
"""Keys of a schema that MiMo's gateway rejects, or that are of no use to a model."""
SCHEMA_KEYS = frozenset({"contains", "items", "not"})
SCHEMA_LIST_KEYS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAP_KEYS = frozenset({"patternProperties", "properties"})


class Signature:
    """The JSON schema of a function, and the parser of its arguments.

    Args:
        function: a function or method with a name, sync or async. For a `functools.partial` the schema has only the
            open parameters. The model can neither see nor set the keywords that the partial binds. Pydantic's
            `x: int = Field(5, ge=1)` is the same as `x: Annotated[int, Field(ge=1)] = 5`.

    Raises:
        BadOption: the function has no JSON schema.
    """

    tool: Tool
    """Name, description and JSON schema for the model."""

    def __init__(self, function: Callable[..., Any]) -> None:
        inner = _unwrap_partial(function)
        name = _get_name(inner)
        description, descriptions = docstring.parse_docstring(inspect.getdoc(inner) or "")
        parameters = _get_parameters(function, name)
        fields: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        required: list[str] = []
        for each in parameters:
            with _translate_errors(each.name, name):
                hint = _resolve_hint(each, inner)
                fields[each.name] = hint if _is_required(each) else NotRequired[hint]
                schema = _build_schema(
                    each, fields[each.name], _find_description(hint) or descriptions.get(each.name, "")
                )
            properties |= schema["properties"]
            required += schema.get("required", [])
        parameters_schema = {"type": "object", "properties": properties} | (
            {"required": required} if required else {}
        )
        self.tool = Tool(name, description, parameters_schema)
        self._adapter = _build_adapter(fields)
        self._none_defaults = [each.name for each in parameters if _get_default(each) is None]

    def parse_arguments(self, arguments: str) -> dict[str, Any]:
        """Return keyword arguments of the function's types. Defaults of `Field` are included.

        Common mistakes of models are repaired: JSON in a string is parsed if a string does not fit, 5.0 becomes an
        integer, and null becomes a default of None. Everything else is strict: `true` is not a number, 5 is not a date.

        Args:
            arguments: untrusted JSON from the model. An empty text stands for `{}`.

        Raises:
            BadArguments: the arguments do not fit.
        """
        return parse_arguments(arguments, self._adapter, self._none_defaults)


# ------------------------------------------------------------------------------------ The function


def _unwrap_partial(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, partial):
        function = function.func
    return function


def _get_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        fact = Translatable("An object of type {name} has no name.", name=type(function).__name__)
        raise BadOption(fact, Translatable("Use a function."))
    if name == "<lambda>":
        raise BadOption(
            Translatable("A lambda function has no name."), Translatable("Write a function with def.")
        )
    if not TOOL_NAME_PATTERN.fullmatch(name):
        advice = Translatable("Rename the function: 1 to 64 characters of A-Z, a-z, 0-9, _ and -.")
        raise BadOption(Translatable("{name!r} is not a valid tool name.", name=name), advice)
    return name


def _get_parameters(function: Callable[..., Any], name: str) -> list[Parameter]:
    try:
        parameters = inspect.signature(function, **SIGNATURE_OPTIONS).parameters.values()
    except (TypeError, ValueError):
        advice = Translatable("Wrap it in a Python function with type hints.")
        raise BadOption(
            Translatable("{name} has no signature that Python can inspect.", name=name), advice
        ) from None
    for parameter in parameters:
        _check_kind(parameter, name)
    # A keyword of a partial may be a secret. The model must not see or change it.
    bound_keywords = function.keywords if isinstance(function, partial) else {}
    return [parameter for parameter in parameters if parameter.name not in bound_keywords]


def _check_kind(parameter: Parameter, name: str) -> None:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        advice = Translatable("Name each parameter. A list or a dict parameter takes any number of values.")
        raise BadOption(
            Translatable(
                "{name} has the variadic parameter {parameter}, which has no JSON schema.",
                name=name,
                parameter=parameter,
            ),
            advice,
        )
    if parameter.kind is Parameter.POSITIONAL_ONLY:
        fact = Translatable(
            "The parameter {parameter} of {name} is positional-only, but a model passes arguments by name.",
            name=name,
            parameter=parameter.name,
        )
        raise BadOption(
            fact, Translatable("Remove the / from the parameters, or wrap the function in another one.")
        )
    if (
        isinstance(parameter.default, dataclasses.Field)
        or type(parameter.default).__module__ == "pydantic.v1.fields"
    ):
        fact = Translatable(
            "The default of {parameter} in {name} is a dataclass field.",
            parameter=parameter.name,
            name=name,
        )
        raise BadOption(fact, Translatable("Write Annotated[int, pydantic.Field(ge=1)] and a plain default."))


def _is_required(parameter: Parameter) -> bool:
    default = parameter.default
    return default.is_required() if isinstance(default, FieldInfo) else default is Parameter.empty


def _get_default(parameter: Parameter) -> Any:
    """Return the default of a parameter; `Parameter.empty` without one, or with a default factory."""
    default = parameter.default
    if isinstance(default, FieldInfo):
        return Parameter.empty if default.default is PydanticUndefined else default.default
    return default


@contextmanager
def _translate_errors(parameter: str, name: str) -> Iterator[None]:
    """Raise `BadOption` with the name of the parameter for any error of pydantic or of an annotation."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        reason = reason.replace("Unable to generate pydantic-core schema for", "there is no JSON for")
        advice = Translatable(
            "Use a type with a JSON schema, such as str, float, list[str] or a dataclass, or no type for any value."
        )
        if isinstance(error, NameError):
            advice = Translatable("Define the name before the function, or use another type.")
        fact = Translatable(
            "The type of {parameter} in {name} has no JSON schema: {reason}.",
            parameter=parameter,
            name=name,
            reason=reason,
        )
        raise BadOption(fact, advice) from None


def _resolve_hint(parameter: Parameter, function: Callable[..., Any]) -> Any:
    """Return the type of a parameter, also if it is written as a string. A `Field` default becomes part of it."""
    annotation = Any if parameter.annotation is Parameter.empty else parameter.annotation
    holder = SimpleNamespace(__annotations__={"hint": annotation})
    hint = get_type_hints(holder, *_get_namespaces(function), include_extras=True)["hint"]
    return Annotated[hint, parameter.default] if isinstance(parameter.default, FieldInfo) else hint


def _get_namespaces(function: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the globals and the closure of a function, in which its annotations are resolved."""
    function = inspect.unwrap(function)
    if not inspect.isroutine(function):
        function = type(function).__call__
    code = getattr(function, "__code__", None)
    closure = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True) if code else ():
        # A closure variable that is not assigned yet raises ValueError.
        with suppress(ValueError):
            closure[name] = cell.cell_contents
    return getattr(function, "__globals__", {}), closure


# -------------------------------------------------------------------------------------- The schema


class _SchemaGenerator(GenerateJsonSchema):
    """Pydantic's JSON schema without its warnings on omitted parts, and with our own error messages."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default", "skipped-choice"}  # noqa: RUF012  pydantic's

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> NoReturn:  # noqa: ARG002
        """Reject a type without JSON. The other members of a union remain."""
        raise PydanticInvalidForJsonSchema(f"there is no JSON for a {schema['type']}")

    def is_subclass_schema(self, schema: Any) -> NoReturn:  # noqa: ARG002
        """Reject a class, which pydantic would describe as any value."""
        raise PydanticInvalidForJsonSchema("there is no JSON for a class")

    def generator_schema(self, schema: Any) -> NoReturn:  # noqa: ARG002
        """Reject an iterable that is validated only while the function runs, too late to report mistakes to the model."""
        raise TypeError("an Iterable is validated too late; use a list")


def _build_adapter(fields: dict[str, Any]) -> TypeAdapter[dict[str, Any]]:
    """Return an adapter that parses an object into a dict of the given arguments, without the function's defaults.

    Pydantic adds the default of a `Field`, because the function itself would use the `Field` as the value.
    """
    arguments: Any = TypedDict("arguments", fields)  # type: ignore[misc]  # the fields are known only at run time
    strict_names: Any = with_config(ConfigDict(extra="forbid"))(arguments)
    return TypeAdapter(strict_names)


def _find_description(hint: Any) -> str:
    """Return the description in `Annotated[str, "a description"]`, which pydantic ignores."""
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, str)), "")


def _build_schema(parameter: Parameter, field: Any, description: str) -> dict[str, Any]:
    """Return the schema of an object with one property. An alias gives the property another name."""
    schema = _build_adapter({parameter.name: field}).json_schema(schema_generator=_SchemaGenerator)
    for property_schema in schema["properties"].values():
        if isinstance(parameter.default, FieldInfo):
            property_schema.pop("default", None)
        property_schema.update(
            ({"description": description} if description else {})
            | property_schema
            | _encode_default(parameter)
        )
    plain: dict[str, Any] = inline_definitions(schema, schema.get("$defs", {}))
    # A schema that the user extended may contain values that are not JSON.
    json.dumps(plain, allow_nan=False)
    return plain


def _encode_default(parameter: Parameter) -> dict[str, Any]:
    """Return the default of a parameter if it can be encoded as JSON."""
    default = _get_default(parameter)
    if default is Parameter.empty:
        return {}
    try:
        default = to_jsonable_python(_sort_sets(default))
        json.dumps(default, allow_nan=False)
    except Exception:  # noqa: BLE001  a user's object can raise any error
        return {}
    return {"default": default}


def _sort_sets(value: Any) -> Any:
    """Return a value with sorted lists for sets, so that requests are equal in every process."""
    match value:
        case set() | frozenset():
            return sorted(map(_sort_sets, value), key=repr)
        case list() | tuple():
            return [_sort_sets(each) for each in value]
        case dict():
            return {name: _sort_sets(each) for name, each in value.items()}
    return value


def inline_definitions(schema: Any, definitions: Mapping[str, Any], ancestors: tuple[str, ...] = ()) -> Any:
    """Replace references by their definitions, and remove the keys that MiMo's gateway rejects.

    `oneOf` of a tagged union becomes `anyOf`, because MiMo answers `oneOf` with JSON in a string.
    """
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        if name in ancestors:
            raise TypeError(f"{name} contains itself")
        return inline_definitions(definitions[name] | schema | {"$ref": ""}, definitions, (*ancestors, name))
    supported = {
        "anyOf" if key == "oneOf" else key: _inline_in_value(key, value, definitions, ancestors)
        for key, value in schema.items()
        if key not in DROPPED_KEYS
    }
    # The gateway rejects empty `items`.
    if supported.get("items") == {}:
        del supported["items"]
    # Some versions of pydantic write `const`, others `const` and `enum`.
    if "const" in supported:
        supported["enum"] = [supported.pop("const")]
    return supported


def _inline_in_value(key: str, value: Any, definitions: Mapping[str, Any], ancestors: tuple[str, ...]) -> Any:
    if key in SCHEMA_MAP_KEYS:
        return {name: inline_definitions(schema, definitions, ancestors) for name, schema in value.items()}
    if key in SCHEMA_LIST_KEYS:
        return [inline_definitions(schema, definitions, ancestors) for schema in value]
    return inline_definitions(value, definitions, ancestors) if key in SCHEMA_KEYS else value
