"""The text of any value, within the budget."""

import json
import math
import re
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from functools import reduce
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, NamedTuple, TypedDict
from unittest.mock import Mock
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from matplotlib.figure import Figure
from PIL import Image
from pydantic import BaseModel, RootModel, SecretStr

from mimo_magics.context.container import MAX_COUNTED_PIECES, MAX_DEPTH
from mimo_magics.context.value import summarize

BUDGET = 20_000


def as_text(value: Any, max_bytes: int = BUDGET) -> str:
    """Return a value as text, with as many rows as fit."""
    return summarize(value, max_bytes, "full").text


class Color(Enum):
    RED = "red"
    RGB = (255, 0, 0)


class Level(IntEnum):
    HIGH = 3


class Wind(StrEnum):
    NORTH = "n"


class Point(NamedTuple):
    x: int
    y: float


class Port(TypedDict):
    name: str
    depth: float


@dataclass
class Tide:
    port: str
    high: time
    heights: list[float] = field(default_factory=list)
    key: str = field(default="sk-secret", repr=False)


class Ship(BaseModel):
    name: str
    launched: date
    password: SecretStr = SecretStr("sk-secret")
    sister: "Ship | None" = None


class Markdown:
    def __init__(self, text: Any) -> None:
        self.text = text

    def _repr_markdown_(self) -> Any:
        return self.text

    def __repr__(self) -> str:
        return "<Markdown>"


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"


def counted(limit: int) -> Iterator[int]:
    yield from range(limit)


async def awaited() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("high at noon", "high at noon"),
        (" two\n\tlines\n", " two\n\tlines\n"),
        ("中🙂", "中🙂"),
        ('{"a": 1}', '{"a": 1}'),
        (Loud("quiet"), "quiet"),
        (Wind.NORTH, "n"),
        (np.str_("text"), "text"),
    ],
)
def test_a_string_does_not_change(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"tide", "(4 bytes of text)\ntide"),
        ("中\n".encode(), "(4 bytes of text)\n中\n"),
        (bytearray(b"a"), "(1 bytes of text)\na"),
        (memoryview(b"ab")[::-1], "(2 bytes of text)\nba"),
        (np.bytes_(b"ab"), "(2 bytes of text)\nab"),
        (b"", "(0 bytes)"),
        (b"\xff\xd8" * 1000, "(2,000 bytes)"),
        (b"a\0b", "(3 bytes)"),
        ("\ufffd".encode(), "(3 bytes of text)\n\ufffd"),
    ],
)
def test_bytes_are_counted_and_decoded_if_they_are_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-1.5, "-1.5"),
        (True, "true"),
        (math.nan, "NaN"),
        ([math.inf, -math.inf, math.nan], "[Infinity, -Infinity, NaN]"),
        ([], "[]"),
        ({}, "{}"),
        ((1, "中", None), '[1, "中", null]'),
        ({"a": {"b": [1, {}]}, "c": []}, '{"a": {"b": [1, {}]}, "c": []}'),
        ({3}, "[3]"),
        (frozenset({"x"}), '["x"]'),
        (set("hash"), '["a", "h", "s"]'),
        (deque([1, 2], maxlen=2), "[1, 2]"),
        ({"a": 1}.keys(), '["a"]'),
        ({"a": 1}.values(), "[1]"),
        (defaultdict(list, {"a": [1]}), '{"a": [1]}'),
        (Counter("aab"), '{"a": 2, "b": 1}'),
        (Port(name="基隆", depth=15.5), '{"name": "基隆", "depth": 15.5}'),
        (Point(1, 2.5), '{"x": 1, "y": 2.5}'),
        (Color.RED, "red"),
        (Color.RGB, "[255, 0, 0]"),
        ([Color.RED, Level.HIGH, Wind.NORTH], '["red", 3, "n"]'),
        (Level.HIGH, "3"),
        (date(2026, 12, 1), "2026-12-01"),
        (
            [datetime(2026, 12, 1, 8, 30, tzinfo=UTC), time(8, 30)],
            '["2026-12-01T08:30:00+00:00", "08:30:00"]',
        ),
        (Tide("基隆", time(8), [1.5]), '{"port": "基隆", "high": "08:00:00", "heights": [1.5]}'),
        (
            Ship(name="a", launched=date(2026, 1, 2)),
            """{"name": "a", "launched": "2026-01-02", "password": "SecretStr('**********')", "sister": null}""",
        ),
        (RootModel[list[int]]([1, 2]), "[1, 2]"),
        ([Decimal("1.10"), Fraction(1, 3), 2j], '["1.10", "1/3", "2j"]'),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([PurePosixPath("/a"), timedelta(1)], '["/a", "1 day, 0:00:00"]'),
        ({1: "a", None: "b", False: "c", 2.5: "d"}, '{"1": "a", "null": "b", "false": "c", "2.5": "d"}'),
        ({(1, "x"): 1, Level.HIGH: 2, date(2026, 1, 2): 3}, r'{"[1, \"x\"]": 1, "3": 2, "2026-01-02": 3}'),
        ([b"ab", "a\nb", 'a"b'], r'["(2 bytes of text)\nab", "a\nb", "a\"b"]'),
        ({"range": range(3), "kind": int}, '{"range": "range(0, 3)", "kind": "class int"}'),
        ([len, sys, ValueError("x")], '["function len", "module sys", "ValueError: x"]'),
        ([Loud("quiet")], '["quiet"]'),
    ],
)
def test_python_values_become_json(value: object, text: str) -> None:
    assert as_text(value) == text


