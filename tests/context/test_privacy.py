"""With `share=schema` no value of data leaves: canaries in every place of every kind of value."""

from __future__ import annotations

from typing import Any

import pytest
from support.canaries import CANARY, FOUND, FRAME, NUMBER, VALUES, Report

from mimo_magics.context.registry import register_context
from mimo_magics.context.value import render_value, summarize


@pytest.mark.parametrize("name", VALUES)
def test_no_value_of_data_is_in_the_text_or_its_label(name: str) -> None:
    value = VALUES[name]()
    for rendered in (render_value("x", value, 20_000, "schema"), summarize([value], 20_000, "schema")):
        assert not FOUND.search(f"{rendered.text} {rendered.label} {rendered.kind}"), rendered


@pytest.mark.parametrize("name", ["pandas frame", "dict of frames", "object", "error", "nested", "pydantic"])
def test_the_canary_is_found_where_values_are_shared(name: str) -> None:
    assert FOUND.search(summarize(VALUES[name](), 20_000, "sample").text)


def test_a_registered_function_is_not_called_with_share_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    class Registered:
        pass

    monkeypatch.setattr("mimo_magics.context.registry._FUNCTIONS", {})
    register_context(Registered, lambda _: CANARY)
    assert summarize(Registered(), 20_000, "sample").text == CANARY
    assert summarize(Registered(), 20_000, "schema").text == "Registered\nValues are not shared."


def test_a_large_nested_value_is_described_in_part() -> None:
    inner = [[0] * 1_000] * 1_000
    assert summarize([inner] * 1_000, 20_000, "schema").text.startswith(
        "list of 1,000 items: list of 1,000 items"
    )
    frames = summarize([FRAME] * 1_000, 20_000, "schema").text
    assert "LoudFrame" not in frames
    assert "DataFrame (95" in frames


def test_names_and_types_of_columns_and_fields_are_sent() -> None:
    assert summarize(Report(FRAME[["text", "number"]]), 20_000, "schema").text == (
        "Report(table: pandas DataFrame, 2 rows, 2 columns: text (string), number (int64), title: str)\n"
        "Values are not shared."
    )


def test_a_class_with_every_attribute_does_not_hide_the_values_beside_it() -> None:
    class Meta(type):
        def __getattr__(cls, name: str) -> Any:
            return lambda *_: CANARY

    class Anything(metaclass=Meta):
        pass

    text = summarize([Anything(), {"a": 1}], 20_000, "schema").text
    assert text == "list of 2 items: Anything (1), dict with 1 item, str: int (1)\nValues are not shared."


@pytest.mark.parametrize("value", [CANARY, NUMBER])
def test_a_string_or_a_number_that_the_user_inserts_is_sent(value: Any) -> None:
    assert render_value("x", value, 20_000, "schema").text == str(value)
