"""A failed cell as text for a model."""

import linecache
from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest

from mimo_magics.context.failure import Failure, describe_failure, render_failure, render_variables

FOLDER = "/tmp/ipykernel_1/"
CELLS = {f"{FOLDER}{number}.py": number for number in range(1, 9)}


def compile_cell(source: str, number: int) -> CodeType:
    file = f"{FOLDER}{number}.py"
    linecache.cache[file] = (len(source), None, [f"{line}\n" for line in source.split("\n")], file)
    return compile(source, file, "exec")


def fail(*sources: str) -> tuple[Failure, dict[str, Any]]:
    """Run cells of which the last one fails. Return the failure and the variables."""
    variables: dict[str, Any] = {"__name__": "__main__"}
    find_cell: Callable[[str], int | None] = CELLS.get
    try:
        for number, source in enumerate(sources, 1):
            exec(compile_cell(source, number), variables)
    except Exception as error:  # noqa: BLE001  any error is the test
        return describe_failure(error, find_cell), variables
    raise AssertionError("no cell failed")


def test_the_traceback_names_cells_instead_of_files() -> None:
    failure, _ = fail("def half(x):\n    return x / 0", "half(3)")
    assert failure.cells == (2, 1)
    assert failure.type == "ZeroDivisionError"
    assert failure.traceback == (
        "ZeroDivisionError: division by zero\n  cell [2], line 1: half(3)\n  cell [1], line 2, in half: return x / 0"
    )
    assert failure.outline == "ZeroDivisionError\n  cell [2], line 1\n  cell [1], line 2, in half"


def test_frames_of_libraries_have_no_folders() -> None:
    failure, _ = fail("import json\njson.loads('{')")
    places = [line.split(",")[0] for line in failure.traceback.split("\n")[1:]]
    assert places == ["  cell [1]", "  __init__.py", "  decoder.py", "  decoder.py"]


def test_the_causes_of_an_error_come_first() -> None:
    failure, _ = fail("try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error")
    assert failure.traceback == (
        "KeyError: 'a'\n  cell [1], line 2: {}['a']\n\nValueError: no a\n  cell [1], line 4: raise ValueError('no a') from error"
    )


def test_a_syntax_error_has_its_place() -> None:
    failure, _ = fail("x = 1", "for x in y\n    pass")
    assert failure.cells == (2,)
    assert failure.traceback == "SyntaxError: expected ':'\n  cell [2], line 1: for x in y"
    assert failure.frames == ()


def test_a_deep_recursion_is_cut() -> None:
    failure, _ = fail("def f(n):\n    return f(n + 1)", "f(0)")
    lines = failure.traceback.split("\n")
    assert len(lines) == 31
    assert lines[1] == "  cell [2], line 1: f(0)"


def test_a_shared_schema_has_no_message_and_no_code() -> None:
    failure, _ = fail("raise ValueError('canary')")
    assert render_failure(failure, "sample").text == failure.traceback
    assert render_failure(failure, "schema").text == "ValueError\n  cell [1], line 1"


def test_the_variables_of_a_function_are_described() -> None:
    failure, _ = fail("def total(rows, key):\n    import json\n    return rows[key]", "total([1, 2], 5)")
    assert [part.text for part in render_variables(failure, "", 20_000, "sample")] == [
        "rows: [1, 2]\n\n",
        "key: 5\n\n",
    ]
    assert [part.text for part in render_variables(failure, "", 20_000, "schema")] == [
        "rows: list of 2 items: int\nValues are not shared.\n\n",
        "key: int\nValues are not shared.\n\n",
    ]


def test_of_the_variables_of_the_notebook_only_those_that_the_cell_names_are_described() -> None:
    source = "b = a + c"
    failure, _ = fail("a, c, other, _x = 1, None, 2, 3", source)
    assert [part.name for part in render_variables(failure, source, 20_000, "sample")] == ["a", "c"]


def test_a_comprehension_has_the_variables_around_it() -> None:
    failure, _ = fail("def total(rows):\n    return sum(row['a'] for row in rows)", "total([{}])")
    assert [part.text for part in render_variables(failure, "total([{}])", 20_000, "sample")] == [
        "rows: [{}]\n\n",
        "row: {}\n\n",
    ]


def test_a_magic_in_the_cell_does_not_hide_its_variables() -> None:
    failure, _ = fail("a = 1", "print(a, b)")
    assert [part.name for part in render_variables(failure, "%time print(a)", 20_000, "sample")] == ["a"]


def test_a_variable_gets_a_part_of_the_budget() -> None:
    failure, _ = fail("text = 'x' * 100_000\ntext + 1")
    (part,) = render_variables(failure, "text + 1", 20_000, "sample")
    assert part.size < 2_100


class Hostile:
    """An object whose methods fail."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError


def test_an_object_whose_methods_fail_is_named() -> None:
    variables: dict[str, Any] = {"thing": Hostile()}
    try:
        exec(compile_cell("thing + 1", 1), variables)
    except TypeError as error:
        failure = describe_failure(error, CELLS.get)
    (part,) = render_variables(failure, "thing + 1", 20_000, "sample")
    assert part.text.startswith("thing: ")


def test_an_error_whose_message_fails_is_described() -> None:
    failure, _ = fail("class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Odd")
    assert failure.type == "Odd"
    assert failure.traceback.startswith("Odd: <exception str() failed>") or "Odd" in failure.traceback


@pytest.mark.parametrize("count", [1, 40])
def test_at_most_twenty_variables_are_sent(count: int) -> None:
    names = [f"v{number}" for number in range(count)]
    source = f"{' + '.join(names)} + None"
    failure, _ = fail("\n".join(f"{name} = 1" for name in names), source)
    assert len(list(render_variables(failure, source, 20_000, "sample"))) == min(count, 20)
