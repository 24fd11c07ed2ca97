"""Files and web addresses as parts of a prompt, in Python."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

import pytest
from support.media_files import FILES, png, wav

from mimo_magics import Audio, Image, Video
from mimo_magics.context import media_file
from mimo_magics.core.errors import BadOption
from mimo_magics.core.messages import AudioPart, ImagePart, VideoPart

URL = "https://a.example/x"


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def test_a_file_is_a_part_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "plot.txt").write_bytes(png())
    (tmp_path / "bell").write_bytes(wav())
    (tmp_path / "tide.exe").write_bytes(FILES["video/mp4"])
    assert Image.from_file(tmp_path / "plot.txt") == ImagePart(data_url("image/png", png()), "plot.txt")
    assert Audio.from_file(str(tmp_path / "bell")) == AudioPart(data_url("audio/wav", wav()), "bell")
    assert Video.from_file(tmp_path / "tide.exe", fps=0.5, media_resolution="max") == VideoPart(
        data_url("video/mp4", FILES["video/mp4"]), "tide.exe", 0.5, "max"
    )


def test_a_path_may_begin_at_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "a.png").write_bytes(png())
    assert Image.from_file("~/a.png").name == "a.png"


def test_a_web_address_is_a_part() -> None:
    assert Image.from_url(URL) == ImagePart(URL, URL)
    assert Audio.from_url(URL) == AudioPart(URL, URL)
    assert Video.from_url(URL, fps=2) == VideoPart(URL, URL, 2)


def test_a_missing_file_is_an_error_that_names_it() -> None:
    with pytest.raises(BadOption) as error:
        Image.from_file("missing.png")
    assert error.value.lines == (
        "The file 'missing.png' does not exist.",
        "Check the path. A relative path starts in the working folder of the kernel.",
    )


@pytest.mark.parametrize("path", [".", "a\0b", "x" * 5_000])
def test_a_path_that_cannot_be_read_is_an_error(path: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="cannot be read: "):
        Image.from_file(tmp_path / path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_an_endless_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(BadOption, match="it is not a file"):
            Image.from_file(path)


@pytest.mark.parametrize(("read", "limit"), [(Audio.from_file, 37_500_001), (Image.from_file, 200_000_001)])
def test_a_file_that_is_too_large_is_not_read(
    read: object, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(limit)
    monkeypatch.setattr(media_file.Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    assert callable(read)
    with pytest.raises(BadOption, match=r"MB; the API accepts 37\.5 MB of data"):
        read(tmp_path / "large")
