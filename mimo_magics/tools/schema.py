"""A Python function as a tool: what a model is told of it, and what the model's arguments become.

The types are pydantic's, which this module imports; whoever wants to start fast imports it late.
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
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Tool
from mimo_magics.tools import docstring
from mimo_magics.tools.arguments import BadArguments, parse_arguments

__all__ = ["BadArguments", "Signature"]

TOOL_NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")

SIGNATURE_OPTIONS: dict[str, Any] = {}
"""Since Python 3.14 `inspect` must be told not to stop at names that do not exist; before, it looks for none."""
if sys.version_info >= (3, 14):
    from annotationlib import Format

    SIGNATURE_OPTIONS["annotation_format"] = Format.FORWARDREF

DROPPED_KEYS = frozenset(
    {"$defs", "$ref", "additionalProperties", "discriminator", "propertyNames", "strict", "title"}
)
"""What MiMo's gateway refuses in a schema, or a model has no use for."""
SCHEMA_KEYS = frozenset({"contains", "items", "not"})
SCHEMA_LIST_KEYS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAP_KEYS = frozenset({"patternProperties", "properties"})


class Signature:
    """What a model is told of a function, and how its arguments are read.

    Args:
        function: any with a name, sync or async, of an object too. Of a `functools.partial` the model sees what
            is left open; the keywords that are set are neither told nor taken. `x: int = Field(5, ge=1)` of
            pydantic is the same as `x: Annotated[int, Field(ge=1)] = 5`.

    Raises:
        BadOption: the function cannot be described.
    """

    tool: Tool
    """What the model is told."""

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
        """Return keyword arguments for the function, with the types that it wants; defaults of `Field` among them.

        Models err: JSON in a string is read where a string does not fit, 5.0 is an integer, and null stands for
        a default of None. All else is as strict as JSON: `true` is no number, 5 no date.

        Args:
            arguments: JSON as the model wrote it, not trusted; empty stands for `{}`.

        Raises:
            BadArguments: they do not fit.
        """
        return parse_arguments(arguments, self._adapter, self._none_defaults)


# ----------------------------------------------------------------------------------------- the function


def _unwrap_partial(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, partial):
        function = function.func
    return function


def _get_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        fact = Translatable("An object of {name} has no name for the model.", name=type(function).__name__)
        raise BadOption(fact, Translatable("Give a function."))
    if name == "<lambda>":
        raise BadOption(
            Translatable("A lambda has no name for the model."), Translatable("Write a function with def.")
        )
    if not TOOL_NAME_PATTERN.fullmatch(name):
        advice = Translatable("Give the function 1 to 64 characters of A-Z, a-z, 0-9, _ and -.")
        raise BadOption(Translatable("{name!r} is no name for a tool.", name=name), advice)
    return name


def _get_parameters(function: Callable[..., Any], name: str) -> list[Parameter]:
    try:
        parameters = inspect.signature(function, **SIGNATURE_OPTIONS).parameters.values()
    except (TypeError, ValueError):
        advice = Translatable("Call it in a function of your own, written with def and type hints.")
        raise BadOption(
            Translatable("Python does not know the parameters of {name}.", name=name), advice
        ) from None
    for parameter in parameters:
        _check_kind(parameter, name)
    # what a partial sets may be a secret, and is not the model's to change
    bound_keywords = function.keywords if isinstance(function, partial) else {}
    return [parameter for parameter in parameters if parameter.name not in bound_keywords]


def _check_kind(parameter: Parameter, name: str) -> None:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        advice = Translatable("Name each parameter; one that is a list or a dict takes any number of values.")
        raise BadOption(
            Translatable(
                "{name} takes {parameter}, which no model can be told.", name=name, parameter=parameter
            ),
            advice,
        )
    if parameter.kind is Parameter.POSITIONAL_ONLY:
        fact = Translatable(
            "{name} takes {parameter} by its position only, and a model gives names.",
            name=name,
            parameter=parameter.name,
        )
        raise BadOption(
            fact, Translatable("Take the / out of the parameters, or call it in a function of your own.")
        )
    if (
        isinstance(parameter.default, dataclasses.Field)
        or type(parameter.default).__module__ == "pydantic.v1.fields"
    ):
        fact = Translatable(
            "The default of {parameter} in {name} is the field of a class.",
            parameter=parameter.name,
            name=name,
        )
        raise BadOption(fact, Translatable("Write Annotated[int, pydantic.Field(ge=1)] and a plain default."))


def _is_required(parameter: Parameter) -> bool:
    default = parameter.default
    return default.is_required() if isinstance(default, FieldInfo) else default is Parameter.empty


def _get_default(parameter: Parameter) -> Any:
    """Return the value of a parameter that is not given; `Parameter.empty` where there is none, or it is yet to be made."""
    default = parameter.default
    if isinstance(default, FieldInfo):
        return Parameter.empty if default.default is PydanticUndefined else default.default
    return default


