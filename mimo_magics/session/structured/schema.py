"""The schema of a structured result: what the prompt tells the model, and how a value is validated.

This module imports pydantic. Import it late, so that the extension loads fast.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter

from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote_value
from mimo_magics.session.structured.json_schema_types import build_type
from mimo_magics.session.structured.shorthand import parse_shorthand

LIST_KEY = "items"
"""The key of the list in a reply, because JSON mode allows only an object."""
MAX_QUOTED_CHARS = 80
MAX_DEFINITION_DEPTH = 20
DTYPES = {"string": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of results."""

    name: str
    dtype: str
    """The dtype of pandas: `string`, `Int64`, `Float64`, `boolean`, `datetime64[ns]` or `object`."""


@dataclass(frozen=True, slots=True)
class ResultSchema:
    """The schema of a result: one object, or a list of items."""

    name: str
    """The name of the type of one item."""
    is_list: bool
    item_schema: Mapping[str, Any]
    """The JSON Schema of one item."""
    adapter: TypeAdapter[list[Any]] = field(compare=False, repr=False)
    """Validates a list of items."""

    @property
    def reply_schema(self) -> dict[str, Any]:
        """The JSON Schema of the reply, which is an object in both cases."""
        if not self.is_list:
            return dict(self.item_schema)
        item_schema = {name: value for name, value in self.item_schema.items() if name != "$defs"}
        definitions = {"$defs": self.item_schema["$defs"]} if "$defs" in self.item_schema else {}
        items = {LIST_KEY: {"type": "array", "items": item_schema}}
        return {"type": "object", "properties": items, "required": [LIST_KEY], **definitions}

    @property
    def value_schema(self) -> dict[str, Any]:
        """The JSON Schema of the value: of an array, or of one object. It is plain JSON, so that a file can hold it."""
        schema = self.reply_schema
        if self.is_list:
            definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
            schema = {**schema["properties"][LIST_KEY], **definitions}
        plain: dict[str, Any] = json.loads(json.dumps(schema), parse_constant=lambda _: None)
        return plain

    @property
    def item_properties(self) -> Mapping[str, Any]:
        """The schemas of the keys of an item; empty for an item that is no object."""
        properties = self.resolve(self.item_schema).get("properties")
        return properties if isinstance(properties, Mapping) else {}

    @property
    def has_object_items(self) -> bool:
        """Whether an item is an object."""
        return self.resolve(self.item_schema).get("type") == "object" or bool(self.item_properties)

    @property
    def required(self) -> tuple[str, ...]:
        """The keys that each item must have."""
        return tuple(self.resolve(self.item_schema).get("required", ()))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a table of items."""
        return tuple(
            Column(name, self._choose_dtype(self.resolve(each)))
            for name, each in self.item_properties.items()
        )

    @property
    def summary(self) -> str:
        """The name and the fields, such as `list[Person]: name string, age integer`."""
        fields = ", ".join(
            f"{name} {_describe_type(self.resolve(each))}" for name, each in self.item_properties.items()
        )
        name = f"list[{self.name}]" if self.is_list else self.name
        return f"{name}: {fields}" if fields else name

    @property
    def item_dtype(self) -> str:
        """The dtype of items that are not objects."""
        return self._choose_dtype(self.resolve(self.item_schema))

    @property
    def instructions(self) -> str:
        """The text that follows the prompt. The form is last, because small models else reply with the schema."""
        keys = ", ".join(f'"{name}"' for name in self.required)
        lines = (
            f"JSON Schema of the reply: {json.dumps(self.reply_schema, ensure_ascii=False)}",
            f"Required keys of {'each item' if self.is_list else 'the object'}: {keys}." if keys else "",
            "If a value is unknown, use null only where the schema allows it. Do not invent values.",
            "Reply with one JSON object and nothing else: no schema, no Markdown, no comments. It has this form, with "
            f"values in place of the words in brackets: {self._form}",
        )
        return "\n".join(filter(None, lines))

    @property
    def _form(self) -> str:
        """The form of the reply. It is not JSON, so that a copy of it is no result."""
        members = ", ".join(
            f'"{name}": <{_describe_type(self.resolve(each))}>' for name, each in self.item_properties.items()
        )
        item = f"{{{members}}}" if members else f"<{_describe_type(self.resolve(self.item_schema))}>"
        return f'{{"{LIST_KEY}": [{item}, …]}}' if self.is_list else item

    def resolve(self, node: Any) -> Mapping[str, Any]:
        """Return a schema without a reference; for a schema or null, the schema."""
        for _ in range(MAX_DEFINITION_DEPTH):
            if not isinstance(node, Mapping):
                break
            members = [each for each in node.get("anyOf", ()) if each != {"type": "null"}]
            if "$ref" in node:
                node = self.item_schema.get("$defs", {}).get(node["$ref"].rpartition("/")[2], {})
            elif len(members) == 1:
                (node,) = members
            else:
                return node
        return {}

    def _choose_dtype(self, schema: Mapping[str, Any]) -> str:
        if schema.get("format") in ("date", "date-time"):
            return "datetime64[ns]"
        kinds = {type(each) for each in schema.get("enum", ())}
        return "string" if kinds == {str} else DTYPES.get(str(schema.get("type")), "object")


def build_schema(source: Any, *, many: bool = False) -> ResultSchema:
    """Return the schema of a pydantic model, a dataclass, a TypedDict, a JSON Schema, a list of these, or a short form.

    Args:
        source: a type, a JSON Schema as a dict, a text such as `name, age int`, or a schema.
        many: the result is a list of these.

    Raises:
        BadOption: there is no JSON Schema for it, or one object is no object.
    """
    schema = source if isinstance(source, ResultSchema) else _build(source)
    schema = replace(schema, is_list=schema.is_list or many)
    if not schema.is_list and not schema.has_object_items:
        raise BadOption(
            Translatable("The schema {name} is not an object.", name=schema.name),
            Translatable("Use a model with fields, or a list such as list[str]."),
        )
    return schema


def _build(source: Any) -> ResultSchema:
    try:
        if isinstance(source, str):
            return _build_from_json_schema(parse_shorthand(source))
        if isinstance(source, Mapping):
            return _build_from_json_schema(source)
        is_list = get_origin(source) is list
        item = get_args(source)[0] if is_list else source
        adapter = _build_adapter(item)
        return ResultSchema(_get_name(item), is_list, _get_item_schema(adapter), adapter)
    except MimoError:
        raise
    except Exception as error:  # noqa: BLE001  a type of the user can raise any error
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise BadOption(
            Translatable(
                "{value} has no JSON Schema: {reason}.",
                value=quote_value(source, MAX_QUOTED_CHARS),
                reason=reason,
            ),
            Translatable(
                "Use a pydantic model, a dataclass, a TypedDict, a JSON Schema, or a text such as 'name, age int'."
            ),
        ) from None


def _build_from_json_schema(schema: Mapping[str, Any]) -> ResultSchema:
    is_list = schema.get("type") == "array" and "items" in schema
    item_schema = {
        **({"$defs": schema["$defs"]} if is_list and "$defs" in schema else {}),
        **(schema["items"] if is_list else schema),
    }
    adapter = _build_adapter(build_type(item_schema, schema))
    return ResultSchema(str(schema.get("title") or "object"), is_list, item_schema, adapter)


def _describe_type(schema: Mapping[str, Any]) -> str:
    words = [str(each) for each in schema.get("enum", ()) if isinstance(each, str)]
    return " or ".join(words) or str(schema.get("format") or schema.get("type") or "value")


def _build_adapter(item: Any) -> TypeAdapter[list[Any]]:
    items: Any = list[item]
    return TypeAdapter(items)


def _get_name(item: Any) -> str:
    return item.__name__ if isinstance(item, type) else str(item)


def _get_item_schema(adapter: TypeAdapter[list[Any]]) -> dict[str, Any]:
    """Return the schema of an item with the definitions, without titles that repeat names."""
    schema = adapter.json_schema()
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    plain: dict[str, Any] = _drop_titles({**schema["items"], **definitions})
    # A type with one definition, which does not contain itself, is written in place.
    return _inline_root(plain)


def _inline_root(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.get("$defs", {})
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    root = definitions.pop(name)
    if schema["$ref"] in _iter_references([root, definitions]):
        definitions[name] = root
        return {**root, "$defs": definitions}
    return {**root, "$defs": definitions} if definitions else root


def _iter_references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from _iter_references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _iter_references(each)


def _drop_titles(node: Any, *, is_name_map: bool = False) -> Any:
    if isinstance(node, dict):
        return {
            key: _drop_titles(value, is_name_map=not is_name_map and key in ("properties", "$defs"))
            for key, value in node.items()
            if is_name_map or key != "title" or not isinstance(value, str)
        }
    return [_drop_titles(each) for each in node] if isinstance(node, list) else node
