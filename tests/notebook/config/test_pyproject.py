"""The table `[tool.mimo]` of a project: how it is found, and which settings it may contain."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimo_magics.notebook.config.pyproject import ALLOWED_SETTINGS, find_project_settings


def write(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pyproject.toml"
    file.write_text(content, encoding="utf-8")
    return file


def test_the_nearest_file_with_a_table_is_used(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    write(tmp_path, "[tool.mimo]\nmodel = 'far'\n")
    near = write(tmp_path / "a", "[tool.mimo]\nmodel = 'near'\nstop = ['END']\n")
    write(below, "[project]\nname = 'without a table'\n")
    assert find_project_settings(below) == (near, {"model": "near", "stop": ["END"]})


def test_an_empty_table_hides_the_files_above(tmp_path: Path) -> None:
    write(tmp_path, "[tool.mimo]\nmodel = 'far'\n")
    near = write(tmp_path / "a", "[tool.mimo]\n")
    assert find_project_settings(tmp_path / "a") == (near, {})


@pytest.mark.parametrize(
    "content", ["", "no toml [", "[tool]\nmimo = 3", "tool = 3", "[tool.other]\nmimo = {}"]
)
def test_a_file_without_a_readable_table_is_skipped(tmp_path: Path, content: str) -> None:
    file = write(tmp_path, "[tool.mimo]\nmodel = 'above'\n")
    write(tmp_path / "a", content)
    assert find_project_settings(tmp_path / "a") == (file, {"model": "above"})


def test_a_file_that_is_not_utf_8_is_skipped(tmp_path: Path) -> None:
    file = write(tmp_path, "[tool.mimo]\nmodel = 'above'\n")
    write(tmp_path / "a", "").write_bytes(b"[tool.mimo]\nmodel = '\xff'\n")
    assert find_project_settings(tmp_path / "a") == (file, {"model": "above"})


def test_a_project_may_choose_a_model_but_no_endpoint() -> None:
    assert {"model", "temperature", "max_tokens"} <= ALLOWED_SETTINGS
    assert ALLOWED_SETTINGS.isdisjoint(
        {"base_url", "preset", "auth", "system", "param", "local_model", "tape"}
    )
