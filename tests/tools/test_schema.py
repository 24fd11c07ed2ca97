"""JSON schemas of Python functions."""

import json
import sys
import typing
from collections.abc import Callable, Iterable
from dataclasses import field
from datetime import date, datetime
from enum import Enum
from functools import lru_cache, partial, wraps
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from support.tool_signatures import Circle, Level, Pair, Point, Row, Shape, Square, Unit, taking, wind

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Tool
from mimo_magics.tools.schema import BadArguments, Signature


class Color(Enum):
    """Colors that the plotter has."""

    RED = "red"
    BLUE = "blue"


class Tree(BaseModel):
    children: list["Tree"] = []


class Frame:
    """A class without a JSON form, such as a DataFrame."""


CIRCLE = {
    "type": "object",
    "description": "All around.",
    "properties": {
        "kind": {"type": "string", "enum": ["circle"], "default": "circle"},
        "radius": {"type": "number", "exclusiveMinimum": 0, "description": "in metres"},
    },
    "required": ["radius"],
}
POINT = {
    "type": "object",
    "properties": {
        "x": {"type": "integer"},
        "title": {"type": "string", "default": "here"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["x"],
}
SQUARE = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["square"], "default": "square"},
        "side": {"type": "number"},
        "corner": {"anyOf": [POINT, {"type": "null"}], "default": None},
    },
    "required": ["side"],
}


def schema_of(hint: Any, **default: Any) -> Any:
    """Return the schema of a parameter of this type."""
    return Signature(taking(hint, **default)).tool.parameters["properties"]["value"]


def not_described(function: Any) -> tuple[str, str]:
    with pytest.raises(BadOption) as error:
        Signature(function)
    return str(error.value), error.value.hint


# ------------------------------------------------------------------------------------ Whole tools


WIND = Tool(
    "wind",
    "Tell the wind of the coming days.\n\nSpeeds are means of an hour.\n\nReturns:\n    One speed for each hour.",
    {
        "type": "object",
        "properties": {
            "place": {"type": "string", "description": "Where, in English."},
            "days": {"type": "integer", "description": "How many,\ntoday among them.", "default": 3},
            "unit": {
                "type": "string",
                "enum": ["m/s", "kn"],
                "description": "Of the speeds.",
                "default": "m/s",
            },
            "raw": {"default": None},
        },
        "required": ["place"],
    },
)


def test_a_function_becomes_a_tool() -> None:
    signature = Signature(wind)
    assert signature.tool == WIND
    assert signature.parse_arguments('{"place": "Keelung", "unit": "kn"}') == {
        "place": "Keelung",
        "unit": Unit.KNOTS,
    }


def test_an_async_function_has_a_schema_like_any_other() -> None:
    async def pause(seconds: float) -> None:
        """Wait."""

    schema = {"type": "object", "properties": {"seconds": {"type": "number"}}, "required": ["seconds"]}
    assert Signature(pause).tool == Tool("pause", "Wait.", schema)


def test_a_function_without_parameters_and_docstring_has_an_empty_schema() -> None:
    def clock(): ...

    signature = Signature(clock)
    assert signature.tool == Tool("clock", "", {"type": "object", "properties": {}})
    assert [signature.parse_arguments(empty) for empty in ("", "  \n", "{}")] == [{}, {}, {}]


def test_the_schema_of_a_method_has_no_self() -> None:
    class Station:
        def tide(self, port: str, *, day: date) -> str:
            """When the tide is high."""

        @classmethod
        def names(cls, prefix: str) -> list[str]: ...

        @staticmethod
        def near(point: Point) -> str: ...

    assert Signature(Station().tide).tool == Tool(
        "tide",
        "When the tide is high.",
        {
            "type": "object",
            "properties": {"port": {"type": "string"}, "day": {"type": "string", "format": "date"}},
            "required": ["port", "day"],
        },
    )
    assert Signature(Station().names).parse_arguments('{"prefix": "k"}') == {"prefix": "k"}
    assert Signature(Station().near).parse_arguments('{"point": {"x": 1}}') == {"point": Point(1)}


