"""CSV and Parquet files as frames, with each library that can read them."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from mimo_magics.context import table_file
from mimo_magics.context.table_file import read_csv, read_parquet
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import ContextPart
from mimo_magics.core.settings import Share

LIBRARIES = ("pandas", "polars", "pyarrow")
"""In the order in which a CSV file tries them."""
ROWS = "port,depth,open\nKeelung,15.5,2024-01-02\n高雄,,2025-06-30\n"


def only(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the libraries that are tried before this one. pandas itself may use pyarrow."""
    for each in LIBRARIES[: LIBRARIES.index(library)] if library in LIBRARIES else LIBRARIES:
        monkeypatch.setitem(sys.modules, each, None)
        monkeypatch.setitem(sys.modules, f"{each}.csv", None)


def csv(path: Path, share: Share = "sample", kind: str = "CSV") -> ContextPart:
    with path.open("rb") as file:
        return read_csv(file, path.name, 4_000, share, kind=kind)


def read_table(path: Path, share: Share = "sample") -> ContextPart:
    with path.open("rb") as file:
        return read_parquet(file, path.name, 4_000, share)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_csv_is_a_frame_of_the_library_that_is_installed(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(library, monkeypatch)
    path = tmp_path / "ports.csv"
    path.write_text(ROWS, encoding="utf-8")
    rendered = csv(path)
    assert rendered.text.startswith("CSV, 2 rows, 3 columns\nColumns:\n- port (string): ")
    assert rendered.text.endswith("Keelung,15.5,2024-01-02\n高雄,,2025-06-30")
    assert rendered.detail == "CSV, 2 x 3, schema and all rows"


def test_a_csv_without_a_library_is_text_but_not_with_share_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("none", monkeypatch)
    path = tmp_path / "ports.csv"
    path.write_text(ROWS, encoding="utf-8")
    assert (csv(path).text, csv(path).detail) == (ROWS, "CSV as text")
    with pytest.raises(BadOption, match="cannot be read without a library for frames"):
        csv(path, "schema")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "row", ["Keelung,15.5", "Keelung,2024-01-02", "Keelung,", "Keelung,TRUE", "Keelung,-1e5"]
)
def test_the_first_row_of_a_file_without_a_header_is_not_sent_as_names(
    library: str, row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(library, monkeypatch)
    path = tmp_path / "ports.csv"
    path.write_text(f"{row}\nTaipei,7\n", encoding="utf-8")
    text = csv(path, "schema").text
    assert text.startswith("CSV, 1 row, 2 columns\nColumns:\n- column 1 (string)\n- column 2 (int64)\n")
    assert "Keelung" in csv(path).text


def test_the_names_of_a_header_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "ports.csv"
    path.write_text(ROWS, encoding="utf-8")
    assert csv(path, "schema").text.startswith(
        "CSV, 2 rows, 3 columns\nColumns:\n- port (string)\n- depth (float64)"
    )


@pytest.mark.parametrize(("separator", "kind"), [(";", "CSV"), ("\t", "CSV"), ("|", "CSV"), ("\t", "TSV")])
def test_the_separator_is_found_in_the_first_line(separator: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "ports.csv"
    path.write_text(ROWS.replace(",", separator), encoding="utf-16")
    assert f"{kind}, 2 rows, 3 columns" in csv(path, kind=kind).text


def test_a_large_csv_is_read_in_part_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "MAX_CSV_BYTES", 50)
    path = tmp_path / "long.csv"
    path.write_text("number\n" + "".join(f"{number}\n" for number in range(1_000)), encoding="utf-8")
    assert csv(path).text.startswith("The first 50 of 3,897 bytes, as a table:\nCSV, 17 rows, 1 column\n")


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_a_parquet_file_is_a_frame(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"port": ["canary"] * 3, "depth": [1, 2, 3]}).to_parquet(path)
    if library == "polars":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert read_table(path, "schema").text == (
        "Parquet, 3 rows, 2 columns\nColumns:\n- port (string)\n- depth (int64)\nValues are not shared."
    )
    assert "canary (3)" in read_table(path).text


def test_a_parquet_file_without_a_library_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1")
    only("none", monkeypatch)
    with pytest.raises(BadOption) as caught:
        read_table(path)
    assert (caught.value.message, caught.value.hint) == (
        "Reading 'a.parquet' requires pyarrow or polars.",
        "Run: %pip install pyarrow",
    )


def test_a_small_file_of_20_million_rows_is_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["x" * 1_000])
    table = pa.table({"text": column})
    with parquet.ParquetWriter(path, table.schema) as writer:
        for _ in range(20):
            writer.write_table(table)
    assert path.stat().st_size < 3_000_000
    rendered = read_table(path)
    assert " of 20,000,000 rows:\n" in rendered.text
    assert rendered.size < 4_000
