"""Frames within a budget, with any number of rows, and with values that cannot be read."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from mimo_magics.context import frame as frame_module
from mimo_magics.context.frame import MAX_READ_ROWS
from mimo_magics.context.value import render_value, summarize
from mimo_magics.core.settings import Share

BIG = 1_000_000


def sample(value: Any, budget: int = 20_000, share: Share = "sample") -> str:
    return summarize(value, budget, share).text


def test_the_label_names_what_was_sent() -> None:
    frame = pd.DataFrame({"a": range(41_233), "b": "x"})
    labels = {share: render_value("df", frame, 20_000, share).label for share in ("schema", "sample")}
    assert labels == {"schema": "df 41,233 x 2, schema", "sample": "df 41,233 x 2, schema and 5 rows"}
    rendered = render_value("df", frame, 20_000, "full")
    assert rendered.size <= 20_000 < rendered.whole_size
    assert 250_000 < rendered.whole_size < 350_000


@pytest.mark.parametrize(
    "build",
    [
        lambda: pd.DataFrame({"a": np.arange(BIG), "b": np.arange(BIG) / 2}),
        lambda: pd.Series(np.arange(BIG)),
        lambda: pd.Index(np.arange(BIG) / 2),
        lambda: pl.DataFrame({"a": np.arange(BIG), "b": np.arange(BIG) / 2}),
        lambda: pl.Series(np.arange(BIG)),
        lambda: pa.table({"a": np.arange(BIG), "b": np.arange(BIG) / 2}),
        lambda: np.arange(BIG),
        lambda: np.zeros((100, 100, 100)),
    ],
)
def test_the_memory_does_not_depend_on_the_rows(build: Any) -> None:
    value = build()
    sample(value)
    tracemalloc.start()
    try:
        assert len(sample(value)) < 2_000
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


def test_the_values_of_a_large_frame_are_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    original = frame_module.Column.read

    def record(self: Any, positions: Any) -> Any:
        read.append(len(positions))
        return original(self, positions)

    monkeypatch.setattr(frame_module.Column, "read", record)
    text = sample(pl.DataFrame({"a": np.arange(BIG)}))
    assert f"(statistics of a sample of {MAX_READ_ROWS:,} rows)" in text
    assert sum(read) <= MAX_READ_ROWS + 100


def test_long_texts_are_read_in_fewer_rows() -> None:
    text = sample(pd.DataFrame({"a": ["x" * 100_000] * 500}))
    assert "(statistics of a sample of 200 rows)" in text
    assert len(text) < 1_500


def test_a_wide_frame_lists_the_names_of_its_other_columns() -> None:
    text = sample(pd.DataFrame(np.zeros((3, 1_700))))
    assert "3 rows, 1,700 columns" in text
    assert "- 1,650 more columns: 50, 51, 52" in text
    assert "248, 249, …" in text


def test_columns_of_one_name_are_all_described() -> None:
    frame = pd.DataFrame([[1, "x"]], columns=["a", "a"])
    assert "- a (int64): 1 (1)\n- a (string): x (1)\n" in sample(frame)


def test_periods_and_intervals_are_shown_by_their_text() -> None:
    frame = pd.DataFrame({"month": [pd.Period("2026-01")], "depth": [pd.Interval(1, 2)]})
    assert summarize(frame, 20_000, "sample").text.endswith('month,depth\n2026-01,"(1, 2]"')


def test_a_column_without_a_name_has_one_in_the_text() -> None:
    frame = pd.DataFrame([[1, 2]], columns=pd.Index([None, ("a", None)], tupleize_cols=False))
    assert "\n- null (int64)\n- a / null (int64)\n" in summarize(frame, 20_000, "schema").text


def test_names_of_columns_with_several_levels_are_joined() -> None:
    frame = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b, c")]))
    assert '- a / "b, c" (int64): 1 (1)' in sample(frame)


@pytest.mark.parametrize("build", [pd.DataFrame, pl.DataFrame, lambda: pa.table({})])
def test_an_empty_frame_has_no_rows(build: Any) -> None:
    assert sample(build()).splitlines()[0].endswith("DataFrame, 0 rows, 0 columns") or sample(
        build()
    ).startswith("pyarrow Table, 0 rows, 0 columns")


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": pd.Series([], dtype="int64")}),
        pl.DataFrame({"a": []}, schema={"a": pl.Int64}),
        pa.table({"a": pa.array([], pa.int64())}),
        pa.table({"a": pa.chunked_array([], pa.int64())}),
    ],
)
def test_a_frame_without_rows_has_its_columns(value: Any) -> None:
    assert sample(value).endswith("0 rows, 1 column\nColumns:\n- a (int64)")


def test_a_value_that_cannot_be_compared_or_read_does_not_hide_the_others() -> None:
    class Hostile:  # noqa: PLW1641  it is set below
        def __eq__(self, _: object) -> bool:
            raise ValueError("sk-secret")

        __hash__ = __repr__ = __eq__  # type: ignore[assignment]

    text = sample(pd.DataFrame({"a": [1], "b": [Hostile()], "c": [10**5000]}))
    assert "- a (int64): 1 (1)\n- b (object: Hostile): Hostile 1\n" in text
    assert "sk-secret" not in text
    assert text.endswith("a,b,c\n1,(Hostile),(int)")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("markup", "<script>alert(1)</script>"),
        ("control characters", "a\0b\x1b[31m"),
        ("a lone surrogate", "a\ud83d"),
        ("a line end", "a\r\nb\n"),
        ("a very long word", "x" * 100_000),
        ("a change of direction", "\u202eabc"),
    ],
)
@pytest.mark.parametrize("is_name", [False, True])
def test_hostile_texts_stay_on_their_line(name: str, value: str, is_name: bool) -> None:
    # A column of objects, because arrow strings have no lone surrogates.
    rows, column = ([[1], [2]], value) if is_name else ([[value], ["y"]], "a")
    text = sample(pd.DataFrame(rows, columns=pd.Index([column], dtype=object), dtype=object), 2_000)
    assert text.count("\n") == 3, name
    assert len(text.encode()) <= 2_000
    assert not set(text) & {"\0", "\x1b", "\r", "\ud83d"}


def test_periodic_values_are_sampled_fairly() -> None:
    frame = pl.DataFrame({"hour": [row % 24 for row in range(240_000)]})
    assert "- hour (int64): 0 to 23, mean 11.5" in sample(frame).replace("mean 11.4", "mean 11.5")[:200]


def test_a_type_never_tells_values() -> None:
    frame = pl.DataFrame({"a": pl.Series(["x"], dtype=pl.Enum(["x", "canary"]))})
    assert "canary" not in sample(frame)


def test_a_polars_frame_that_was_not_collected_is_not_read() -> None:
    assert sample(pl.scan_csv("/no/such/file.csv")) == "a polars LazyFrame, which was not collected"


def test_no_library_is_imported_by_arrow_values() -> None:
    code = """
import sys
from array import array
import pyarrow as pa
from mimo_magics.context.value import summarize
buffers = [None, pa.py_buffer(array("q", [1]))]
types = {"a": pa.timestamp("ns"), "b": pa.duration("ns")}
table = pa.Table.from_arrays([pa.Array.from_buffers(type_, 1, buffers) for type_ in types.values()], list(types))
text = summarize(table, 2000, "sample").text
print("pandas" in sys.modules, "not described" in text, text.splitlines()[-1])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False False 1970-01-01T00:00:00,0:00:00\n"


CELLS = (
    st.none()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text()
    | st.booleans()
    | st.binary()
    | st.dates()
)
FRAMES = st.dictionaries(st.text(max_size=20), st.lists(CELLS, min_size=3, max_size=3), max_size=8)


@settings(deadline=None)
@given(FRAMES, st.integers(200, 3_000), st.sampled_from(["schema", "sample", "full"]))
def test_any_frame_fits_into_any_budget(columns: dict[str, list[Any]], budget: int, share: Share) -> None:
    text = sample(pd.DataFrame(columns), budget, share)
    assert len(text.encode()) <= budget
    assert "cannot be shown" not in text
