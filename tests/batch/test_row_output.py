"""The output of a run: the rows of the input with the columns of the values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from mimo_magics.batch.row_output import build_output, find_columns, name_columns, write_output
from mimo_magics.batch.row_result import RowResult
from mimo_magics.batch.rows import open_rows
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import Usage

RESULTS = [
    RowResult(
        0, {"label": "x", "n": 1}, {"label": "x", "n": 1}, "{}", usage=Usage(5, 2), usd=0.5, seconds=1.5
    ),
    RowResult(1, error="The reply is empty.", usd=None),
]
ENDING = {"error": [None, "The reply is empty."], "tokens": [7, 0], "usd": [0.5, None], "seconds": [1.5, 0.0]}


def output(source: Any, *slots: str, results: list[RowResult] = RESULTS) -> Any:
    return build_output(open_rows(source, slots), results, find_columns(results, ()))


def test_a_pandas_frame_keeps_its_index_and_its_columns() -> None:
    frame = pd.DataFrame({"text": ["a", "b"]}, index=["i", "j"])
    found = output(frame, "text")
    assert list(found) == ["text", "label", "n", "error", "tokens", "usd", "seconds"]
    assert list(found.index) == ["i", "j"]
    assert found.astype(object).where(found.notna(), None).to_dict("list") == {
        "text": ["a", "b"],
        "label": ["x", None],
        "n": [1, None],
        **ENDING,
    }
    assert [str(found[name].dtype) for name in ("n", "tokens", "usd")] == ["Int64", "Int64", "Float64"]
    assert list(frame) == ["text"]


def test_a_polars_frame_becomes_a_polars_frame() -> None:
    found = output(pl.DataFrame({"text": ["a", "b"]}), "text")
    assert found.to_dict(as_series=False) == {
        "text": ["a", "b"],
        "label": ["x", None],
        "n": [1, None],
        **ENDING,
    }


@pytest.mark.parametrize(
    ("series", "first"),
    [
        (pd.Series(["a", "b"], name="text"), "text"),
        (pd.Series(["a", "b"]), "value"),
        (pl.Series("text", ["a", "b"]), "text"),
    ],
)
def test_a_series_becomes_a_frame(series: Any, first: str) -> None:
    found = output(series, "text")
    assert list(found.columns)[:2] == [first, "label"]
    assert list(found[first]) == ["a", "b"]


def test_a_list_becomes_a_list_of_dicts() -> None:
    first, second = output([{"text": "a"}, {"text": "b"}], "text")
    assert first == {
        "text": "a",
        "label": "x",
        "n": 1,
        "error": None,
        "tokens": 7,
        "usd": 0.5,
        "seconds": 1.5,
    }
    assert (second["label"], second["error"]) == (None, "The reply is empty.")


def test_the_output_of_an_iterator_has_no_inputs() -> None:
    assert [*output(iter(["a", "b"]), "text")[0]] == ["label", "n", "error", "tokens", "usd", "seconds"]


def test_a_text_reply_is_the_column_reply() -> None:
    found = output(["a"], "text", results=[RowResult(0, "Hello", "Hello", "Hello")])
    assert found[0]["reply"] == "Hello"


def test_a_name_that_is_taken_gets_a_suffix() -> None:
    assert name_columns(["label", "label_reply", "usd"], ["label", "error"]) == (
        *("label_reply_reply", "error"),
        *("error_reply", "tokens", "usd_reply", "seconds"),
    )


def test_lists_and_objects_stay_python_objects_in_a_frame() -> None:
    results = [RowResult(0, data={"tags": ["a", "b"]}), RowResult(1, data={"tags": [1, "x"]})]
    for library in (pd, pl):
        found = output(library.DataFrame({"text": ["a", "b"]}), "text", results=results)
        assert [[*each] for each in found["tags"]] == [["a", "b"], [1, "x"]]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_a_file_is_written_row_by_row(tmp_path: Path, ending: str) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / f"labels{ending}"
    path.write_text("text\na\nb\n", encoding="utf-8")
    write_output(open_rows(path, ["text"]), lambda: iter(RESULTS), out, ["label", "n"])
    frame = pd.read_parquet(out) if ending == ".parquet" else pd.read_csv(out, sep=None, engine="python")
    assert frame.astype(object).where(frame.notna(), None).to_dict("list") == {
        "text": ["a", "b"],
        "label": ["x", None],
        "n": [1, None],
        **ENDING,
    }
    assert {each.name for each in tmp_path.iterdir()} == {path.name, out.name}


def test_a_column_whose_type_changes_late_is_text_in_a_parquet_file(tmp_path: Path) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "out.parquet"
    path.write_text("text\n" + "a\n" * 1_500, encoding="utf-8")
    results = [
        RowResult(n, data={"n": n if n < 1_200 else f"n{n}", "late": None if n < 1_100 else n})
        for n in range(1_500)
    ]
    write_output(open_rows(path, ["text"]), lambda: iter(results), out, ["n", "late"])
    frame = pd.read_parquet(out)
    assert (frame.n[3], frame.n[1_300], frame.late[1_400]) == ("3", "n1300", "1400")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_a_formula_of_the_model_is_text_in_a_csv_file(tmp_path: Path, text: str) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    path.write_text("text\n=A1\n", encoding="utf-8")
    write_output(open_rows(path, ["text"]), lambda: iter([RowResult(0, text, text)]), out, ["reply"])
    frame = pd.read_csv(out)
    assert (frame.text[0], frame.reply[0]) == ("=A1", f"'{text}")


def test_the_input_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text\na\n", encoding="utf-8")
    with pytest.raises(BadOption):
        write_output(open_rows(path, ["text"]), lambda: iter(RESULTS), tmp_path / "." / "rows.csv", ["reply"])
    assert path.read_text(encoding="utf-8") == "text\na\n"


def test_a_folder_that_cannot_be_written_is_an_error_that_says_where_the_results_are(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text\na\n", encoding="utf-8")
    with pytest.raises(BadOption) as caught:
        write_output(open_rows(path, ["text"]), lambda: iter(RESULTS), tmp_path / "no" / "out.csv", ["reply"])
    assert caught.value.hint == "The results are saved. Choose another file, and run the cell again."
