"""The data frame of a result."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pandas as pd
import polars as pl
import pytest
from pydantic import BaseModel, field_serializer
from support.peer import Peer, reply, stream

from mimo_magics.core.errors import BadOption
from mimo_magics.session.session import Session
from mimo_magics.session.structured import result_frame
from mimo_magics.session.structured.result_frame import build_result_frame, find_library
from mimo_magics.session.structured.schema import ResultSchema, build_schema
from mimo_magics.session.structured.validation import ValidItem, validate_item

PEOPLE = build_schema("name, age int?, height float, is_tall bool, born date, tags list[str]", many=True)
ADA = {"name": "Ada", "age": 36, "height": 2, "is_tall": True, "born": "1815-12-10", "tags": ["x"]}
BO = {"name": "Bo", "age": None, "height": 1.5, "is_tall": False, "born": "1990-01-02", "tags": []}


def items(schema: ResultSchema, *values: Any) -> list[ValidItem]:
    found = [validate_item(each, schema) for each in values]
    assert all(isinstance(each, ValidItem) for each in found), found
    return [each for each in found if isinstance(each, ValidItem)]


def block(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def test_the_columns_of_a_pandas_frame_are_typed() -> None:
    frame = build_result_frame(items(PEOPLE, ADA, BO), PEOPLE)
    assert isinstance(frame, pd.DataFrame)
    kinds = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert kinds.pop("born").startswith("datetime64")
    assert kinds == {
        "name": "string",
        "age": "Int64",
        "height": "Float64",
        "is_tall": "boolean",
        "tags": "object",
    }
    assert frame["age"].isna().tolist() == [False, True]
    assert frame["born"].dt.year.tolist() == [1815, 1990]


def test_polars_builds_the_frame_if_only_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    block(monkeypatch, "pandas")
    frame = build_result_frame(items(PEOPLE, ADA, BO), PEOPLE)
    assert isinstance(frame, pl.DataFrame)
    assert frame.schema["age"] == pl.Int64
    assert frame["born"].dt.year().to_list() == [1815, 1990]
    assert frame["tags"].to_list() == [["x"], []]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_value_that_does_not_fit_its_column_makes_the_column_untyped(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setattr(result_frame, "BUILDERS", {library: result_frame.BUILDERS[library]})
    schema = build_schema("n int", many=True)
    frame = build_result_frame(items(schema, {"n": 10**30}, {"n": 1}), schema)
    assert list(frame["n"]) == [10**30, 1]


def test_a_frame_of_no_items_has_the_typed_columns() -> None:
    frame = build_result_frame([], PEOPLE)
    assert list(frame.columns) == ["name", "age", "height", "is_tall", "born", "tags"]
    assert (len(frame), str(frame["age"].dtype)) == (0, "Int64")


def test_items_that_are_not_objects_are_one_column() -> None:
    schema = build_schema(list[int])
    frame = build_result_frame(items(schema, 1, 2), schema)
    assert (frame["value"].tolist(), str(frame["value"].dtype)) == ([1, 2], "Int64")


def test_objects_without_fields_have_the_columns_of_their_keys() -> None:
    schema = build_schema(list[dict[str, int]])
    frame = build_result_frame(items(schema, {"a": 1}, {"b": 2}), schema)
    assert frame.fillna(0).to_dict("records") == [{"a": 1, "b": 0}, {"a": 0, "b": 2}]


def test_a_key_that_the_model_left_out_has_its_default() -> None:
    class Book(BaseModel):
        title: str
        pages: int = 100

    schema = build_schema(list[Book])
    assert build_result_frame(items(schema, {"title": "Emma"}), schema)["pages"].tolist() == [100]


def test_a_serializer_that_fails_does_not_lose_the_result() -> None:
    class Odd(BaseModel):
        n: int

        @field_serializer("n")
        def write(self, _: int) -> int:
            raise RuntimeError

    schema = build_schema(list[Odd])
    assert build_result_frame(items(schema, {"n": 1}), schema)["n"].tolist() == [1]


def test_the_value_of_a_reply_in_the_format_table_is_a_frame(peer: Peer) -> None:
    peer.answers(lambda seen: stream(seen, reply('{"items": [{"n": 1}, {"n": "two"}]}')))
    chat = Session(base_url=f"{peer.url}/v1", system="none")
    answer = chat.ask("Numbers?", schema=build_schema("n int", many=True), format="table")
    assert answer.value["n"].tolist() == [1]
    assert answer.errors


def test_without_a_library_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, peer: Peer) -> None:
    block(monkeypatch, "pandas", "polars")
    chat = Session(base_url=f"{peer.url}/v1", system="none")
    with pytest.raises(BadOption, match="Neither pandas nor polars is installed") as raised:
        chat.ask("Numbers?", schema="n int", format="table")
    assert raised.value.hint == "pip install pandas"
    assert peer.requests == []


def test_a_library_that_cannot_be_imported_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def import_module(name: str) -> Any:
        if name == "pandas":
            raise ImportError("no numpy")
        return real(name)

    monkeypatch.setattr(result_frame, "import_module", import_module)
    assert find_library() == "polars"