def test_the_schema_of_a_partial_has_only_its_open_parameters() -> None:
    def ask(place: str, n: int, token: str, note: "str | None" = None) -> str:
        """Ask.

        Args:
            place: where
            token: never shown
        """

    signature = Signature(partial(partial(ask, "Keelung"), token="secret"))
    assert signature.tool == Tool(
        "ask",
        "Ask.",
        {
            "type": "object",
            "properties": {
                "n": {"type": "integer"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            },
            "required": ["n"],
        },
    )
    assert signature.parse_arguments('{"n": 1}') == {"n": 1}
    with pytest.raises(BadArguments, match=r"^token: is not known$"):
        signature.parse_arguments('{"n": 1, "token": "mine"}')


def test_a_wrapper_has_the_parameters_of_the_wrapped_function() -> None:
    def double(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any: ...

        return wrapper

    assert Signature(double(wind)).tool == WIND
    assert Signature(lru_cache(wind)).tool == WIND


def test_a_callable_with_a_name_is_a_function() -> None:
    class Adder:
        """Adds."""

        __name__ = "add"

        def __call__(self, a: "int", b: "Point") -> int: ...

    assert Signature(Adder()).tool.name == "add"
    assert Signature(Adder()).parse_arguments('{"a": 1, "b": {"x": 2}}') == {"a": 1, "b": Point(2)}


def notebook(code: str, **names: Any) -> dict[str, Any]:
    """Run a cell and return its names."""
    exec(compile(code, "cell", "exec", dont_inherit=True), names)
    return names


def test_annotations_as_strings_are_resolved_where_the_function_is_defined() -> None:
    cell = "from __future__ import annotations\ndef plot(at: Point, level: Level = 1) -> Nowhere: ..."
    function = notebook(cell, Point=Point, Level=Level)["plot"]
    assert Signature(function).parse_arguments('{"at": {"x": 1}, "level": 2}') == {
        "at": Point(1),
        "level": Level.HIGH,
    }


def test_annotations_as_strings_are_resolved_in_the_closure() -> None:
    cell = """
from __future__ import annotations
from dataclasses import dataclass
def maker():
    @dataclass
    class Local:
        x: int
    def local(at: Local) -> Local:
        return Local(later)
    function = local
    made = function, Local
    return made
    later = 1
made = maker()
"""
    function, local = notebook(cell, __name__="__main__")["made"]
    assert Signature(function).parse_arguments('{"at": {"x": 1}}') == {"at": local(1)}


# ------------------------------------------------------------------------------------------- Schemas


INTEGER, STRING, NULL = {"type": "integer"}, {"type": "string"}, {"type": "null"}


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, STRING),
        (int, INTEGER),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (object, {}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, "a"], {"enum": [1, "a"]}),
        (Unit, {"type": "string", "enum": ["m/s", "kn"]}),
        (Color, {"type": "string", "enum": ["red", "blue"], "description": "Colors that the plotter has."}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (list, {"type": "array"}),
        (list[Any], {"type": "array"}),
        (list[list[int]], {"type": "array", "items": {"type": "array", "items": INTEGER}}),
        (dict, {"type": "object"}),
        (dict[str, int], {"type": "object"}),
        (dict[Level, int], {"type": "object"}),
        (set[int], {"type": "array", "items": INTEGER, "uniqueItems": True}),
        (tuple[int, ...], {"type": "array", "items": INTEGER}),
        (
            tuple[int, Unit],
            {
                "type": "array",
                "prefixItems": [INTEGER, {"type": "string", "enum": ["m/s", "kn"]}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (Pair, {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2}),
        (int | None, {"anyOf": [INTEGER, NULL]}),
        (int | list[int], {"anyOf": [INTEGER, {"type": "array", "items": INTEGER}]}),
        (datetime, {"type": "string", "format": "date-time"}),
        (date, {"type": "string", "format": "date"}),
        (Annotated[int, Field(ge=1, le=9)], {"type": "integer", "minimum": 1, "maximum": 9}),
        (Annotated[str, Field(pattern="^a$")], {"type": "string", "pattern": "^a$"}),
        (Annotated[str, Field(title="T", examples=[{"title": 1}])], STRING | {"examples": [{"title": 1}]}),
        (Annotated[str, Field(json_schema_extra={"strict": True})], STRING),
        (Annotated[list, Field(json_schema_extra={"items": True})], {"type": "array", "items": True}),
        (Point, POINT),
        (Circle, CIRCLE),
        (list[Square], {"type": "array", "items": SQUARE}),
        (Shape, {"anyOf": [CIRCLE, SQUARE]}),
        (
            Row,
            {"type": "object", "properties": {"title": STRING, "count": INTEGER}, "required": ["title"]},
        ),
    ],
)
def test_a_type_becomes_plain_json_schema(hint: Any, schema: Any) -> None:
    assert schema_of(hint) == schema


def test_each_reference_becomes_a_copy_of_the_type() -> None:
    def draw(a: Point, b: list[Point], c: dict[str, Point]) -> None: ...

    properties = {"a": POINT, "b": {"type": "array", "items": POINT}, "c": {"type": "object"}}
    assert Signature(draw).tool.parameters["properties"] == properties


def test_a_parameter_may_have_any_name() -> None:
    def odd(title: str, model_config: int, strict: bool, schema: str, self_: int, _x: int, 名字: str): ...  # noqa: N803, PLC2401

    signature = Signature(odd)
    names = ["title", "model_config", "strict", "schema", "self_", "_x", "名字"]
    assert list(signature.tool.parameters["properties"]) == signature.tool.parameters["required"] == names
    values = dict(zip(names, ["t", 1, True, "s", 2, 3, "n"], strict=True))
    assert signature.parse_arguments(json.dumps(values)) == values


@pytest.mark.parametrize(
    ("hint", "default", "schema"),
    [
        (int, 5, INTEGER | {"default": 5}),
        (Unit, Unit.KNOTS, {"type": "string", "enum": ["m/s", "kn"], "default": "kn"}),
        (date, date(2026, 1, 2), {"type": "string", "format": "date", "default": "2026-01-02"}),
        (tuple[int, ...], (1, 2), {"type": "array", "items": INTEGER, "default": [1, 2]}),
        (Point, Point(1), POINT | {"default": {"x": 1, "title": "here", "tags": []}}),
        (
            set[str],
            set("hash"),
            {"type": "array", "items": STRING, "uniqueItems": True, "default": ["a", "h", "s"]},
        ),
        (dict[str, Any], {"k": [{3, 1, 2}]}, {"type": "object", "default": {"k": [[1, 2, 3]]}}),
        (int | None, None, {"anyOf": [INTEGER, NULL], "default": None}),
        (int, None, INTEGER | {"default": None}),
        (int, object(), INTEGER),
        (int, print, INTEGER),
        (float, float("nan"), {"type": "number"}),
        (Any, Frame(), {}),
        (Any, b"\xff", {}),
    ],
)
def test_a_default_is_in_the_schema_if_it_is_json_and_is_never_validated(
    hint: Any, default: Any, schema: Any
) -> None:
    signature = Signature(taking(hint, value=default))
    assert signature.tool.parameters == {"type": "object", "properties": {"value": schema}}
    assert signature.parse_arguments("{}") == {}


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[int, Field(description="from Annotated")],
        Annotated[int, "from Annotated"],
        Annotated[int, Field(ge=1), "from Annotated", "not this"],
        Annotated[int, "not this", Field(description="from Annotated")],
        Annotated[Point, Field(description="from Annotated")],
        Annotated[Circle, "from Annotated"],
        Annotated[int | None, "from Annotated"],
    ],
)
def test_a_description_in_the_type_overrides_the_docstring(hint: Any) -> None:
    function = taking(hint, value=None)
    function.__doc__ = "S.\n\nArgs:\n    value: from the docstring\n"
    assert Signature(function).tool.parameters["properties"]["value"]["description"] == "from Annotated"


