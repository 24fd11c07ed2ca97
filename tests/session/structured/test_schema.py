"""The schema of a result: its sources, the text for the model, and the columns of a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from support.broken_replies import Book, Branch, Visit
from typing_extensions import TypedDict

from mimo_magics.core.errors import BadOption
from mimo_magics.session.structured.reading import read_reply
from mimo_magics.session.structured.schema import Column, build_schema
from mimo_magics.session.structured.validation import InvalidItem, ValidItem, validate_item


@dataclass
class Point:
    x: int
    label: str = "p"


class Pair(TypedDict):
    left: int
    right: str


class Color(Enum):
    RED = "red"


class Car(BaseModel):
    """A car."""

    color: Color
    wheels: int = Field(4, ge=2)


JSON_SCHEMA = {
    "type": "object",
    "title": "City",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "size": {"enum": ["small", "large", 3, None]},
        "founded": {"type": "string", "format": "date"},
        "area": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "maxItems": 2},
    },
    "required": ["name"],
    "$defs": {"part": {"type": "object", "additionalProperties": {"type": "integer"}}},
}


def test_objects_have_the_type_of_the_source() -> None:
    values = [
        (Point, {"x": 1}, Point(1)),
        (Pair, {"left": 1, "right": "r"}, {"left": 1, "right": "r"}),
        (Car, {"color": "RED", "wheels": "6"}, Car(color=Color.RED, wheels=6)),
        (
            "name, age int?, tags list[str]",
            {"name": "n", "age": None, "tags": ["t"]},
            {"name": "n", "age": None, "tags": ["t"]},
        ),
        (
            JSON_SCHEMA,
            {"name": "Ulm", "size": "LARGE", "area": 2},
            {"name": "Ulm", "size": "large", "area": 2.0},
        ),
    ]
    for source, data, value in values:
        item = validate_item(data, build_schema(source))
        assert isinstance(item, ValidItem)
        assert item.value == value


@pytest.mark.parametrize(
    "data",
    [
        {"name": "U"},
        {"name": "Ulm", "size": "medium"},
        {"name": "Ulm", "founded": "1.2.2020"},
        {"name": "Ulm", "founded": 20200201},
        {"name": "Ulm", "area": 0},
        {"name": "Ulm", "parts": [{"a": 1.5}]},
        {"name": "Ulm", "parts": [{}, {}, {}]},
        {"size": "small"},
    ],
)
def test_a_json_schema_is_validated_as_a_model_is(data: dict[str, Any]) -> None:
    assert isinstance(validate_item(data, build_schema(JSON_SCHEMA)), InvalidItem)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object", "patternProperties": {"^a": {}}},
        {"type": "array", "uniqueItems": True},
        {"not": {"type": "string"}},
        {"$ref": "https://example.org/a.json"},
        {"$ref": "#/$defs/self"},
        {"type": "text"},
        {"enum": [[1]]},
        {"type": "string", "pattern": "("},
    ],
)
def test_a_json_schema_with_an_unsupported_part_is_refused(part: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"a": part}, "$defs": {"self": {"$ref": "#/$defs/self"}}}
    with pytest.raises(BadOption):
        build_schema(schema)


@pytest.mark.parametrize(
    "source", ["", "1 2 3", "a, a", "a money", "a list[list[int]]", int, Literal["a"], 5, object()]
)
def test_a_source_without_fields_is_refused(source: Any) -> None:
    with pytest.raises(BadOption):
        build_schema(source)


def test_lists_are_asked_for_as_lists() -> None:
    for schema in (
        build_schema(list[Book]),
        build_schema(Book, many=True),
        build_schema(
            {"type": "array", "items": {"$ref": "#/$defs/b"}, "$defs": {"b": JSON_SCHEMA["$defs"]["part"]}}
        ),  # type: ignore[index]
        build_schema(list[int]),
    ):
        assert schema.is_list
        assert schema.reply_schema["required"] == ["items"]


def test_the_short_form_takes_types_and_descriptions() -> None:
    schema = build_schema("name: the full name\nborn date\nheights list[float]?")
    assert schema.item_schema == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "the full name"},
            "born": {"type": "string", "format": "date"},
            "heights": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}]},
        },
        "required": ["name", "born", "heights"],
    }


def test_the_instructions_hold_the_json_schema_the_required_keys_and_the_form() -> None:
    schema = build_schema(list[Visit])
    json_schema, keys, unknown, form = schema.instructions.split("\n")
    assert json.loads(json_schema.removeprefix("JSON Schema of the reply: ")) == {
        "type": "object",
        "properties": {"items": {"type": "array", "items": schema.item_schema}},
        "required": ["items"],
    }
    assert keys == 'Required keys of each item: "place", "day", "mood".'
    assert "Do not invent values" in unknown
    assert form == (
        "Reply with one JSON object and nothing else: no schema, no Markdown, no comments. It has this form, with values in place of "
        'the words in brackets: {"items": [{"place": <string>, "day": <date>, "mood": <good or fair or poor>}, …]}'
    )


@pytest.mark.parametrize("source", [Visit, list[Visit], list[int], "a, b int"])
def test_a_copy_of_the_instructions_is_not_a_result(source: Any) -> None:
    schema = build_schema(source)
    assert read_reply(schema.instructions, schema).valid_items == ()
    assert read_reply(schema.instructions.splitlines()[-1], schema).valid_items == ()


def test_a_recursive_type_keeps_its_definition() -> None:
    schema = build_schema(list[Branch])
    assert schema.required == ("name",)
    assert schema.reply_schema["$defs"]["Branch"]["properties"]["next"] == {
        "anyOf": [{"$ref": "#/$defs/Branch"}, {"type": "null"}],
        "default": None,
    }


def test_columns_have_types() -> None:
    schema = build_schema("name, age int?, height float, is_tall bool, born date, tags list[str]")
    assert schema.columns == (
        Column("name", "string"),
        Column("age", "Int64"),
        Column("height", "Float64"),
        Column("is_tall", "boolean"),
        Column("born", "datetime64[ns]"),
        Column("tags", "object"),
    )
    assert build_schema(Visit).columns == (
        Column("place", "string"),
        Column("day", "datetime64[ns]"),
        Column("mood", "string"),
    )


def test_an_error_of_a_validator_is_an_error_of_the_item() -> None:
    class Odd(BaseModel):
        n: int

        def model_post_init(self, _: Any) -> None:
            raise RuntimeError("no <b>luck</b>")

    assert validate_item({"n": 1}, build_schema(Odd)) == InvalidItem(
        "RuntimeError: no <b>luck</b>", '{"n": 1}'
    )


def test_an_item_tells_its_first_mistakes() -> None:
    item = validate_item({"place": 5, "day": date.max.isoformat() + "x"}, build_schema(Visit))
    assert item == InvalidItem(
        "place: Input should be a valid string; received 5. day: Input should be a valid date in the format YYYY-MM-DD, "
        'unexpected extra characters at the end of the input; received "9999-12-31x". mood: is missing',
        '{"place": 5, "day": "9999-12-31x"}',
    )