def test_the_items_of_a_long_container_have_lines_of_their_own() -> None:
    rows = [{"port": "基隆", "heights": [1.5, 0.5]}, {"port": "高雄", "heights": [1.0, 0.5]}]
    assert as_text(rows) == (
        '[{"port": "基隆", "heights": [1.5, 0.5]},\n{"port": "高雄", "heights": [1.0, 0.5]}]'.replace(
            "\n", " "
        )
    )
    assert as_text(rows * 2) == (
        '[{"port": "基隆", "heights": [1.5, 0.5]},\n'
        '{"port": "高雄", "heights": [1.0, 0.5]},\n'
        '{"port": "基隆", "heights": [1.5, 0.5]},\n'
        '{"port": "高雄", "heights": [1.0, 0.5]}]'
    )


def test_an_ordered_dict_keeps_its_order() -> None:
    ordered = OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert as_text(ordered) == '{"b": 2, "a": 1}'


def test_a_container_that_contains_itself_is_shown_once() -> None:
    items: list[Any] = [1]
    items.append({"again": items})
    assert as_text(items) == '[1, {"again": "(a list that contains itself)"}]'
    tide = Tide("a", time(8))
    tide.heights = [tide]  # type: ignore[list-item]
    assert as_text(tide) == '{"port": "a", "high": "08:00:00", "heights": ["(a Tide that contains itself)"]}'


def test_a_value_that_occurs_twice_is_shown_twice() -> None:
    item = [1]
    assert as_text([item, {"a": item}, item]) == '[[1], {"a": [1]}, [1]]'


def test_a_nested_value_is_shown_down_to_a_maximum_depth() -> None:
    deep = reduce(lambda inner, _: [inner], range(100_000), [])
    assert as_text(deep) == "[" * MAX_DEPTH + '"(a list nested more than 50 levels deep)"' + "]" * MAX_DEPTH


