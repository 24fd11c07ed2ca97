"""What a model is told of a Python function, and what the model's arguments become."""

import inspect
import json
import re
import sys
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from functools import lru_cache, partial, wraps
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

import pytest
from hypothesis import given, strategies as st
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter
from pydantic_core import to_json, to_jsonable_python
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Tool
from mimo_magics.tools.docstring import parse_docstring as read_docstring
from mimo_magics.tools.schema import BadArguments, Signature


class Unit(Enum):
    METRES = "m/s"
    KNOTS = "kn"


class Colour(Enum):
    """Colours that the plotter has."""

    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    title: str = "here"
    tags: list[str] = field(default_factory=list)


class Circle(BaseModel):
    """All around."""

    kind: Literal["circle"] = "circle"
    radius: Annotated[float, Field(gt=0, description="in metres")]


class Square(BaseModel):
    kind: Literal["square"] = "square"
    side: float
    corner: Point | None = None


class Row(TypedDict):
    title: str
    count: NotRequired[int]


class Pair(NamedTuple):
    a: int
    b: str


class Tree(BaseModel):
    children: list["Tree"] = []


class Frame:
    """No JSON is like it, as it is with a DataFrame."""


Shape = Annotated[Circle | Square, Field(discriminator="kind")]

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


def taking(hint: Any, **default: Any) -> Any:
    """Make a function of one parameter."""

    def function(value: Any = None) -> None: ...

    function.__annotations__ = {"value": hint}
    function.__defaults__ = tuple(default.values()) or None
    return function


def told(hint: Any, **default: Any) -> Any:
    """Return what a model is told of a parameter of this type."""
    return Signature(taking(hint, **default)).tool.parameters["properties"]["value"]


def given_to(hint: Any, value: str, **default: Any) -> Any:
    """Return what JSON becomes for a parameter of this type."""
    return Signature(taking(hint, **default)).parse_arguments(f'{{"value": {value}}}')["value"]


def refused(hint: Any, value: str, **default: Any) -> str:
    with pytest.raises(BadArguments) as error:
        given_to(hint, value, **default)
    return str(error.value)


def not_described(function: Any) -> tuple[str, str]:
    with pytest.raises(BadOption) as error:
        Signature(function)
    return str(error.value), error.value.hint


# ------------------------------------------------------------------------------------ the whole tool


def wind(place: str, days: int = 3, unit: Unit = Unit.METRES, raw=None) -> list[float]:
    """Tell the wind of the coming days.

    Speeds are means of an hour.

    Args:
        place: Where, in English.
        days (int, optional): How many,
            today among them.
        unit: Of the speeds.

    Returns:
        One speed for each hour.
    """
    return []


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


def test_an_async_function_is_told_like_any_other() -> None:
    async def pause(seconds: float) -> None:
        """Wait."""

    schema = {"type": "object", "properties": {"seconds": {"type": "number"}}, "required": ["seconds"]}
    assert Signature(pause).tool == Tool("pause", "Wait.", schema)


def test_without_parameters_and_docstring_there_is_little_to_tell() -> None:
    def clock(): ...

    signature = Signature(clock)
    assert signature.tool == Tool("clock", "", {"type": "object", "properties": {}})
    assert [signature.parse_arguments(empty) for empty in ("", "  \n", "{}")] == [{}, {}, {}]


def test_a_method_is_told_without_its_object() -> None:
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


