"""The source of a function with what it needs."""

import linecache
from typing import Any

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.prompts.function_source import find_function_source


def define(source: str) -> dict[str, Any]:
    """Run a cell, and return the variables."""
    file = f"<cell {hash(source)}>"
    linecache.cache[file] = (len(source), None, [f"{line}\n" for line in source.split("\n")], file)
    variables: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, file, "exec"), variables)
    return variables


CELL = '''import math as m
import json
from collections import Counter as Tally
FACTOR, LABEL, ROWS = 2, "x", [1, 2]
def helper(x):
    return FACTOR * m.sqrt(x)
class Shop:
    def price(self, name):
        return Tally(name), LABEL
def unused():
    return json
def total(rows, shop):
    """Add."""
    return sum(helper(row) for row in rows), Shop, isinstance(shop, dict)'''


def test_a_function_comes_with_its_imports_constants_and_definitions() -> None:
    source = find_function_source("total", define(CELL), [CELL, "%%html", "class Shop(: broken"])
    assert source.to_code() == (
        "from collections import Counter as Tally\nimport math as m\n\n\nFACTOR = 2\nLABEL = 'x'\n\n\n"
        "class Shop:\n    def price(self, name):\n        return Tally(name), LABEL\n\n\n"
        "def helper(x):\n    return FACTOR * m.sqrt(x)\n\n\n"
        'def total(rows, shop):\n    """Add."""\n    return sum(helper(row) for row in rows), Shop, isinstance(shop, dict)'
    )
    assert source.missing == []


def test_without_values_constants_are_left_out() -> None:
    code = find_function_source("helper", define(CELL)).to_code(with_values=False)
    assert code == "import math as m\n\n\ndef helper(x):\n    return FACTOR * m.sqrt(x)"


def test_what_cannot_be_written_as_code_is_named() -> None:
    source = find_function_source("f", define("rows = [object()]\ndef f():\n    return rows"))
    assert (source.missing, source.to_code()) == (["rows"], "def f():\n    return rows")


def test_functions_that_call_each_other_are_found_once() -> None:
    cell = "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)"
    source = find_function_source("even", define(cell))
    assert [each.split("(")[0] for each in source.definitions] == ["def odd", "def even"]


@pytest.mark.parametrize("name", ["nothing", "FACTOR", "m"])
def test_a_name_that_is_no_function_is_an_error(name: str) -> None:
    with pytest.raises(BadOption, match=f"There is no function {name} in the notebook"):
        find_function_source(name, define(CELL))


def test_a_function_without_a_source_is_an_error() -> None:
    variables: dict[str, Any] = {"__name__": "__main__"}
    exec("def f():\n    pass", variables)
    with pytest.raises(BadOption, match="The source of f is unknown"):
        find_function_source("f", variables)


def test_a_class_is_found_with_its_decorators() -> None:
    cell = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Point:\n    x: int\n\nPoint(1)"
    source = find_function_source("Point", define(cell), ["class Point: pass", cell, "Point(2)"])
    assert source.to_code() == (
        "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Point:\n    x: int"
    )