def test_a_key_may_contain_its_own_dict() -> None:
    @dataclass(eq=False)
    class Node:
        next: dict[Any, int]

    node = Node({})
    node.next[node] = 1
    assert as_text(node.next) == r'{"{\"next\": \"(a dict that contains itself)\"}": 1}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(3), "3"),
        (np.float32(0.5), "0.5"),
        ([np.bool_(True), np.float64("nan"), np.longdouble(2.5)], "[true, NaN, 2.5]"),
        ([np.datetime64("2026-12-01"), np.complex64(1j)], '["2026-12-01", "1j"]'),
        ([pd.Timestamp("2026-12-01"), pd.NaT, pd.NA], '["2026-12-01T00:00:00", "NaT", "<NA>"]'),
        ({"a": np.array(5.0)}, r'{"a": "numpy ndarray, shape (), float64\nValues:\n5.0"}'),
        (Figure(figsize=(6.4, 4.8), dpi=100), "a figure of 640 x 480 pixels with 0 axes"),
        (Image.new("RGB", (64, 48)), "an image of 64 x 48 pixels, mode RGB"),
        ({"plot": Image.new("L", (6, 4))}, '{"plot": "an image of 6 x 4 pixels, mode L"}'),
    ],
)
def test_scalars_arrays_and_images_are_summarized(value: object, text: str) -> None:
    assert as_text(value) == text


def test_a_figure_has_its_number_of_axes() -> None:
    figure = Figure()
    figure.subplots(1, 2)
    assert as_text(figure) == "a figure of 640 x 480 pixels with 2 axes"


def test_an_object_is_shown_by_its_own_markdown() -> None:
    assert as_text(Markdown("**high** at noon")) == "**high** at noon"
    assert as_text([Markdown(Loud("quiet"))]) == '["quiet"]'


@pytest.mark.parametrize("nothing", [None, 5, ("text", {})])
def test_an_object_without_markdown_is_shown_by_repr(nothing: object) -> None:
    assert as_text(Markdown(nothing)) == "<Markdown>"
    assert as_text([Markdown(nothing)]) == '["<Markdown>"]'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (SimpleNamespace(a="x"), "namespace(a='x')"),
        (object(), "(a object object)"),
        (re.compile("x"), "re.compile('x')"),
    ],
)
def test_other_objects_are_shown_by_repr(value: object, text: str) -> None:
    assert as_text(value) == text


def test_an_object_that_has_every_attribute_is_shown_by_repr() -> None:
    assert as_text(Mock(name="all")).startswith("<Mock name='all' id=")
    assert as_text([Mock(spec=int), Mock(spec=dict)]).startswith("""["<Mock spec='int' id=""")


@pytest.mark.parametrize(
    ("value", "kind"),
    [(counted(3), "generator"), (iter([1, 2, 3]), "list_iterator"), (map(str, [1]), "map")],
)
def test_an_iterator_is_not_read(value: Iterator[Any], kind: str) -> None:
    text = f"(a {kind}; it was not read, because an iterator can be read only once)"
    assert (as_text(value), as_text([value])) == (text, f'["{text}"]')
    assert next(value) in (0, 1, "1")


def test_an_async_generator_is_not_read() -> None:
    assert (
        as_text(awaited())
        == "(a async_generator; it was not read, because an iterator can be read only once)"
    )


@pytest.mark.parametrize("text", ["ab\n" * 100, "中" * 100, "x" * 300])
def test_a_text_as_long_as_the_budget_is_complete(text: str) -> None:
    assert as_text(text, 300) == text
    assert "left out" in as_text(text + "x", 300)


LINES = "".join(f"line {number}\n" for number in range(1000))


def joined(pattern: str, numbers: range) -> str:
    return "".join(pattern.format(number) for number in numbers)


@pytest.mark.parametrize(
    ("text", "head", "missing", "tail"),
    [
        pytest.param(
            LINES,
            joined("line {}\n", range(11)),
            (8731, 8890),
            joined("line {}\n", range(991, 1000)),
            id="lines",
        ),
        pytest.param(
            LINES.replace("\n", " "),
            joined("line {} ", range(11)) + "\n",
            (8731, 8890),
            joined("line {} ", range(991, 1000)),
            id="words",
        ),
        pytest.param(
            "0123456789" * 1000,
            "0123456789" * 7 + "012345678\n",
            (9841, 10_000),
            "0123456789" * 8,
            id="characters",
        ),
        pytest.param(
            "中🙂" * 1000, "中🙂" * 11 + "中\n", (6839, 7000), "🙂" + "中🙂" * 11, id="wide characters"
        ),
        pytest.param(
            "short\n" + "x" * 10_000, "short\n" + "x" * 73 + "\n", (9847, 10_006), "x" * 80, id="far line end"
        ),
    ],
)
def test_a_long_text_keeps_its_head_and_tail_and_reports_what_is_missing(
    text: str, head: str, missing: tuple[int, int], tail: str
) -> None:
    assert as_text(text, 200) == f"{head}… {missing[0]:,} of {missing[1]:,} bytes left out …\n{tail}"


