"""Functions, classes and modules as text."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal

import pytest

from mimo_magics.context.code import code_schema, code_text


def without_source(source: str, name: str) -> Any:
    """Return an object whose source cannot be found."""
    namespace: dict[str, Any] = {"Literal": Literal, "Huge": Huge, "__name__": "notes"}
    exec(compile(source, "<notes>", "exec", dont_inherit=True), namespace)
    return namespace[name]


class Huge:
    def __repr__(self) -> str:
        raise AssertionError


def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapper(*arguments: Any) -> Any:
        return function(*arguments)

    return wrapper


@decorate
def area(width: float) -> float:
    """Return the area."""
    return width**2


def test_a_function_is_shown_with_its_source() -> None:
    assert code_text(area) == (
        f"function {__name__}.area\n@decorate\ndef area(width: float) -> float:\n"
        '    """Return the area."""\n    return width**2'
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("def f(): pass", "()"),
        ("def f(a, /, b, *, c=1, d='x'): 'Doc.'", "(a, /, b, *, c=1, d='x')\nDoc."),
        ("def f(a, /): pass", "(a, /)"),
        ("def f(*a: int, **k: 'str') -> Literal['x']: pass", "(*a: int, **k: str) -> typing.Literal['x']"),
        ("def f(a=Huge(), b=[1], c='x' * 100, d: int = 3): pass", "(a=…, b=…, c=…, d: int = 3)"),
        ("def f(a: Huge() = Huge): pass", "(a: Huge = …)"),
    ],
)
def test_a_function_without_source_is_shown_by_its_signature(source: str, text: str) -> None:
    assert code_text(without_source(source, "f")) == f"function notes.f{text}"


def test_default_values_are_left_out_of_the_schema() -> None:
    function = without_source("def f(a='canary', b=1): pass", "f")
    assert code_schema(function) == "function notes.f(a=…, b=…)"


def test_a_class_without_source_is_shown_by_its_methods() -> None:
    source = """
class Fund:
    "A fund."
    @property
    def secret(self): raise AssertionError
    def buy(self, amount: int) -> None: "Buy some.\\nMuch more."
    @classmethod
    def load(cls, path): pass
    rows = [1, 2]
"""
    assert code_text(without_source(source, "Fund")) == (
        "class notes.Fund()\nA fund.\n- buy(self, amount: int) -> None: Buy some.\n- load(cls, path)"
    )


def test_a_module_is_shown_by_its_own_functions() -> None:
    module = types.ModuleType("notes", "Notes of a day.")
    exec("import os\nfrom json import loads\ndef add(note): 'Add a note.'\ndef _hidden(): pass", vars(module))
    assert code_text(module) == "module notes\nNotes of a day.\n- add(note): Add a note."


def test_a_module_with_many_functions_is_bounded() -> None:
    module = types.ModuleType("many")
    exec("\n".join(f"def f{number}(): pass" for number in range(1_000)), vars(module))
    assert code_text(module).count("\n") == 201


def test_a_builtin_has_its_docstring() -> None:
    assert code_text(len) == "function len(obj, /)\nReturn the number of items in a container."
    assert code_text(sys.intern).startswith("function sys.intern(string, /)\n")
