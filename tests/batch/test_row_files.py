"""Files of rows: encodings, separators, what is not a file of rows, and memory."""

from __future__ import annotations

import codecs
import os
import sys
import tracemalloc
from collections import deque
from pathlib import Path

import polars as pl
import pytest

from mimo_magics.batch.row_files import open_row_file
from mimo_magics.batch.row_output import write_output
from mimo_magics.batch.row_result import RowResult
from mimo_magics.batch.rows import Row, open_rows
from mimo_magics.core.errors import BadOption

PORTS = "港口,說明\n高雄,台灣最大的國際商港，位於南部，吞吐量居全國之冠。\n基隆,北部的重要港口，與台北相鄰，多雨的城市。\n"
ROWS = [
    {"港口": "高雄", "說明": "台灣最大的國際商港，位於南部，吞吐量居全國之冠。"},
    {"港口": "基隆", "說明": "北部的重要港口，與台北相鄰，多雨的城市。"},
]
MAX_PEAK_BYTES = 8_000_000
"""Far below the 200,000 rows of the test, which take more than 100 MB as dicts."""


def read(path: Path) -> list[Row]:
    return [*open_row_file(path).iter_rows()]


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def error_of(path: Path) -> tuple[str, str]:
    with pytest.raises(BadOption) as caught:
        read(path)
    fact, advice = caught.value.lines
    return fact.replace(str(path), path.name), advice


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "big5", "gb18030"])
def test_a_csv_file_is_read_in_its_encoding(encoding: str, tmp_path: Path) -> None:
    assert read(write(tmp_path / "ports.csv", PORTS.encode(encoding))) == ROWS


def test_utf_16_without_a_mark_is_recognized(tmp_path: Path) -> None:
    text = "port,depth\n" + "Keelung,15\n" * 20
    assert read(write(tmp_path / "a.csv", text.encode("utf-16-le")))[-1] == {"port": "Keelung", "depth": "15"}


def test_a_character_at_the_end_of_the_sample_is_read_whole(tmp_path: Path) -> None:
    lines = ["名稱", *["港口" * 20] * 1_000]
    rows = read(write(tmp_path / "a.csv", "\n".join(lines)))
    assert {row["名稱"] for row in rows} == {"港口" * 20}
    assert len(rows) == 1_000


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_first_line_decides_on_the_separator(separator: str, tmp_path: Path) -> None:
    data = f"a{separator}b\r\n1{separator}2\r\n"
    assert read(write(tmp_path / "a.csv", data)) == [{"a": "1", "b": "2"}]


def test_missing_fields_are_none_and_fields_without_a_column_are_left_out(tmp_path: Path) -> None:
    data = 'a,b\n1\n\n1,2,3\n,"x, ""y""\nz"\n'
    assert read(write(tmp_path / "a.csv", data)) == [
        {"a": "1", "b": None},
        {"a": "1", "b": "2"},
        {"a": None, "b": 'x, "y"\nz'},
    ]


def test_a_column_without_a_name_gets_a_number(tmp_path: Path) -> None:
    data = "a,,\n1,2,3\n"
    assert read(write(tmp_path / "a.csv", data)) == [{"a": "1", "column 2": "2", "column 3": "3"}]


@pytest.mark.parametrize("data", ["", "a,b\n", "\n", codecs.BOM_UTF8 + b"a\n"], ids=repr)
def test_a_file_without_rows_is_an_error(data: str | bytes, tmp_path: Path) -> None:
    assert error_of(write(tmp_path / "a.csv", data)) == (
        "There are no rows in a.csv.",
        "",
    )


def test_a_parquet_file_without_rows_is_an_error(tmp_path: Path) -> None:
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "a.parquet")
    assert error_of(tmp_path / "a.parquet") == ("There are no rows in a.parquet.", "")


def test_data_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", bytes(range(256)) * 50)
    assert error_of(path) == ("The file a.csv cannot be read: it is not text.", "")


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    (tmp_path / "b.csv").mkdir()
    assert error_of(tmp_path / "a.csv") == ("The file a.csv cannot be read: No such file or directory.", "")
    assert (
        error_of(tmp_path / "a.parquet")[0] == "The file a.parquet cannot be read: No such file or directory."
    )
    assert error_of(tmp_path / "b.csv")[0] == "The file b.csv cannot be read: Is a directory."


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_pipe_does_not_block(ending: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"a.{ending}")
    fact, _ = error_of(tmp_path / f"a.{ending}")
    assert fact == f"The file a.{ending} cannot be read: not a regular file."


def test_a_damaged_parquet_file_is_an_error(tmp_path: Path) -> None:
    assert error_of(write(tmp_path / "a.parquet", b"PAR1" * 5))[0].startswith(
        "The file a.parquet cannot be read: "
    )


def test_a_field_above_the_limit_of_the_csv_module_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'a\nfirst\n"' + "x\n" * 100_000)
    assert error_of(path) == (
        "The file a.csv cannot be read: field larger than field limit (131072).",
        "Check its quotes. To allow longer fields: import csv; csv.field_size_limit(10_000_000)",
    )


def test_a_parquet_file_without_pyarrow_is_read_by_polars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a[1].parquet"
    pl.DataFrame({"a": range(2_500)}).write_parquet(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert open_row_file(path).count == 2_500
    assert read(path) == [{"a": number} for number in range(2_500)]
    write(path, b"PAR1" * 5)
    assert error_of(path)[0].startswith("The file a[1].parquet cannot be read: ")


def test_a_parquet_file_without_a_library_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    assert error_of(path) == ("Reading 'a.parquet' requires pyarrow or polars.", "Run: %pip install pyarrow")


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("number,text\n")
        file.writelines(f"{number},{'x' * 100}\n" for number in range(200_000))
    source = open_rows(path, ["text"])
    results = (RowResult(place, "yes", "yes") for place in range(200_000))
    tracemalloc.start()
    try:
        write_output(source, lambda: results, out, ["reply"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_PEAK_BYTES
    (last,) = deque(open_row_file(out).iter_rows(), maxlen=1)
    assert (last["number"], last["reply"]) == ("199999", "yes")