def test_a_long_text_with_crlf_is_measured_with_lf() -> None:
    assert as_text(LINES.replace("\n", "\r\n"), 200) == as_text(LINES, 200)


MILLION = "in a collection of 1,000,000 items"


@pytest.mark.parametrize(
    ("value", "head", "missing", "tail"),
    [
        pytest.param(
            list(range(10_000)),
            "[" + joined("{},\n", range(22)),
            "58,734 of 58,890 bytes left out",
            joined("{},\n", range(9987, 9999)) + "9999]",
            id="list",
        ),
        pytest.param(
            {f"key {number}": number for number in range(10_000)},
            "{" + joined('"key {0}": {0},\n', range(6)),
            "177,636 of 177,780 bytes left out",
            joined('"key {0}": {0},\n', range(9996, 9999)) + '"key 9999": 9999}',
            id="dict",
        ),
        pytest.param(
            [{"text": "ab " * 10_000, "n": 1}],
            '[{"text": "' + "ab " * 22 + "\n",
            "29,865 of 30,022 bytes left out",
            "ab " * 23 + '", "n": 1}]',
            id="long string",
        ),
        pytest.param(
            Tide("x", time(8), [0.5] * 10_000),
            '{"port": "x",\n"high": "08:00:00",\n"heights": [' + "0.5, " * 6 + "\n",
            "49,890 of 50,046 bytes left out",
            "0.5, " * 15 + "0.5]}",
            id="dataclass",
        ),
        pytest.param(
            [7] * 1_000_000,
            "[" + "7,\n" * 16,
            f"more than 75,101 of more than 75,203 bytes left out, {MILLION}",
            "7,\n" * 17 + "7]",
            id="a million",
        ),
        pytest.param(
            {"n": 3, "rows": [{"a": 1}] * 1_000_000, "m": 4},
            '{"n": 3,\n"rows": [{"a": 1}, {"a": 1}, {"a": 1}, \n',
            f"more than 100,105 of more than 100,205 bytes left out, {MILLION}",
            '1}, {"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}],\n"m": 4}',
            id="a million within",
        ),
    ],
)
def test_long_json_keeps_its_head_and_tail_and_reports_what_is_missing(
    value: object, head: str, missing: str, tail: str
) -> None:
    assert as_text(value, 200) == f"{head}… {missing} …\n{tail}"


def test_the_size_of_a_huge_string_is_exact_and_only_its_ends_are_built() -> None:
    text = "x" * 50_000_000
    assert "of 50,000,000 bytes left out" in as_text(text)
    assert "of 50,000,017 bytes left out" in as_text({"a": text, "b": 1})


def test_only_a_bounded_part_of_a_huge_container_is_shown() -> None:
    class Shown:
        times = 0

        def __repr__(self) -> str:
            Shown.times += 1
            return "shown"

    assert MILLION in as_text([Shown()] * 1_000_000)
    assert Shown.times < MAX_COUNTED_PIECES
    Shown.times = 0
    assert MILLION in as_text(dict.fromkeys(range(1_000_000), Shown()))
    assert Shown.times < MAX_COUNTED_PIECES


def raising(error: BaseException) -> Any:
    def method(*_: Any, **__: Any) -> Any:
        raise error

    return method


def endless(value: object) -> str:
    return f"<{value!r}>"


def hostile(name: str, method: Any, base: type = object) -> Any:
    return type("Hostile", (base,), {name: method})()