def test_of_a_partial_the_model_sees_what_is_left_open() -> None:
    def ask(place: str, n: int, token: str, note: "str | None" = None) -> str:
        """Ask.

        Args:
            place: where
            token: never told
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


def test_what_wraps_a_function_shows_its_parameters() -> None:
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


def test_annotations_that_are_text_are_found_where_the_function_is_defined() -> None:
    cell = "from __future__ import annotations\ndef plot(at: Point, level: Level = 1) -> Nowhere: ..."
    function = notebook(cell, Point=Point, Level=Level)["plot"]
    assert Signature(function).parse_arguments('{"at": {"x": 1}, "level": 2}') == {
        "at": Point(1),
        "level": Level.HIGH,
    }


def test_annotations_that_are_text_are_found_in_what_a_function_closes_over() -> None:
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


# ------------------------------------------------------------------------------------------- schemas


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
        (Colour, {"type": "string", "enum": ["red", "blue"], "description": "Colours that the plotter has."}),
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
def test_a_type_is_told_in_plain_json_schema(hint: Any, schema: Any) -> None:
    assert told(hint) == schema


def test_each_place_has_its_own_copy_of_a_type() -> None:
    def draw(a: Point, b: list[Point], c: dict[str, Point]) -> None: ...

    properties = {"a": POINT, "b": {"type": "array", "items": POINT}, "c": {"type": "object"}}
    assert Signature(draw).tool.parameters["properties"] == properties


def test_any_name_is_a_name_of_a_parameter() -> None:
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
        (int | None, None, {"anyOf": [INTEGER, NULL], "default": None}),
        (int, None, INTEGER | {"default": None}),
        (int, object(), INTEGER),
        (int, print, INTEGER),
        (float, float("nan"), {"type": "number"}),
        (Any, Frame(), {}),
        (Any, b"\xff", {}),
    ],
)
def test_a_default_is_told_where_json_has_it_and_never_read(hint: Any, default: Any, schema: Any) -> None:
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
def test_a_description_in_the_type_goes_before_the_docstring(hint: Any) -> None:
    function = taking(hint, value=None)
    function.__doc__ = "S.\n\nArgs:\n    value: from the docstring\n"
    assert Signature(function).tool.parameters["properties"]["value"]["description"] == "from Annotated"


def test_the_docstring_goes_before_the_words_of_a_class() -> None:
    function = taking(Circle)
    function.__doc__ = "S.\n\n:param value: from the docstring"
    assert Signature(function).tool.parameters["properties"]["value"] == CIRCLE | {
        "description": "from the docstring"
    }


def test_an_alias_is_what_the_model_says() -> None:
    signature = Signature(taking(Annotated[int, Field(alias="class")]))
    assert signature.tool.parameters == {
        "type": "object",
        "properties": {"class": INTEGER},
        "required": ["class"],
    }
    assert signature.parse_arguments('{"class": 1}') == {"value": 1}


# ---------------------------------------------------------------------------------------- docstrings


@pytest.mark.parametrize(
    ("text", "description", "texts"),
    [
        ("", "", {}),
        ("Only this: all.", "Only this: all.", {}),
        (
            """Google.

            Args:
                a: one
                    and two:

                    - three
                b (Callable[[int], str], optional): four
                *c: five

            Raises:
                ValueError: never

            The end.
            """,
            "Google.\n\nRaises:\n    ValueError: never\n\nThe end.",
            {"a": "one\nand two:\n\n- three", "b": "four", "c": "five"},
        ),
        (
            "S.\n\nArgs:\n  a: one\nReturns:\n  two\n\nKeyword Args:\n  b: three",
            "S.\n\nReturns:\n  two",
            {"a": "one", "b": "three"},
        ),
        ("S.\n\nParameters:\n    no entry at all\n", "S.\n\nParameters:\n    no entry at all", {}),
        ("S.\n\nArgs:\n    an odd line\n    a: one\n", "S.", {"a": "one"}),
        (
            """NumPy.

            Parameters
            ----------
            a : int, optional
                One.

                Two.
            b, c
                Three.
            d : {"x", "y"}

            Returns
            -------
            list
                Four.
            """,
            "NumPy.\n\nReturns\n-------\nlist\n    Four.",
            {"a": "One.\n\nTwo.", "b": "Three.", "c": "Three.", "d": ""},
        ),
        (
            "S.\n\nParameters\n----------\na\n    One.\n\nTo end with: words.\n",
            "S.\n\nTo end with: words.",
            {"a": "One."},
        ),
        (
            """reST.

            :param a: one
                two
            :param int b: three
            :type a: str

            :returns: four

            The end.
            """,
            "reST.\n\n:returns: four\n\nThe end.",
            {"a": "one\ntwo", "b": "three"},
        ),
    ],
)
def test_a_docstring_is_parted(text: str, description: str, texts: dict[str, str]) -> None:
    assert read_docstring(text) == (description, texts)


@given(st.text(st.sampled_from("aA :\n-*,().")) | st.text())
def test_any_text_is_a_docstring(text: str) -> None:
    description, texts = read_docstring(text)
    assert texts or description == inspect.cleandoc(text).strip()


@pytest.mark.parametrize(
    "row", ["Args:\n a", "a : b\n ", ":param a: b\n", "Parameters\n---\n", " \n", "(a", "a,"]
)
@pytest.mark.parametrize("start", ["", "Args:\n    a", "Parameters\n----------\n", "Parameters\n---\na\n"])
def test_a_long_docstring_is_no_work(row: str, start: str) -> None:
    read_docstring(start + row * 2_000)


# ------------------------------------------------------------------------- what cannot be described


TYPES = "Write a type that JSON has, such as str, float, list[str] or a dataclass; or none for any value."


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        (Frame, f"no JSON is like {Frame}"),
        (list[Frame], f"no JSON is like {Frame}"),
        (Callable[[int], int], "no JSON is like a callable"),
        (type[int], "no JSON is like a class"),
        (Tree, "Tree contains itself"),
        (Tree | None, "Tree contains itself"),
        (Iterable[int], "an Iterable is read too late, a list is not"),
        (str | Iterable[int], "an Iterable is read too late, a list is not"),
        (Annotated[int, Field(json_schema_extra={"x": print})], "Unable to serialize unknown type"),
        (Annotated[int, Field(json_schema_extra={"x": float("nan")})], "Out of range float values"),
    ],
)
def test_a_type_without_json_is_refused(hint: Any, reason: str) -> None:
    fact, advice = not_described(taking(hint))
    assert fact.startswith(f"The type of value in function cannot be told to a model: {reason}")
    assert (fact[-1], advice) == (".", TYPES)


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        ("Nowhere", "name 'Nowhere' is not defined"),
        ("list[Nowhere]", "name 'Nowhere' is not defined"),
        (list["Nowhere"], "name 'Nowhere' is not defined"),  # noqa: F821
    ],
)
def test_a_type_that_does_not_exist_is_refused(hint: Any, reason: str) -> None:
    assert not_described(taking(hint)) == (
        f"The type of value in function cannot be told to a model: {reason}.",
        "Define it before the function, or write another type.",
    )


@pytest.mark.parametrize("hint", ["how many", "json.Nowhere", "1 +", 5, "5"])
def test_an_annotation_that_is_no_type_is_refused(hint: Any) -> None:
    fact, advice = not_described(taking(hint))
    assert fact.startswith("The type of value in function cannot be told to a model: ")
    assert advice == TYPES


def positional(a: int, /) -> None: ...


def several(a: int, *rest: int) -> None: ...


def keywords(**options: str) -> None: ...


def unknown() -> None: ...


unknown.__signature__ = "as of some builtins"  # type: ignore[attr-defined]


ANY_NUMBER = "Name each parameter; one that is a list or a dict takes any number of values."
BY_POSITION = "Take the / out of the parameters, or call it in a function of your own."
OF_YOUR_OWN = "Call it in a function of your own, written with def and type hints."


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, ("A lambda has no name for the model.", "Write a function with def.")),
        (
            partial(lambda x: x, 1),
            ("A lambda has no name for the model.", "Write a function with def."),
        ),
        (5, ("An object of int has no name for the model.", "Give a function.")),
        (several, ("several takes *rest: int, which no model can be told.", ANY_NUMBER)),
        (keywords, ("keywords takes **options: str, which no model can be told.", ANY_NUMBER)),
        (positional, ("positional takes a by its position only, and a model gives names.", BY_POSITION)),
        (len, ("len takes obj by its position only, and a model gives names.", BY_POSITION)),
        (unknown, ("Python does not know the parameters of unknown.", OF_YOUR_OWN)),
    ],
)
def test_a_function_that_no_model_can_call_is_refused(function: Any, message: tuple[str, str]) -> None:
    assert not_described(function) == message


@pytest.mark.parametrize("name", ["", "風", "a.b", "a b", "x" * 65, "name\n"])
def test_a_name_that_the_service_refuses_is_refused(name: str) -> None:
    function = taking(int)
    function.__name__ = name
    advice = "Give the function 1 to 64 characters of A-Z, a-z, 0-9, _ and -."
    assert not_described(function) == (f"{name!r} is no name for a tool.", advice)


# ------------------------------------------------------------------------------------------- reading


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (str, '"x"', "x"),
        (str, '"5"', "5"),
        (str, '"null"', "null"),
        (str, '"{\\"a\\": 1}"', '{"a": 1}'),
        (str | int, '"5"', "5"),
        (Any, '"[1]"', "[1]"),
        (Any, '{"__class__": {"__init__": 1}}', {"__class__": {"__init__": 1}}),
        (int, "5", 5),
        (int, "5.0", 5),
        (int, '"5"', 5),
        (int, '"5.0"', 5),
        (int, str(10**300), 10**300),
        (float, "5", 5.0),
        (float, '"1.5"', 1.5),
        (bool, "true", True),
        (bool, '"false"', False),
        (int | None, "null", None),
        (int | None, '"null"', None),
        (Literal[1, 2], '"2"', 2),
        (Level, "2", Level.HIGH),
        (Level, '"2"', Level.HIGH),
        (Unit, '"kn"', Unit.KNOTS),
        (list[int], '"[1, 2]"', [1, 2]),
        (list[int], '["1", 2.0]', [1, 2]),
        (list[list[int]], '["[1]", [2]]', [[1], [2]]),
        (dict[str, list[int]], '{"int": "[1]"}', {"int": [1]}),
        (dict[int, str], '{"1": "a"}', {1: "a"}),
        (int | list[int], '"[1]"', [1]),
        (set[int], "[1, 1]", {1}),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (Pair, '[1, "a"]', Pair(1, "a")),
        (Point, '{"x": 1}', Point(1)),
        (Point | Row, '{"title": "t"}', {"title": "t"}),
        (Shape, '{"kind": "circle", "radius": 1}', Circle(radius=1)),
        (Shape, '"{\\"kind\\": \\"square\\", \\"side\\": 1}"', Square(side=1)),
        (list[Shape], '["{\\"kind\\": \\"square\\", \\"side\\": 1}"]', [Square(side=1)]),
        (Square, '{"side": 1, "corner": "{\\"x\\": 2}"}', Square(side=1, corner=Point(2))),
        (datetime, '"2026-01-02T12:00:00Z"', NOON),
        (date, '"2026-01-02"', date(2026, 1, 2)),
        (timedelta, '"PT1H"', timedelta(hours=1)),
        (Decimal, "1.5", Decimal("1.5")),
        (Annotated[int, Field(alias="value", ge=1)], "1", 1),
    ],
)
def test_json_becomes_the_annotated_type(hint: Any, text: str, value: Any) -> None:
    read = given_to(hint, text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("hint", "default", "text", "value"),
    [
        (int, None, "null", {}),
        (int | None, None, "null", {"value": None}),
        (int, 5, "5", {"value": 5}),
        (list[int], None, '"[1]"', {"value": [1]}),
    ],
)
def test_null_stands_for_a_default_of_none(hint: Any, default: Any, text: str, value: Any) -> None:
    assert Signature(taking(hint, value=default)).parse_arguments(f'{{"value": {text}}}') == value


INT, NUMBER = (
    "value: Input should be a valid integer; received",
    "value: Input should be a valid number; received",
)


@pytest.mark.parametrize(
    ("hint", "text", "message"),
    [
        (str, "5", "value: Input should be a valid string; received 5"),
        (str, "null", "value: Input should be a valid string; received null"),
        (str, '["風"]', 'value: Input should be a valid string; received ["風"]'),
        (int, '"five"', f'{INT} "five"'),
        (int, "5.5", f"{INT} 5.5"),
        (int, "true", f"{INT} true"),
        (int, '"true"', f"{INT} true"),
        (int, '"\\"5\\""', f'{INT} "\\"5\\""'),
        (bool, "1", "value: Input should be a valid boolean; received 1"),
        (float, '"NaN"', f'{NUMBER} "NaN"'),
        (float, '"1e999"', f'{NUMBER} "1e999"'),
        (date, "5", "value: Input should be a valid date; received 5"),
        (Unit, '"mph"', "value: Input should be 'm/s' or 'kn'; received \"mph\""),
        (Level, "3", "value: Input should be 1 or 2; received 3"),
        (Annotated[int, Field(ge=1)], "0", "value: Input should be greater than or equal to 1; received 0"),
        (
            Annotated[str, Field(max_length=3)],
            '"[1, 2]"',
            'value: String should have at most 3 characters; received "[1, 2]"',
        ),
        (
            Annotated[str, Field(max_length=3)],
            f'"{"x" * 1000}"',
            f'value: String should have at most 3 characters; received "{"x" * 78}…',
        ),
        (Point, '{"title": "t"}', "value.x: is missing"),
        (Point, '{"x": "a"}', 'value.x: Input should be a valid integer; received "a"'),
        (Point, '"{\\"x\\": \\"a\\"}"', 'value.x: Input should be a valid integer; received "a"'),
        (Square, '{"side": 1, "corner": {}}', "value.corner.x: is missing"),
        (list[int], '[1, "a"]', 'value.1: Input should be a valid integer; received "a"'),
        (
            int | list[int],
            '"a"',
            'value.int: Input should be a valid integer; received "a". '
            'value.list[int]: Input should be a valid array; received "a"',
        ),
        (
            list[bool],
            json.dumps(["x"] * 1000),
            'value.0: Input should be a valid boolean; received "x". '
            'value.1: Input should be a valid boolean; received "x". '
            'value.2: Input should be a valid boolean; received "x". And 997 more',
        ),
        (int, '1, "x": 2', "x: is not known"),
        (int, '1, "__class__": 2, "": 3', "__class__: is not known. : is not known"),
        (int, f'1, "{"k" * 1000}": 2', f"{'k' * 79}…: is not known"),
        (int, '1, "a\\nb": 2', "a b: is not known"),
        (float, "NaN", "The arguments are not JSON: there is no NaN"),
        (Any, "[-Infinity]", "The arguments are not JSON: there is no -Infinity"),
        (float, "1e999", "The arguments are not JSON: 1e999 is too large"),
        (float, "9" * 400, f"The arguments are not JSON: {'9' * 79}… is too large"),
        (Any, "9" * 10_000, f"The arguments are not JSON: {'9' * 79}… is too large"),
        (Any, "[" * 100_000, "The arguments are nested too deeply."),
    ],
)
def test_a_model_is_told_what_is_wrong_and_where(hint: Any, text: str, message: str) -> None:
    assert refused(hint, text) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{}", "place: is missing"),
        ('{"n": 1}', "place: is missing. n: is not known"),
        ("[]", "The arguments are not a JSON object; received []"),
        ("null", "The arguments are not a JSON object; received null"),
        ('"{}"', 'The arguments are not a JSON object; received "{}"'),
        ("place", "The arguments are not JSON: Expecting value: line 1 column 1 (char 0)"),
        ('{"place": "x"', "The arguments are not JSON: Expecting ',' delimiter: line 1 column 14 (char 13)"),
    ],
)
def test_what_is_no_object_of_arguments_is_refused(arguments: str, message: str) -> None:
    with pytest.raises(BadArguments) as error:
        Signature(wind).parse_arguments(arguments)
    assert str(error.value) == message


@pytest.mark.parametrize("text", [r'"\ud800"', '"\ud800"', "[" * 250 + "]" * 250])
def test_half_a_character_and_a_deep_array_are_no_json(text: str) -> None:
    assert refused(Any, text).startswith("The arguments are not JSON: ")


def test_both_halves_of_a_character_are_one() -> None:
    assert given_to(str, r'"\ud83d\ude00"') == given_to(str, '"\ud83d\ude00"') == "😀"


def test_what_a_type_of_a_person_raises_is_told() -> None:
    def fails(error: Exception) -> Any:
        def check(value: Any) -> Any:
            raise error

        return Annotated[str, AfterValidator(check)]

    assert refused(fails(ValueError("no\n such port")), '"5"') == (
        'value: Value error, no such port; received "5"'
    )
    assert refused(fails(KeyError("port")), '"5"') == "KeyError: 'port'"
    assert refused(fails(RuntimeError("x" * 1000)), '"5"') == f"RuntimeError: {'x' * 485}…"


def test_a_value_that_is_no_longer_json_is_named_by_its_class() -> None:
    class Loud:
        def __repr__(self) -> str:
            raise KeyError

    hint = Annotated[int, BeforeValidator(lambda _: Loud())]
    assert refused(hint, "1") == "value: Input should be a valid integer; received a Loud"


def test_a_typed_dict_of_typing_is_one_from_python_3_12_on() -> None:
    old = typing.TypedDict("old", {"x": int})  # noqa: UP013
    if sys.version_info >= (3, 12):
        assert told(old) == {"type": "object", "properties": {"x": INTEGER}, "required": ["x"]}
    else:
        fact, _ = not_described(taking(old))
        assert "use `typing_extensions.TypedDict` instead" in fact


def test_a_default_is_made_anew_by_the_function_itself() -> None:
    def collect(item: int, into: list[int] = []) -> list[int]:  # noqa: B006  as people write it
        return [*into, item]

    assert Signature(collect).parse_arguments('{"item": 1}') == {"item": 1}


# --------------------------------------------------------------------------------------- properties


def everything(
    text: str,
    number: int,
    real: float,
    flag: bool,
    unit: Unit,
    level: Level,
    day: date,
    moment: datetime,
    point: Point,
    row: Row,
    shape: Shape,
    numbers: list[int],
    units: set[Unit],
    pair: tuple[int, str],
    table: dict[str, list[Point]],
    either: int | list[str] | None,
    word: Literal["a", 1],
    small: Annotated[int, Field(ge=0, lt=10)] = 5,
    maybe: Point | None = None,
    free=None,
) -> None: ...


EVERYTHING = Signature(everything)
NAMES = list(inspect.signature(everything).parameters)
TYPED: TypeAdapter[Any] = TypeAdapter(
    TypedDict("Kwargs", everything.__annotations__ | {"free": Any, "return": None}, total=False)
)

WORDS = st.sampled_from(["m/s", "2026-01-02", "a", "x", "kind", "circle", "5", "null", "[1]", '{"x": 1}'])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["x", "kind", "title", "side", "radius"]) | WORDS, inner, max_size=3
        )
    ),
    max_leaves=8,
)
POINTS = st.builds(Point, st.integers(), st.text(), st.lists(st.text(), max_size=2))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALID = {
    "text": st.text(),
    "number": st.integers(),
    "real": FLOATS,
    "flag": st.booleans(),
    "unit": st.sampled_from(Unit),
    "level": st.sampled_from(Level),
    "day": st.dates(),
    "moment": st.datetimes(timezones=st.none() | st.just(UTC)),
    "point": POINTS,
    "row": st.fixed_dictionaries({"title": st.text()}, optional={"count": st.integers()}),
    "shape": st.builds(Square, side=FLOATS, corner=st.none() | POINTS)
    | st.builds(Circle, radius=st.floats(1, 9)),
    "numbers": st.lists(st.integers()),
    "units": st.sets(st.sampled_from(Unit)),
    "pair": st.tuples(st.integers(), st.text()),
    "table": st.dictionaries(st.text(), st.lists(POINTS, max_size=2), max_size=2),
    "either": st.integers() | st.lists(st.text(), max_size=2) | st.none(),
    "word": st.sampled_from(["a", 1]),
}
OPTIONAL = {
    "small": st.integers(0, 9),
    "maybe": st.none() | POINTS,
    "free": JSON.filter(lambda value: not re.search("NaN|Infinity", json.dumps(value))),
}
ARGUMENTS = st.fixed_dictionaries(VALID, optional=OPTIONAL)


def read_or_refused(arguments: str) -> dict[str, Any]:
    try:
        return EVERYTHING.parse_arguments(arguments)
    except BadArguments as error:
        told = str(error)
    assert 0 < len(told) <= 500
    assert "\n" not in told
    assert "pydantic" not in told
    return {}


@given(ARGUMENTS)
def test_valid_values_come_back_from_json(values: dict[str, Any]) -> None:
    assert EVERYTHING.parse_arguments(to_json(values).decode()) == values


@given(ARGUMENTS)
def test_valid_values_come_back_from_json_in_strings(values: dict[str, Any]) -> None:
    of_strings = {"text", "unit", "day", "moment", "word", "free"}
    text = {
        name: value if name in of_strings else json.dumps(value)
        for name, value in to_jsonable_python(values).items()
    }
    assert EVERYTHING.parse_arguments(json.dumps(text)) == values


@given(ARGUMENTS, st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=3))
def test_any_values_have_their_types_or_are_refused(valid: dict[str, Any], others: dict[str, Any]) -> None:
    read = read_or_refused(json.dumps(to_jsonable_python(valid) | others))
    TYPED.validate_python(read, strict=True)


@given(JSON | st.dictionaries(st.sampled_from(NAMES) | st.text(), JSON), st.booleans())
def test_any_json_is_read_or_refused(value: Any, in_ascii: bool) -> None:
    read_or_refused(json.dumps(value, ensure_ascii=in_ascii))


@given(st.text() | st.text(st.sampled_from('{}[]":,\\u0dtfn \ud800')))
def test_any_text_is_read_or_refused(arguments: str) -> None:
    read_or_refused(arguments)
