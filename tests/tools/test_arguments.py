"""Arguments of a tool call: their types, and error messages for the model."""

import inspect
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, strategies as st
from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter
from pydantic_core import to_json, to_jsonable_python
from support.tool_signatures import Circle, Level, Pair, Point, Row, Shape, Square, Unit, taking, wind
from typing_extensions import TypedDict  # pydantic requires this one before Python 3.12

from mimo_magics.tools.schema import BadArguments, Signature


def given_to(hint: Any, value: str, **default: Any) -> Any:
    """Return the value of a JSON text for a parameter of this type."""
    return Signature(taking(hint, **default)).parse_arguments(f'{{"value": {value}}}')["value"]


def refused(hint: Any, value: str, **default: Any) -> str:
    with pytest.raises(BadArguments) as error:
        given_to(hint, value, **default)
    return str(error.value)


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
def test_an_error_names_the_mistake_and_its_place(hint: Any, text: str, message: str) -> None:
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
def test_arguments_that_are_not_a_json_object_are_refused(arguments: str, message: str) -> None:
    with pytest.raises(BadArguments) as error:
        Signature(wind).parse_arguments(arguments)
    assert str(error.value) == message


@pytest.mark.parametrize("text", [r'"\ud800"', '"\ud800"', "[" * 250 + "]" * 250])
def test_a_lone_surrogate_and_a_deep_array_are_not_json(text: str) -> None:
    assert refused(Any, text).startswith("The arguments are not JSON: ")


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert given_to(str, r'"\ud83d\ude00"') == given_to(str, '"\ud83d\ude00"') == "😀"


def test_an_error_of_a_users_own_type_is_reported() -> None:
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
        message = str(error)
    assert 0 < len(message) <= 500
    assert "\n" not in message
    assert "pydantic" not in message
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
def test_any_values_are_converted_or_refused(valid: dict[str, Any], others: dict[str, Any]) -> None:
    read = read_or_refused(json.dumps(to_jsonable_python(valid) | others))
    TYPED.validate_python(read, strict=True)


@given(JSON | st.dictionaries(st.sampled_from(NAMES) | st.text(), JSON), st.booleans())
def test_any_json_is_parsed_or_refused(value: Any, in_ascii: bool) -> None:
    read_or_refused(json.dumps(value, ensure_ascii=in_ascii))


@given(st.text() | st.text(st.sampled_from('{}[]":,\\u0dtfn \ud800')))
def test_any_text_is_parsed_or_refused(arguments: str) -> None:
    read_or_refused(arguments)
