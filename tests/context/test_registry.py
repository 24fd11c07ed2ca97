"""How an object speaks for itself: registered functions and `_ai_repr_`."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import mimo_magics
from mimo_magics.context.registry import register_context
from mimo_magics.context.value import render_value, summarize
from mimo_magics.core.errors import BadOption


class Portfolio:
    def __init__(self, returned: Any = "a portfolio") -> None:
        self.returned = returned

    def _ai_repr_(self, **kwargs: Any) -> Any:
        return self.returned


class Fund(Portfolio):
    def __repr__(self) -> str:
        return "Fund()"


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimo_magics.context.registry._FUNCTIONS", {})


def text_of(value: Any) -> str:
    return summarize(value, 2_000, "sample").text


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        ("by itself", "by itself"),
        ({"text/plain": "plain"}, "plain"),
        ({"text/plain": "plain", "text/markdown": "**bold**", "image/png": b""}, "**bold**"),
    ],
)
def test_an_object_speaks_by_its_method(returned: Any, text: str) -> None:
    assert text_of(Portfolio(returned)) == text
    assert text_of({"a": Portfolio(returned)}) == f'{{"a": "{text}"}}'


@pytest.mark.parametrize("returned", [None, 3, {"image/png": b""}, {"text/plain": b"no text"}])
def test_without_a_text_the_object_is_shown_in_another_way(returned: Any) -> None:
    assert text_of(Fund(returned)) == "Fund()"


def test_an_async_method_is_not_awaited() -> None:
    class Chart(Fund):
        async def _ai_repr_(self, **_: Any) -> str:
            raise AssertionError

    assert text_of(Chart()) == "Fund()"


def test_a_method_that_fails_is_named_without_its_message() -> None:
    class Fails:
        def _ai_repr_(self, **_: Any) -> str:
            raise ValueError("sk-secret")

    assert text_of(Fails()) == "(a Fails object that cannot be shown: ValueError)"


def test_a_registered_function_comes_first_and_holds_for_subclasses() -> None:
    mimo_magics.register_context(Portfolio, lambda value: f"registered for {type(value).__name__}")
    assert text_of(Fund()) == "registered for Fund"
    register_context(Fund, lambda _: "the nearer class")
    assert (text_of(Fund()), text_of([Portfolio()])) == ("the nearer class", '["registered for Portfolio"]')


def test_a_registered_function_may_return_another_value() -> None:
    register_context(Portfolio, lambda value: pd.DataFrame({"fund": [value.returned]}))
    assert text_of(Portfolio()).startswith("pandas DataFrame, 1 row, 1 column\n")
    register_context(Portfolio, lambda value: {"fund": value.returned})
    assert text_of(Portfolio()) == '{"fund": "a portfolio"}'


def test_a_library_class_may_be_registered() -> None:
    register_context(pd.DataFrame, lambda frame: f"{len(frame)} rows, by my function")
    assert render_value("df", pd.DataFrame({"a": [1]}), 200, "full").text == "1 rows, by my function"


def test_a_string_and_a_number_stay_as_they_are() -> None:
    register_context(str, lambda _: "changed")
    register_context(int, lambda _: "changed")
    assert [render_value("x", value, 200, "sample").text for value in ("text", 3)] == ["text", "3"]


@pytest.mark.parametrize("arguments", [(Portfolio(), str), (Portfolio, "no function")])
def test_other_arguments_are_an_error(arguments: Any) -> None:
    with pytest.raises(BadOption, match="register_context needs a class and a function"):
        register_context(*arguments)