SECRET = "password=sk-secret"


@pytest.mark.parametrize(
    ("name", "method", "base", "error"),
    [
        ("__repr__", raising(ValueError(SECRET)), object, "ValueError"),
        ("__repr__", raising(type("Own", (Exception,), {})(SECRET)), object, "Own"),
        ("__repr__", raising(ExceptionGroup(SECRET, [ValueError()])), object, "ExceptionGroup"),
        ("__repr__", endless, object, "RecursionError"),
        ("__repr__", lambda _: None, object, "TypeError"),
        ("__repr__", lambda _: b"bytes", object, "TypeError"),
        ("_repr_markdown_", raising(OSError(SECRET)), object, "OSError"),
        ("__str__", raising(KeyError(SECRET)), Decimal, "KeyError"),
        ("isoformat", raising(KeyError(SECRET)), time, "KeyError"),
        ("model_dump", raising(KeyError(SECRET)), BaseModel, "KeyError"),
        ("shape", property(raising(KeyError(SECRET))), pd.DataFrame, "KeyError"),
    ],
)
def test_a_value_that_cannot_be_shown_is_named_without_the_error_message(
    name: str, method: Any, base: type, error: str
) -> None:
    value = hostile(name, method, base)
    text = f"(a Hostile object that cannot be shown: {error})"
    assert (as_text(value), as_text([1, value])) == (text, f'[1, "{text}"]')


def test_a_class_that_hides_its_class_is_shown_as_what_it_is() -> None:
    assert as_text(hostile("__class__", property(raising(ValueError(SECRET))))) == "(a Hostile object)"


def test_a_key_that_cannot_be_shown_is_named_too() -> None:
    key = hostile("__repr__", raising(ValueError(SECRET)))
    assert as_text({key: 1, "b": 2}) == '{"(a Hostile object that cannot be shown: ValueError)": 1, "b": 2}'


def test_a_number_too_long_for_python_is_named() -> None:
    assert as_text([10**5000, 1]) == '["(a int object that cannot be shown: ValueError)", 1]'


def test_a_missing_field_does_not_hide_the_values_around_it() -> None:
    tide = Tide("a", time(8))
    del tide.port
    assert as_text([1, tide]) == '[1, "(a Tide object that cannot be shown: AttributeError)"]'


@pytest.mark.parametrize("base", [list, tuple, set, frozenset, deque])
@pytest.mark.parametrize("name", ["__iter__", "__len__", "__repr__", "__reversed__", "__getitem__"])
def test_a_container_is_read_as_the_built_in_class_reads_it(base: type, name: str) -> None:
    value = type("Hostile", (base,), {name: raising(ValueError(SECRET))})([7])
    assert as_text([value]) == "[[7]]"
    assert as_text([value] * 1000, 200).endswith(",\n[7]]")


@pytest.mark.parametrize("base", [dict, OrderedDict])
@pytest.mark.parametrize("name", ["__iter__", "__len__", "__repr__", "items", "keys", "__reversed__"])
def test_a_dict_is_read_as_the_built_in_class_reads_it(base: type, name: str) -> None:
    value = type("Hostile", (base,), {name: raising(ValueError(SECRET))})(a=7)
    assert as_text(value) == '{"a": 7}'
    assert as_text([value] * 1000, 200).endswith(',\n{"a": 7}]')


def test_a_container_that_changes_while_it_is_read_is_named() -> None:
    class Changes:
        def __repr__(self) -> str:
            changing[len(changing)] = self
            return "changed"

    changing: dict[Any, Any] = {}
    changing[0] = Changes()
    assert as_text(changing) == "(a dict object that cannot be shown: RuntimeError)"


