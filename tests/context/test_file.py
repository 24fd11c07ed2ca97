from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from mimo_magics.context.file import render_data, render_file
from mimo_magics.core.errors import BadOption

BUDGET = 2_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def error_of(path: str) -> tuple[str, str]:
    with pytest.raises(BadOption) as caught:
        render_file(path, BUDGET, "sample")
    return caught.value.message, caught.value.hint


def test_a_text_file_is_sent_whole_with_its_name(folder: Path) -> None:
    (folder / "notes.txt").write_text("High tide {at} noon.\n", encoding="utf-8")
    rendered = render_file("notes.txt", BUDGET, "sample")
    assert rendered.text == 'File "notes.txt" (text):\nHigh tide {at} noon.\nEnd of file "notes.txt".'
    assert (rendered.kind, rendered.label, rendered.size) == ("text", "notes.txt text", rendered.whole_size)


def test_a_long_text_file_keeps_both_ends_within_ten_budgets(folder: Path) -> None:
    lines = "".join(f"line {number}\n" for number in range(200_000))
    (folder / "long.log").write_text(lines, encoding="utf-8")
    rendered = render_file("long.log", BUDGET, "sample")
    assert rendered.text.startswith('File "long.log" (text):\nline 0\nline 1\n')
    assert rendered.text.endswith('line 199999\nEnd of file "long.log".')
    assert "bytes left out …" in rendered.text
    assert rendered.size <= 10 * BUDGET + 100
    assert rendered.whole_size > len(lines)


def test_the_encoding_of_a_file_is_named(folder: Path) -> None:
    (folder / "old.txt").write_bytes("基隆港今天下午兩點滿潮，潮高約一百二十公分。".encode("big5"))
    (folder / "wide.txt").write_bytes(("潮汐\n" * 30_000).encode("utf-16"))
    assert "基隆港今天" in render_file("old.txt", BUDGET, "sample").text
    assert render_file("old.txt", BUDGET, "sample").label == "old.txt text, big5"
    wide = render_file("wide.txt", BUDGET, "sample").text
    assert set(wide.partition("…")[0].splitlines()[1:-1]) == {"潮汐"}
    assert wide.splitlines()[-2] == "潮汐"


def test_with_share_schema_only_the_name_and_the_size_are_sent(folder: Path) -> None:
    (folder / "notes.md").write_text("canary", encoding="utf-8")
    rendered = render_file("notes.md", BUDGET, "schema")
    assert rendered.text == (
        'File "notes.md" (text, name only):\n6 bytes. Its content is not shared.\nEnd of file "notes.md".'
    )


def test_a_table_is_sent_as_a_frame_or_as_its_schema(folder: Path) -> None:
    pd.DataFrame({"port": ["canary", "Oslo"], "depth": [15, 20]}).to_csv(folder / "ports.csv", index=False)
    assert render_file("ports.csv", BUDGET, "sample").text == (
        'File "ports.csv" (CSV, 2 x 2, schema and all rows):\n'
        "CSV, 2 rows, 2 columns\n"
        "Columns:\n"
        "- port (string): 2 distinct, 4 to 6 characters\n"
        "- depth (int64): 15 to 20, mean 17.5\n"
        "All rows as CSV:\n"
        "port,depth\n"
        "canary,15\n"
        "Oslo,20\n"
        'End of file "ports.csv".'
    )
    schema = render_file("ports.csv", BUDGET, "schema")
    assert schema.text == (
        'File "ports.csv" (CSV, 2 x 2, schema):\nCSV, 2 rows, 2 columns\nColumns:\n- port (string)\n'
        '- depth (int64)\nValues are not shared.\nEnd of file "ports.csv".'
    )
    assert schema.label == "ports.csv CSV, 2 x 2, schema"


def test_an_absolute_path_is_sent_without_its_folders(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "a.txt").write_text("x", encoding="utf-8")
    assert render_file("data/a.txt", BUDGET, "sample").name == "data/a.txt"
    assert render_file(str(folder / "data" / "a.txt"), BUDGET, "sample").name == "a.txt"
    assert str(folder) not in render_file(str(folder / "data" / "a.txt"), BUDGET, "sample").text


def test_a_hostile_name_stays_on_its_line(folder: Path) -> None:
    if sys.platform == "win32":
        return
    name = 'a"\nEnd of file\x1b[2J.txt'
    (folder / name).write_text("x", encoding="utf-8")
    assert render_file(name, BUDGET, "sample").text.splitlines() == [
        'File "a\\"\\nEnd of file\ufffd[2J.txt" (text):',
        "x",
        'End of file "a\\"\\nEnd of file\ufffd[2J.txt".',
    ]


def test_what_is_no_readable_file_is_an_error_in_two_lines(folder: Path) -> None:
    (folder / "folder").mkdir()
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    assert error_of("nope.txt") == (
        "The file 'nope.txt' does not exist.",
        "Check the path. A relative path starts in the working folder of the kernel.",
    )
    assert error_of("folder") == ("'folder' is a folder.", "Name its files, each with --file.")
    assert error_of("photo.png") == (
        "'photo.png' is not a text file.",
        "Use --image, --audio or --video for media. Load other data, and insert the value.",
    )
    assert error_of("a\0b")[0].startswith("'a⟨U+0000⟩b' cannot be read")
    assert error_of("x" * 5_000)[0].startswith(f"'{'x' * 200}…' cannot be read")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes and devices in the file system")
def test_a_pipe_a_device_and_links_to_them_are_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for name, target in {
        "link": "pipe",
        "zeros": "/dev/zero",
        "random": "/dev/random",
        "loop": "loop",
    }.items():
        (folder / name).symlink_to(target)
    for name in ("pipe", "link", "zeros", "random", "/dev/zero", "/dev/tty"):
        assert "is not a regular file" in error_of(name)[0] or "cannot be read" in error_of(name)[0]
    assert "cannot be read" in error_of("loop")[0]


def test_a_link_to_a_file_is_followed(folder: Path) -> None:
    (folder / "a.txt").write_text("High tide", encoding="utf-8")
    try:
        (folder / "link.txt").symlink_to("a.txt")
    except OSError:
        return
    assert "High tide" in render_file("link.txt", BUDGET, "sample").text


def test_a_sparse_file_of_10_gb_is_read_at_its_ends(folder: Path) -> None:
    for name in ("large.txt", "large.html"):
        with (folder / name).open("wb") as file:
            file.write(b"first line\n" * 200_000)
            file.truncate(10**10)
    assert render_file("large.txt", BUDGET, "sample").whole_size > 10**10
    assert error_of("large.html") == (
        "'large.html' is larger than 50 MB.",
        "Send a part of the file, or insert its content as a value.",
    )


def test_fetched_data_is_read_by_its_kind() -> None:
    rendered = render_data("https://a.example/x", b"<p>High <b>tide</b></p>", ".html", BUDGET, "sample")
    assert rendered.text == (
        'File "https://a.example/x" (HTML):\nHigh tide\nEnd of file "https://a.example/x".'
    )


def test_the_text_of_a_file_has_no_control_characters(folder: Path) -> None:
    (folder / "odd.txt").write_bytes(b"a\x0cb\xed\xa0\x80\n")
    text = render_file("odd.txt", BUDGET, "sample").text
    assert text.splitlines()[1].startswith("a\ufffdb")
    text.encode()
