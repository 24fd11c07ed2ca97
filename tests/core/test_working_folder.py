"""The working folder, and relative paths after it was deleted."""

from pathlib import Path

import pytest

from mimo_magics.core.working_folder import absolute_path, find_working_folder


def test_a_path_is_made_absolute_if_there_is_a_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert (find_working_folder(), absolute_path(Path("a.txt"))) == (folder, folder / "a.txt")
    folder.rmdir()
    assert (find_working_folder(), absolute_path(Path("a.txt"))) == (None, Path("a.txt"))
    assert absolute_path(tmp_path / "a.txt") == tmp_path / "a.txt"
