"""The rows of inputs: frames, series, lists, iterators and files."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from mimo_magics.batch.row_files import write_rows
from mimo_magics.batch.rows import open_rows
from mimo_magics.core.errors import BadOption

TEXTS = ["Lovely, early", 'It "broke"', "再也不會", ""]


def rows(source: object, *slots: str) -> list[dict[str, Any]]:
    return [dict(row) for row in open_rows(source, slots).iter_rows()]


def expect_error(source: object, *slots: str) -> tuple[str, str]:
    with pytest.raises(BadOption) as caught:
        rows(source, *slots)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize("library", [pd, pl])
def test_a_frame_gives_the_columns_that_the_prompt_uses(library: Any) -> None:
    frame = library.DataFrame({"text": ["a", None], "stars": [5, 2], "other": [1.5, 2.5]})
    source = open_rows(frame, ["stars", "text"])
    assert [*source.iter_rows()] == [{"text": "a", "stars": 5}, {"text": None, "stars": 2}]
    assert (source.count, source.is_repeatable) == (2, True)
    assert [*source.iter_rows()] == [*source.iter_rows()]
    assert type(next(source.iter_rows())["stars"]) is int


def test_missing_values_of_pandas_are_none() -> None:
    frame = pd.DataFrame({"a": [float("nan"), 1.5], "b": pd.array([None, 2], "Int64"), "c": [pd.NaT, pd.NaT]})
    assert rows(frame, "a", "b", "c") == [
        {"a": None, "b": None, "c": None},
        {"a": 1.5, "b": 2, "c": None},
    ]


@pytest.mark.parametrize("library", [pd, pl])
def test_the_whole_row_is_a_slot(library: Any) -> None:
    frame = library.DataFrame({"first name": ["Ada"], "age": [36]})
    row = {"first name": "Ada", "age": 36}
    assert rows(frame, "row") == [{**row, "row": row}]


def test_a_column_may_be_named_row() -> None:
    assert rows(pd.DataFrame({"row": [7], "x": [1]}), "row") == [{"row": 7}]


@pytest.mark.parametrize("series", [pd.Series(["a", None]), pl.Series(["a", None]), ["a", None], ("a", None)])
def test_single_values_fill_the_only_slot(series: Any) -> None:
    assert rows(series, "text") == [{"text": "a"}, {"text": None}]


def test_dicts_are_rows_as_they_are() -> None:
    assert rows([{"a": 1, 2: "x"}, {"a": None}], "a") == [{"a": 1, "2": "x"}, {"a": None}]


def test_an_iterator_is_read_once_and_lazily() -> None:
    read = []

    def produce() -> Iterator[str]:
        for word in ("a", "b"):
            read.append(word)
            yield word

    source = open_rows(produce(), ["text"])
    assert (source.count, source.is_repeatable, read) == (None, False, [])
    found = source.iter_rows()
    assert (next(found), read) == ({"text": "a"}, ["a"])


@pytest.mark.parametrize(
    ("source", "slots", "fact"),
    [
        (pd.DataFrame({"text": ["a"]}), ["txt"], "There is no column 'txt'."),
        (pl.DataFrame({"text": ["a"]}), ["txt"], "There is no column 'txt'."),
        ([{"text": "a"}], ["txt"], "There is no column 'txt'."),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ["a"], "Several columns have the same name: a."),
        (["a"], ["x", "y"], "A row is a single value, but the prompt has 2 slots."),
        ([], ["x"], "There are no rows."),
        ({"x": 1}, ["x"], "dict has no rows."),
        (b"abc", ["x"], "bytes has no rows."),
        (5, ["x"], "int has no rows."),
        ("hello", ["x"], "'hello' is not the path of a file with rows."),
        ("none.csv", ["x"], "The file none.csv cannot be read: No such file or directory."),
    ],
)  # fmt: skip
def test_an_input_that_does_not_fit_is_an_error(source: Any, slots: list[str], fact: str) -> None:
    assert expect_error(source, *slots)[0] == fact


def test_a_misspelled_column_gets_a_suggestion() -> None:
    assert expect_error(pd.DataFrame({"text": ["a"]}), "txt")[1] == "Did you mean text?"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "big5"])
@pytest.mark.parametrize(("ending", "separator"), [(".csv", ","), (".csv", ";"), (".tsv", "\t")])
def test_a_text_file_is_read_in_its_encoding(
    tmp_path: Path, encoding: str, ending: str, separator: str
) -> None:
    path = tmp_path / f"rows{ending}"
    lines = [
        f"text{separator}n",
        *(f'"{text.replace(chr(34), chr(34) * 2)}"{separator}{n}' for n, text in enumerate(TEXTS * 20)),
    ]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    found = rows(str(path), "text", "n")
    assert found[:4] == [
        {"text": "Lovely, early", "n": "0"},
        {"text": 'It "broke"', "n": "1"},
        {"text": "再也不會", "n": "2"},
        {"text": None, "n": "3"},
    ]
    assert len(found) == 80


def test_lines_with_too_few_or_too_many_fields_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1\n\n1,2,3\n", encoding="utf-8")
    assert rows(path, "a", "b") == [{"a": "1", "b": None}, {"a": "1", "b": "2"}]


@pytest.mark.parametrize("content", ["", "a,b\n"])
def test_a_file_without_rows_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadOption):
        rows(path, "a")


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    os.mkfifo(path)
    assert expect_error(path, "a")[0].startswith(f"The file {path} cannot be read")


def test_a_parquet_file_is_read_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"n": range(2_500), "text": ["x"] * 2_500}).to_parquet(path)
    source = open_rows(path, ["n"])
    assert source.count == 2_500
    assert [row["n"] for row in source.iter_rows()] == [*range(2_500)]


def test_a_damaged_parquet_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1" + b"x" * 100)
    assert expect_error(path, "a")[0].startswith(f"The file {path} cannot be read")


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    path, copy = tmp_path / "rows.csv", tmp_path / "copy.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("text\n")
        file.writelines(f"{'word ' * 40}{number}\n" for number in range(50_000))
    source = open_rows(path, ["text"])
    tracemalloc.start()
    write_rows(copy, ["text"], [], source.iter_rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert copy.read_text(encoding="utf-8").splitlines() == path.read_text(encoding="utf-8").splitlines()
    assert peak < 2_000_000


VALUES = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20))
def test_all_kinds_of_inputs_give_the_same_rows(values: list[tuple[str | None, str | None]]) -> None:
    dicts = [{"a": first, "b": second} for first, second in values]
    assert rows(dicts, "a", "b") == dicts
    assert rows(pd.DataFrame(dicts, dtype="object"), "a", "b") == dicts
    assert rows(pl.DataFrame(dicts, schema={"a": pl.String, "b": pl.String}), "a", "b") == dicts
    assert rows(iter(dicts), "a", "b") == dicts


def test_dates_of_a_frame_are_dates() -> None:
    frame = pl.DataFrame({"day": [date(2026, 12, 1)]})
    assert rows(frame, "day") == [{"day": date(2026, 12, 1)}]