def test_the_docstring_overrides_the_description_of_a_class() -> None:
    function = taking(Circle)
    function.__doc__ = "S.\n\n:param value: from the docstring"
    assert Signature(function).tool.parameters["properties"]["value"] == CIRCLE | {
        "description": "from the docstring"
    }


def test_the_model_uses_the_alias_of_a_parameter() -> None:
    signature = Signature(taking(Annotated[int, Field(alias="class")]))
    assert signature.tool.parameters == {
        "type": "object",
        "properties": {"class": INTEGER},
        "required": ["class"],
    }
    assert signature.parse_arguments('{"class": 1}') == {"value": 1}


# ------------------------------------------------------------------------- Functions without a schema


TYPES = (
    "Use a type with a JSON schema, such as str, float, list[str] or a dataclass, or no type for any value."
)


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        (Frame, f"there is no JSON for {Frame}"),
        (list[Frame], f"there is no JSON for {Frame}"),
        (Callable[[int], int], "there is no JSON for a callable"),
        (type[int], "there is no JSON for a class"),
        (Tree, "Tree contains itself"),
        (Tree | None, "Tree contains itself"),
        (Iterable[int], "an Iterable is validated too late; use a list"),
        (str | Iterable[int], "an Iterable is validated too late; use a list"),
        (Annotated[int, Field(json_schema_extra={"x": print})], "Unable to serialize unknown type"),
        (Annotated[int, Field(json_schema_extra={"x": float("nan")})], "Out of range float values"),
    ],
)
def test_a_type_without_json_is_refused(hint: Any, reason: str) -> None:
    fact, advice = not_described(taking(hint))
    assert fact.startswith(f"The type of value in function has no JSON schema: {reason}")
    assert (fact[-1], advice) == (".", TYPES)


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        ("Nowhere", "name 'Nowhere' is not defined"),
        ("list[Nowhere]", "name 'Nowhere' is not defined"),
        (list["Nowhere"], "name 'Nowhere' is not defined"),  # noqa: F821
    ],
)
def test_an_undefined_type_is_refused(hint: Any, reason: str) -> None:
    assert not_described(taking(hint)) == (
        f"The type of value in function has no JSON schema: {reason}.",
        "Define the name before the function, or use another type.",
    )