@contextmanager
def _translate_errors(parameter: str, name: str) -> Iterator[None]:
    """Tell the person which parameter it is, whatever pydantic or an annotation raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        reason = reason.replace("Unable to generate pydantic-core schema for", "no JSON is like")
        advice = Translatable(
            "Write a type that JSON has, such as str, float, list[str] or a dataclass; or none for any value."
        )
        if isinstance(error, NameError):
            advice = Translatable("Define it before the function, or write another type.")
        fact = Translatable(
            "The type of {parameter} in {name} cannot be told to a model: {reason}.",
            parameter=parameter,
            name=name,
            reason=reason,
        )
        raise BadOption(fact, advice) from None


def _resolve_hint(parameter: Parameter, function: Callable[..., Any]) -> Any:
    """Find the type of a parameter, which may be written as text; a `Field` in place of the default is part of it."""
    annotation = Any if parameter.annotation is Parameter.empty else parameter.annotation
    holder = SimpleNamespace(__annotations__={"hint": annotation})
    hint = get_type_hints(holder, *_get_namespaces(function), include_extras=True)["hint"]
    return Annotated[hint, parameter.default] if isinstance(parameter.default, FieldInfo) else hint


def _get_namespaces(function: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what annotations may name: the globals of the function, and what it closes over."""
    function = inspect.unwrap(function)
    if not inspect.isroutine(function):
        function = type(function).__call__
    code = getattr(function, "__code__", None)
    closure = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True) if code else ():
        with suppress(ValueError):  # a cell that is still empty
            closure[name] = cell.cell_contents
    return getattr(function, "__globals__", {}), closure


# ------------------------------------------------------------------------------------------- the schema


class _SchemaGenerator(GenerateJsonSchema):
    """JSON Schema as pydantic makes it, without warnings of what it leaves out, and with words of our own."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default", "skipped-choice"}  # noqa: RUF012  pydantic's

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> NoReturn:  # noqa: ARG002
        """Refuse what no JSON is like; in a union the others remain."""
        raise PydanticInvalidForJsonSchema(f"no JSON is like a {schema['type']}")

    def is_subclass_schema(self, schema: Any) -> NoReturn:  # noqa: ARG002
        """Refuse a class, of which pydantic would say that it is anything."""
        raise PydanticInvalidForJsonSchema("no JSON is like a class")

    def generator_schema(self, schema: Any) -> NoReturn:  # noqa: ARG002
        """Refuse what is read while the function runs, when nobody can tell the model of a mistake."""
        raise TypeError("an Iterable is read too late, a list is not")


def _build_adapter(fields: dict[str, Any]) -> TypeAdapter[dict[str, Any]]:
    """Read an object into a dict of what was given, so that the function's own defaults stay its own.

    Pydantic adds the default of a `Field`, which the function would take for the value.
    """
    arguments: Any = TypedDict("arguments", fields)  # type: ignore[misc]  # known at run time only
    strict_names: Any = with_config(ConfigDict(extra="forbid"))(arguments)
    return TypeAdapter(strict_names)


def _find_description(hint: Any) -> str:
    """Find a description in `Annotated[str, "a description"]`, which pydantic does not read."""
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, str)), "")


def _build_schema(parameter: Parameter, field: Any, description: str) -> dict[str, Any]:
    """Describe an object with one property; an alias names it otherwise than the parameter."""
    schema = _build_adapter({parameter.name: field}).json_schema(schema_generator=_SchemaGenerator)
    for property_schema in schema["properties"].values():
        if isinstance(parameter.default, FieldInfo):
            property_schema.pop("default", None)
        property_schema.update(
            ({"description": description} if description else {})
            | property_schema
            | _encode_default(parameter)
        )
    plain: dict[str, Any] = _inline_definitions(schema, schema.get("$defs", {}))
    json.dumps(plain, allow_nan=False)  # what a person puts into a schema need not be JSON
    return plain


def _encode_default(parameter: Parameter) -> dict[str, Any]:
    """Tell the default where JSON can."""
    default = _get_default(parameter)
    if default is Parameter.empty:
        return {}
    try:
        default = to_jsonable_python(_sort_sets(default))
        json.dumps(default, allow_nan=False)
    except Exception:  # noqa: BLE001  a person's object raises what it likes
        return {}
    return {"default": default}


def _sort_sets(value: Any) -> Any:
    """Return a value with lists for sets, so that a request is the same in every process."""
    match value:
        case set() | frozenset():
            return sorted(map(_sort_sets, value), key=repr)
        case list() | tuple():
            return [_sort_sets(each) for each in value]
        case dict():
            return {name: _sort_sets(each) for name, each in value.items()}
    return value


def _inline_definitions(schema: Any, definitions: Mapping[str, Any], ancestors: tuple[str, ...] = ()) -> Any:
    """Put definitions where they are referred to, and take out what MiMo's gateway refuses.

    What is chosen by a tag becomes `anyOf`, too: MiMo answers `oneOf` with JSON in a string.
    """
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        if name in ancestors:
            raise TypeError(f"{name} contains itself")
        return _inline_definitions(definitions[name] | schema | {"$ref": ""}, definitions, (*ancestors, name))
    supported = {
        "anyOf" if key == "oneOf" else key: _inline_in_value(key, value, definitions, ancestors)
        for key, value in schema.items()
        if key not in DROPPED_KEYS
    }
    if supported.get("items") == {}:  # it says nothing, and is refused
        del supported["items"]
    if "const" in supported:  # which pydantic tells in one way or two, depending on its version
        supported["enum"] = [supported.pop("const")]
    return supported


def _inline_in_value(key: str, value: Any, definitions: Mapping[str, Any], ancestors: tuple[str, ...]) -> Any:
    if key in SCHEMA_MAP_KEYS:
        return {name: _inline_definitions(schema, definitions, ancestors) for name, schema in value.items()}
    if key in SCHEMA_LIST_KEYS:
        return [_inline_definitions(schema, definitions, ancestors) for schema in value]
    return _inline_definitions(value, definitions, ancestors) if key in SCHEMA_KEYS else value
