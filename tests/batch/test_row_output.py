"""The output of a run: the rows of the input with the columns of the values."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from pyarrow import parquet

from mimo_magics.batch.row_output import (
    build_output,
    check_output_path,
    find_columns,
    name_columns,
    write_output,
)
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


NEW = ["error", "tokens", "usd", "seconds"]
NESTED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab"),
    lambda children: (
        st.lists(children, max_size=2) | st.dictionaries(st.text("ab", min_size=1), children, max_size=2)
    ),
    max_leaves=4,
)
"""Values of JSON."""


def result(place: int, data: Any, error: str = "") -> RowResult:
    return RowResult(place, data, data, str(data), error, Usage(input=3, output=2), 0.25, 1.5)


def build(source: object, data: Sequence[Any], slot: str = "text") -> Any:
    results = [result(place, each) for place, each in enumerate(data)]
    return build_output(open_rows(source, [slot]), results, find_columns(results, ()))


def write_file(source: Path, out: Path, data: Sequence[Any], columns: Sequence[str] = ("reply",)) -> Path:
    results = [result(place, each) for place, each in enumerate(data)]
    write_output(open_rows(source, ["text"]), lambda: iter(results), out, columns)
    return out


def write_lines(path: Path, count: int) -> Path:
    path.write_text("text\n" + "".join(f"row {number}\n" for number in range(count)))
    return path


@given(st.lists(NESTED, min_size=1, max_size=5))
def test_every_row_is_in_the_output_in_order_with_any_values(data: list[Any]) -> None:
    texts = [f"row {number}" for number in range(len(data))]
    for source in (
        pd.DataFrame({"text": texts}),
        pl.DataFrame({"text": texts}),
        pd.Series(texts, name="text"),
    ):
        frame = build(source, data)
        assert type(frame).__module__.startswith(type(source).__module__.partition(".")[0])
        assert list(frame["text"]) == texts
        assert list(frame.columns[-4:]) == NEW
    columns = find_columns([result(0, each) for each in data], ())
    merged = build([{"text": text} for text in texts], data)
    assert [row["text"] for row in merged] == texts
    fields = [each if isinstance(each, dict) else {"reply": each} for each in data]
    assert [[row[name] for name in columns] for row in merged] == [
        [each.get(name) for name in columns] for each in fields
    ]


def test_single_values_have_the_name_of_the_slot_and_rows_of_an_iterator_are_gone() -> None:
    new = {"reply": "x", "error": None, "tokens": 5, "usd": 0.25, "seconds": 1.5}
    assert build(["a"], ["x"]) == [{"text": "a", **new}]
    assert build(["a"], ["x"], "row") == [{"row": "a", **new}]
    assert build(iter(["a"]), ["x"]) == [new]


def test_a_column_with_the_name_of_the_whole_row_stays(tmp_path: Path) -> None:
    assert build([{"text": "a", "row": 7}], ["x"])[0]["row"] == 7
    path = tmp_path / "a.csv"
    path.write_text("row,text\n7,a\n")
    out = write_file(path, tmp_path / "out.csv", ["x"])
    assert out.read_text() == "row,text,reply,error,tokens,usd,seconds\n7,a,x,,5,0.25,1.5\n"


def test_a_name_that_any_row_has_gets_the_suffix_in_all_rows() -> None:
    output = build([{"text": "a"}, {"text": "b", "reply": 1, "error": 2}], ["x", "y"])
    assert [*output[0]] == ["text", "reply_reply", "error_reply", "tokens", "usd", "seconds"]
    assert output[1] == {
        "text": "b", "reply": 1, "error": 2, "reply_reply": "y", "error_reply": None, "tokens": 5, "usd": 0.25,
        "seconds": 1.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "pandas_dtype", "polars_dtype"),
    [
        (["a", None], "string", pl.String),
        ([1, None], "Int64", pl.Int64),
        ([1.0, 2.0], "Float64", pl.Float64),
        ([1, 2.5], "Float64", pl.Float64),
        ([True, None], "boolean", pl.Boolean),
        ([True, 1], "object", pl.Object),
        (["a", 1], "object", pl.Object),
        ([1, 2**63], "object", pl.Object),
        ([1.5, 10**400], "object", pl.Object),
        ([[1], None], "object", pl.List(pl.Int64)),
        ([None, None], "object", pl.Null),
    ],
    ids=str,
)
def test_a_column_has_the_type_that_fits_all_values(
    data: list[Any], pandas_dtype: str, polars_dtype: Any
) -> None:
    in_pandas, in_polars = build(pd.Series(["a", "b"]), data), build(pl.Series(["a", "b"]), data)
    assert [str(in_pandas[name].dtype) for name in ("reply", *NEW)] == [
        pandas_dtype, "string", "Int64", "Float64", "Float64",
    ]  # fmt: skip
    assert [in_polars[name].dtype for name in ("reply", *NEW)] == [
        polars_dtype, pl.String, pl.Int64, pl.Float64, pl.Float64,
    ]  # fmt: skip
    assert in_polars["reply"].to_list() == data
    assert in_pandas["reply"].astype(object).where(in_pandas["reply"].notna(), None).tolist() == data


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ([{"a": 1}], [{"b": 2}], [{"a": None, "b": 2}]),
        ([1], [2.5], [2.5]),
        ([True], [{}], [{}]),
    ],
)
def test_polars_keeps_fields_and_decimals_that_only_late_rows_have(
    first: Any, last: Any, expected: Any
) -> None:
    frame = build(pl.DataFrame({"text": ["a"] * 300}), [*[first] * 299, last])
    assert frame["reply"].to_list()[-1] == expected


@pytest.mark.parametrize(
    "index",
    [pd.Index([7, 7]), pd.MultiIndex.from_tuples([(1, 2), (1, None)]), pd.date_range("2026", periods=2)],
)
def test_a_pandas_frame_keeps_any_index_and_the_types_of_its_columns(index: pd.Index) -> None:
    frame = pd.DataFrame({0: ["a", "b"], "stars": pd.Categorical([1, 2])}, index=index)
    output = build(frame, ["x", "y"], "0")
    pd.testing.assert_frame_equal(output[[0, "stars"]], frame)
    assert output["reply"].tolist() == ["x", "y"]


def test_a_series_without_a_name_is_the_column_value() -> None:
    assert (
        [*build(pd.Series(["a"]), ["x"])]
        == [*build(pl.Series(["a"]), ["x"]).columns]
        == ["value", "reply", *NEW]
    )
    assert [*build(pd.Series(["a"], name="reply"), ["x"])] == ["reply", "reply_reply", *NEW]
    assert build(pl.Series("reply", ["a"]), ["x"]).columns == ["reply", "reply_reply", *NEW]


def test_an_unknown_price_is_missing() -> None:
    unknown = [RowResult(0, "x", "x", usd=None)]
    for source in (pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]})):
        (usd,) = build_output(open_rows(source, ["a"]), unknown, ("reply",))["usd"]
        assert usd is None or usd is pd.NA


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
@pytest.mark.parametrize("input_ending", ["csv", "parquet"])
def test_a_file_gives_a_file_in_the_format_of_its_ending(
    ending: str, input_ending: str, tmp_path: Path
) -> None:
    source = tmp_path / f"in.{input_ending}"
    if input_ending == "csv":
        write_lines(source, 2_500)
    else:
        pl.DataFrame({"text": [f"row {number}" for number in range(2_500)]}).write_parquet(source)
    out = write_file(source, tmp_path / f"out.{ending}", range(2_500))
    rows = [*open_rows(out, ["text"]).iter_rows()]
    assert [(row["text"], int(row["reply"])) for row in rows] == [
        (f"row {place}", place) for place in range(2_500)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, out.name])


def test_nested_values_are_json_in_a_file(tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    nested = pa.array([[{"day": datetime(2026, 1, 2)}]])  # noqa: DTZ001  a file has such dates
    parquet.write_table(pa.table({"text": ["a"], "days": nested}), source)
    expected = ('[{"day": "2026-01-02 00:00:00"}]', '{"港": [1]}')
    for ending in ("csv", "parquet"):
        out = write_file(source, tmp_path / f"out.{ending}", [{"港": {"港": [1]}}], ("港",))
        (row,) = open_rows(out, ["text"]).iter_rows()
        assert (row["days"], row["港"]) == expected


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_only_texts_of_the_model_that_begin_like_a_formula_get_an_apostrophe(
    start: str, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    text = f"{start}1+1"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "=mine"], [text, text]])
    columns = (text, "number")
    results = [RowResult(0, None, {text: text, "number": -1}, error="")]
    write_output(open_rows(source, ["text"]), lambda: iter(results), tmp_path / "out.csv", columns)
    with (tmp_path / "out.csv").open(newline="") as file:
        names, cells = csv.reader(file)
    assert names == ["text", "=mine", f"'{text}", "number", *NEW]
    assert cells[:4] == [text, text, f"'{text}", "-1"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([1, 2.5], [1.0, 2.5]),
        ([10**30, 1], [str(10**30), "1"]),
        (["a", 1], ["a", "1"]),
        ([None, None], [None, None]),
        ([*[1] * 1_000, 1.5], [*["1"] * 1_000, "1.5"]),
        ([*[None] * 1_000, "late"], [*[None] * 1_000, "late"]),
        ([*[True] * 1_000, 2], [*["True"] * 1_000, "2"]),
        ([*[1] * 1_000, "01"], [*["1"] * 1_000, "01"]),
        ([*[1.5] * 1_000, 2], [*[1.5] * 1_000, 2.0]),
        ([*[1] * 1_000, None], [*[1] * 1_000, None]),
    ],
    ids=[
        "numbers",
        "large",
        "mixed",
        "none",
        "late decimals",
        "late text",
        "late number",
        "late digits",
        "late integer",
        "late none",
    ],
)
def test_a_parquet_column_of_several_types_is_text(
    data: list[Any], expected: list[Any], tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.csv", len(data))
    out = write_file(source, tmp_path / "out.parquet", data)
    assert parquet.read_table(out)["reply"].to_pylist() == expected


def test_the_output_replaces_a_file_only_when_it_is_complete(tmp_path: Path) -> None:
    source, out = write_lines(tmp_path / "in.csv", 2), tmp_path / "out.csv"
    out.write_text("old")

    def fail() -> Any:
        yield result(0, "x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_output(open_rows(source, ["text"]), fail, out, ["reply"])
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
    write_file(source, out, ["x", "y"])
    assert out.read_text().splitlines()[1:] == ["row 0,x,,5,0.25,1.5", "row 1,y,,5,0.25,1.5"]


@pytest.mark.parametrize(
    "make_link", [os.link, os.symlink, None], ids=["hard link", "symbolic link", "itself"]
)
def test_the_output_never_replaces_the_input(
    make_link: Callable[[Path, Path], None] | None, tmp_path: Path
) -> None:
    source, out = write_lines(tmp_path / "in.csv", 1), tmp_path / "out.csv"
    if make_link:
        make_link(source, out)
    else:
        out = tmp_path / ".." / tmp_path.name / "in.csv"
    with pytest.raises(BadOption) as caught:
        write_file(source, out, ["x"])
    assert caught.value.lines == ("The output would replace the input.", "Choose another file with --out.")
    assert source.read_text() == "text\nrow 0\n"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("out.txt", ("The output cannot be a '.txt' file.", "Use a file that ends in .csv, .tsv, .parquet.")),
        ("out", ("The output cannot be a '' file.", "Use a file that ends in .csv, .tsv, .parquet.")),
        ("none/out.csv", ("The folder of the output does not exist.", "Choose another file with --out.")),
    ],
)
def test_an_output_that_cannot_be_written_is_an_error_before_the_run(
    name: str, lines: tuple[str, str], tmp_path: Path
) -> None:
    with pytest.raises(BadOption) as caught:
        check_output_path(write_lines(tmp_path / "in.csv", 1), tmp_path / name)
    assert caught.value.lines == lines
