"""The rows of inputs: frames, series, lists, iterators and files."""

from __future__ import annotations

import csv
import math
import os
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from pyarrow import parquet

from mimo_magics.batch.row_files import write_rows
from mimo_magics.batch.rows import RowSource, open_rows
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


WORDS = st.text(
    # A byte order mark at the start of a file belongs to its encoding.
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"),
    min_size=1,
    max_size=8,
).filter(str.strip)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(WORDS.map(str.strip), min_size=width, max_size=width, unique=True),
        st.lists(st.lists(st.none() | WORDS, min_size=width, max_size=width), min_size=1, max_size=6),
    )
)
"""Names of columns, and the rows of a table of text."""


def describe(source: RowSource) -> tuple[str, int | None, bool]:
    return source.kind, source.count, source.is_repeatable


@given(TABLES)
def test_the_same_table_gives_the_same_rows_from_every_kind_of_input(
    table: tuple[list[str], list[list[str | None]]],
) -> None:
    names, lines = table
    dicts = [dict(zip(names, line, strict=True)) for line in lines]
    with TemporaryDirectory() as folder:
        # A tab separates the fields, as the first line of a CSV file decides on its separator.
        tsv = Path(folder, "table.tsv")
        with tsv.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL).writerows([names, *lines])
        columnar = Path(folder, "table.parquet")
        pl.DataFrame(dicts, schema=dict.fromkeys(names, pl.String)).write_parquet(columnar)
        inputs = (dicts, tuple(dicts), iter(dicts), pd.DataFrame(dicts), pd.DataFrame(dicts, dtype=object))
        assert all(rows(each, *names) == dicts for each in (*inputs, pl.DataFrame(dicts), tsv, columnar))


@pytest.mark.parametrize(
    ("source", "described"),
    [
        (pd.DataFrame({"text": ["a", "b"]}), ("pandas DataFrame", 2, True)),
        (pl.DataFrame({"text": ["a", "b"]}), ("polars DataFrame", 2, True)),
        (pd.Series(["a", "b"], index=[7, 7]), ("pandas Series", 2, True)),
        (pl.Series(["a", "b"]), ("polars Series", 2, True)),
        ([{"text": "a"}, {"text": "b"}], ("list", 2, True)),
        (("a", "b"), ("list", 2, True)),
        (iter(["a", "b"]), ("iterator", None, False)),
        ((each for each in ({"text": "a"}, {"text": "b"})), ("iterator", None, False)),
        (np.array(["a", "b"]), ("iterator", None, False)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_input_is_described_and_a_single_value_fills_the_only_slot(
    source: object, described: tuple[str, int | None, bool]
) -> None:
    opened = open_rows(source, ["text"])
    assert describe(opened) == described
    assert [*opened.iter_rows()] == [{"text": "a"}, {"text": "b"}]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_file_is_described_and_read_by_a_path_or_a_str(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows[1].{ending}"
    pl.DataFrame({"text": ["a"]}).write_parquet(path) if ending == "parquet" else path.write_text("text\na\n")
    opened = open_rows(path, ["text"])
    kind, count = ("Parquet file", 1) if ending == "parquet" else (f"{ending.upper()} file", None)
    assert describe(opened) == (kind, count, True)
    assert [*opened.iter_rows()] == [*opened.iter_rows()] == rows(str(path), "text") == [{"text": "a"}]


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame({"a": [math.nan, None, pd.NA, pd.NaT, 1, "x"]}, dtype=object),
        pl.DataFrame({"a": [math.nan, None, None, None, 1, "x"]}, schema={"a": pl.Object}),
        pd.Series([math.nan, None, pd.NA, pd.NaT, 1, "x"], dtype=object),
        [{"a": each} for each in (math.nan, None, pd.NA, np.float32("nan"), 1, "x")],
        iter([math.nan, None, pd.NA, pd.NaT, 1, "x"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_missing_values_are_none(source: object) -> None:
    assert [row["a"] for row in rows(source, "a")] == [None, None, None, None, 1, "x"]


def test_a_missing_number_of_a_parquet_file_is_none(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1.5, math.nan, None]}).write_parquet(tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet", "a") == [{"a": 1.5}, {"a": None}, {"a": None}]


def test_a_row_of_a_list_may_lack_a_value_that_another_one_has() -> None:
    source = [{"a": 1}, {"a": 2, "b": 3}]
    assert rows(source, "a", "b") == rows(iter(source), "a", "b") == source


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame({"text": ["a"], "stars": [1]}),
        pl.DataFrame({"text": ["a"], "stars": [1]}),
        [{"text": "a", "stars": 1}],
        [{"text": "a"}, {"stars": 1}],
    ],
    ids=["pandas", "polars", "list", "list of two"],
)
@pytest.mark.parametrize(
    ("slot", "advice"),
    [("txt", "Did you mean text?"), ("name", "The columns are: text, stars.")],
)
def test_a_slot_that_no_column_has_is_an_error_with_the_columns(
    source: object, slot: str, advice: str
) -> None:
    with pytest.raises(BadOption) as caught:
        open_rows(source, [slot])
    assert caught.value.lines == (f"There is no column '{slot}'.", advice)


@pytest.mark.parametrize(
    "source",
    [["a"], [{"a": 1, "b": 2}, "a"], pd.Series(["a"]), pl.Series(["a"])],
    ids=["list", "mixed list", "pandas", "polars"],
)
def test_single_values_do_not_fill_two_slots(source: object) -> None:
    with pytest.raises(BadOption) as caught:
        open_rows(source, ["a", "b"])
    assert caught.value.lines == (
        "A row is a single value, but the prompt has 2 slots.",
        "Use dicts or a data frame, with a column for each slot.",
    )


def test_a_series_of_structs_has_columns() -> None:
    values = [{"a": 1, "b": "x"}]
    assert rows(pl.Series(values), "a", "b") == rows(pd.Series(values), "a", "b") == values


@pytest.mark.parametrize(
    "source",
    [[], (), pd.DataFrame({"a": []}), pl.DataFrame({"a": []}), pd.Series([]), pl.Series([])],
    ids=lambda value: type(value).__name__,
)
def test_an_input_without_rows_is_an_error(source: object) -> None:
    with pytest.raises(BadOption, match=r"^There are no rows\.$"):
        open_rows(source, ["a"])


@pytest.mark.parametrize(
    "source", [{"a": [1]}, b"a", 3, None, pl.LazyFrame({"a": [1]})], ids=lambda value: type(value).__name__
)
def test_another_kind_of_value_is_an_error(source: object) -> None:
    with pytest.raises(BadOption) as caught:
        open_rows(source, ["a"])
    assert caught.value.lines == (
        f"{type(source).__name__} has no rows.",
        "Use a data frame, a series, a list, an iterator, or the path of a CSV or Parquet file.",
    )


@pytest.mark.parametrize("source", ["pandas", "csv", "parquet"])
def test_two_columns_of_one_name_are_an_error(source: str, tmp_path: Path) -> None:
    if source == "pandas":
        value: Any = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    elif source == "csv":
        value = tmp_path / "a.csv"
        value.write_text("a,b,a\n1,2,3\n")
    else:
        value = tmp_path / "a.parquet"
        parquet.write_table(pa.Table.from_arrays([pa.array([1])] * 3, names=["a", "b", "a"]), value)
    with pytest.raises(BadOption) as caught:
        open_rows(value, ["b"])
    assert caught.value.lines == ("Several columns have the same name: a.", "Rename them.")