@pytest.mark.parametrize("hint", ["how many", "json.Nowhere", "1 +", 5, "5"])
def test_an_annotation_that_is_not_a_type_is_refused(hint: Any) -> None:
    fact, advice = not_described(taking(hint))
    assert fact.startswith("The type of value in function has no JSON schema: ")
    assert advice == TYPES


def positional(a: int, /) -> None: ...


def several(a: int, *rest: int) -> None: ...


def keywords(**options: str) -> None: ...


def unknown() -> None: ...


unknown.__signature__ = "as of some builtins"  # type: ignore[attr-defined]


ANY_NUMBER = "Name each parameter. A list or a dict parameter takes any number of values."
BY_POSITION = "Remove the / from the parameters, or wrap the function in another one."
OF_YOUR_OWN = "Wrap it in a Python function with type hints."


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, ("A lambda function has no name.", "Write a function with def.")),
        (
            partial(lambda x: x, 1),
            ("A lambda function has no name.", "Write a function with def."),
        ),
        (5, ("An object of type int has no name.", "Use a function.")),
        (several, ("several has the variadic parameter *rest: int, which has no JSON schema.", ANY_NUMBER)),
        (
            keywords,
            ("keywords has the variadic parameter **options: str, which has no JSON schema.", ANY_NUMBER),
        ),
        (
            positional,
            (
                "The parameter a of positional is positional-only, but a model passes arguments by name.",
                BY_POSITION,
            ),
        ),
        (
            len,
            (
                "The parameter obj of len is positional-only, but a model passes arguments by name.",
                BY_POSITION,
            ),
        ),
        (unknown, ("unknown has no signature that Python can inspect.", OF_YOUR_OWN)),
    ],
)
def test_a_function_without_a_json_schema_is_refused(function: Any, message: tuple[str, str]) -> None:
    assert not_described(function) == message


@pytest.mark.parametrize("name", ["", "風", "a.b", "a b", "x" * 65, "name\n"])
def test_a_name_that_the_service_refuses_is_refused(name: str) -> None:
    function = taking(int)
    function.__name__ = name
    advice = "Rename the function: 1 to 64 characters of A-Z, a-z, 0-9, _ and -."
    assert not_described(function) == (f"{name!r} is not a valid tool name.", advice)


def test_a_typed_dict_of_typing_works_since_python_3_12() -> None:
    old = typing.TypedDict("old", {"x": int})  # noqa: UP013
    if sys.version_info >= (3, 12):
        assert schema_of(old) == {"type": "object", "properties": {"x": INTEGER}, "required": ["x"]}
    else:
        fact, _ = not_described(taking(old))
        assert "use `typing_extensions.TypedDict` instead" in fact


def test_the_function_itself_creates_its_defaults() -> None:
    def collect(item: int, into: list[int] = []) -> list[int]:  # noqa: B006  as people write it
        return [*into, item]

    assert Signature(collect).parse_arguments('{"item": 1}') == {"item": 1}