def test_a_class_with_a_wrong_name_is_named_correctly() -> None:
    class Lies(type):
        __name__ = property(raising(ValueError(SECRET)))  # type: ignore[assignment]

    class Honest(metaclass=Lies):
        __repr__ = raising(ValueError(SECRET))

    assert as_text(Honest()) == "(a Honest object that cannot be shown: ValueError)"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_raised(error: type[BaseException]) -> None:
    for value in (hostile("__repr__", raising(error())), [hostile("_repr_markdown_", raising(error()))]):
        with pytest.raises(error):
            as_text(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\0b\x1b[31mc\x07\x7f", "a\ufffdb\ufffd[31mc\ufffd\x7f"),
        ("a\r\nb\rc\td\n", "a\nb\ufffdc\td\n"),
        ("a\ud83d", "a\ufffd"),
        ("\ud83d\ude42", "🙂"),
        ("\udc80x", "\ufffdx"),
        (["\ud83d", "a\0b"], r'["\ufffd", "a\u0000b"]'.replace("\\ufffd", "\ufffd")),
        ({"\udc80": 1}, '{"\ufffd": 1}'),
        (b"a\x1bb", "(3 bytes of text)\na\ufffdb"),
        (hostile("__repr__", lambda _: "\0\ud83d"), "\ufffd\ufffd"),
        (hostile("__repr__", lambda _: Loud("quiet")), "quiet"),
        (
            type("A\x1b", (), {"__repr__": raising(ValueError())})(),
            "(a A\ufffd object that cannot be shown: ValueError)",
        ),
    ],
)
def test_the_text_has_no_control_characters(value: object, text: str) -> None:
    shown = as_text(value)
    assert type(shown) is str
    assert shown.encode().decode() == shown
    assert shown == text


def test_a_long_text_of_control_characters_is_measured_after_their_replacement() -> None:
    assert as_text("\0" * 100, 300) == "\ufffd" * 100
    assert as_text("\0" * 1000, 200) == (
        "\ufffd" * 26 + "\n… 2,841 of 3,000 bytes left out …\n" + "\ufffd" * 27
    )


def test_no_third_party_package_is_imported() -> None:
    code = "import sys, mimo_magics.context.value as v; v.summarize([object()], 200, 'full'); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"numpy", "pandas", "polars", "matplotlib", "PIL", "pydantic"} & set(printed.split()) == set()


ANY_TEXT = st.text(st.characters())
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary() | st.dates()
KEYS = ANY_TEXT | st.integers() | st.none() | st.tuples(st.integers(), ANY_TEXT)
VALUES = st.recursive(
    LEAVES | st.sets(st.integers()),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner),
)
LONG = st.builds(lambda value, times: [value] * times, VALUES, st.integers(1, 300)) | st.builds(
    lambda text, times: text * times, ANY_TEXT, st.integers(1, 5000)
)


@given(VALUES | LONG, st.integers(200, 5000))
def test_every_value_fits_into_every_budget(value: object, budget: int) -> None:
    shown = as_text(value, budget)
    assert type(shown) is str
    assert len(shown.encode()) <= budget
    assert re.search("[\x00-\x08\x0b-\x1f]", shown) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
).filter(lambda value: value is not None and not isinstance(value, str))


@given(JSON)
def test_small_json_is_complete(value: object) -> None:
    assert json.loads(as_text(value, 1_000_000)) == value


@given(st.lists(st.integers(0, 10**6) | st.text(), min_size=1), st.integers(1, 100), st.integers(200, 1000))
def test_the_kept_and_the_missing_bytes_add_up(items: list[Any], times: int, budget: int) -> None:
    complete, shown = as_text(items * times, 10**9), as_text(items * times, budget)
    found = re.search("(?s)^(.*?)\n?… ([0-9,]+) of ([0-9,]+) bytes left out …\n(.*)$", shown)
    if found is None:
        assert shown == complete
        return
    head, missing, size, tail = (
        found[1],
        int(found[2].replace(",", "")),
        int(found[3].replace(",", "")),
        found[4],
    )
    assert complete.startswith(head)
    assert complete.endswith(tail)
    assert size == len(complete.encode())
    assert size - missing - len(head.encode()) - len(tail.encode()) in (0, 1)
