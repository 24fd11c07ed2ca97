from __future__ import annotations

from pathlib import Path

import pytest

from mimo_magics.context import file_process
from mimo_magics.context.file_process import read_in_process
from mimo_magics.core import i18n
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import translate


def read(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return read_in_process(file, path.name, kind, 4_000, "sample").text


def test_a_file_is_read_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "a b.html"
    path.write_text("<p>潮 tide", encoding="utf-8")
    assert read(path, "HTML") == "潮 tide"


@pytest.mark.parametrize("kind", ["PDF", "Word document", "Parquet", "notebook"])
def test_a_damaged_file_is_an_error_in_two_lines(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "-m {x}"
    path.write_bytes(b"PK\3\4 damaged {}")
    with pytest.raises(BadOption, match=f"^'-m {{x}}' cannot be read as {kind}: ") as caught:
        read(path, kind)
    assert caught.value.hint == "Check the file. Its name decides how it is read."


def test_a_file_that_takes_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.html"
    path.write_text("x", encoding="utf-8")
    monkeypatch.setattr(file_process, "MAX_SECONDS", 0.001)
    with pytest.raises(BadOption, match=r"^Reading 'a.html' took more than 0 seconds\.$"):
        read(path, "HTML")


def test_a_process_that_ends_without_a_result_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.html"
    path.write_text("x", encoding="utf-8")
    monkeypatch.setenv("PYTHONMALLOC", "no such allocator")
    with pytest.raises(BadOption, match="it needs too much memory, or is damaged"):
        read(path, "HTML")


def test_a_message_of_the_process_is_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"")
    with pytest.raises(BadOption) as caught:
        read(path, "PDF")
    monkeypatch.setattr(i18n.Translatable, "language", "zh-TW")
    assert translate(caught.value.message).startswith("無法把 'a.pdf' 讀成 PDF")