# ------------------------------------------------------------------------------------ Field as a default


def given(function: Any, arguments: str) -> Any:
    """Return the value of the function for arguments of a model."""
    return function(**Signature(function).parse_arguments(arguments))


def test_a_field_as_a_default_describes_text_bounds_and_default() -> None:
    def f(x: int = Field(description="how many", ge=1), y: str = Field("d")) -> Any:
        return x, y

    assert Signature(f).tool.parameters == {
        "type": "object",
        "properties": {
            "x": {"type": "integer", "description": "how many", "minimum": 1},
            "y": {"type": "string", "default": "d"},
        },
        "required": ["x"],
    }
    assert given(f, '{"x": 1}') == (1, "d")
    assert given(f, '{"x": "2", "y": "e"}') == (2, "e")
    with pytest.raises(BadArguments, match="greater than or equal to 1"):
        given(f, '{"x": 0}')
    with pytest.raises(BadArguments, match="x: is missing"):
        given(f, "{}")


@pytest.mark.parametrize(
    ("hint", "fields"),
    [
        (int, {"ge": 1, "le": 5, "multiple_of": 2}),
        (float, {"gt": 0, "lt": 1}),
        (str, {"min_length": 1, "max_length": 3, "pattern": "a+"}),
        (list[int], {"min_length": 1, "max_length": 2}),
        (int | None, {"ge": 1}),
        ("int", {"ge": 1}),
        (Literal["a", "b"], {}),
        (Annotated[int, Field(le=9)], {"ge": 1}),
        (Annotated[int, "how many"], {}),
        (Point, {}),
        (Circle, {}),
        (Shape, {}),
        (Any, {}),
    ],
)
@pytest.mark.parametrize("more", [{}, {"description": "It is.", "examples": [1]}])
def test_a_field_as_a_default_has_the_same_schema_as_in_annotated(
    hint: Any, fields: dict[str, Any], more: dict[str, Any]
) -> None:
    annotated = Annotated[hint, Field(**fields, **more)]
    for default in (..., None, 4):
        field = Field(default, **fields, **more)
        plain = {} if default is ... else {"default": default}
        assert Signature(taking(hint, default=field)).tool == Signature(taking(annotated, **plain)).tool, (
            default
        )


@pytest.mark.parametrize(
    ("field", "value", "default_schema"),
    [
        (Field(3), 3, {"default": 3}),
        (Field(default=None), None, {"default": None}),
        (Field(default_factory=lambda: 7), 7, {}),
        (Field(default=float("inf")), float("inf"), {}),
        (Field(Unit.KNOTS), Unit.KNOTS, {"default": "kn"}),
        (Field(default_factory=list, description="many"), [], {"description": "many"}),
    ],
)
def test_the_default_of_a_field_is_passed_to_the_function(
    field: Any, value: Any, default_schema: Any
) -> None:
    def function(value=field):
        return value

    assert given(function, "{}") == value
    assert schema_of(Any, default=field) == default_schema
    assert "required" not in Signature(function).tool.parameters


def test_each_call_has_a_default_of_its_own() -> None:
    def function(made=Field(default_factory=list), copied=Field([])):  # noqa: B008  as people write it
        made.append(1)
        copied.append(1)
        return made, copied

    assert [given(function, "{}") for _ in range(2)] == [([1], [1])] * 2


def test_null_stands_for_a_field_whose_default_is_none() -> None:
    def function(value: int = Field(None, ge=1)) -> Any:
        return value

    assert given(function, '{"value": null}') is None


def test_a_partial_of_a_function_with_fields_keeps_the_open_fields() -> None:
    def function(a: int = Field(ge=1), b: int = Field(2)) -> Any:
        return a, b

    bound = partial(function, b=5)
    assert bound(**Signature(bound).parse_arguments('{"a": 1}')) == (1, 5)


def test_a_dataclass_field_as_a_default_is_refused() -> None:
    def f(x: list[int] = field(default_factory=list)) -> None: ...  # noqa: B008  as people write it

    assert not_described(f) == (
        "The default of x in f is a dataclass field.",
        "Write Annotated[int, pydantic.Field(ge=1)] and a plain default.",
    )
