"""A stranger's project file, or an odd environment, is read within bounds: each bad value is one short line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimo_magics.core.text import INVISIBLE_CHARACTERS
from mimo_magics.notebook.config.pyproject import MAX_FILE_BYTES
from mimo_magics.notebook.config.store import MAX_QUOTE_CHARS, MimoConfig

GOOD = "temperature = 0.5\n"
BAD = {
    "not a number": "top_p = nan",
    "infinite": "top_p = -inf",
    "a truth value": "max_tokens = true",
    "400 digits": f"max_tokens = {'9' * 400}",
    "5,000 digits": f"max_tokens = {'9' * 4_000}",
    "nested": f"stop = {'[' * 90}{']' * 90}",
    "numbers for texts": "stop = [1, 2]",
    "a table for a text": "model = {a = 1}",
    "no name of a service": 'preset = "outside"',
    "a date": "model = 2026-11-30",
    "large": f'api = "{"x" * 100_000}"',
    "unseen": 'api = "\\u202e\\u0007\\u001b]0;title\\u0007"',
    "a large name": f"{'x' * 100_000} = 1",
    "an unseen name": '"\\u202e\\u001b]0;x" = 1',
}


def read(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> MimoConfig:
    (folder / "pyproject.toml").write_text(f"[tool.mimo]\n{GOOD}{text}\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return MimoConfig()


@pytest.mark.parametrize("text", BAD.values(), ids=[*BAD])
def test_an_invalid_value_is_one_short_line_and_the_others_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    config = read(tmp_path, monkeypatch, text)
    (warning,) = config.warnings
    assert config.snapshot().temperature == 0.5
    assert len(warning) <= len(str(tmp_path)) + 2 * MAX_QUOTE_CHARS
    assert INVISIBLE_CHARACTERS.findall(warning) == []


@pytest.mark.parametrize(
    "text",
    ["stop = " + "[" * 100_000, "x" * MAX_FILE_BYTES, "\x00", "temperature = "],
    ids=["deep", "large", "null", "cut"],
)
def test_an_unreadable_file_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    config = read(tmp_path, monkeypatch, text)
    assert (config.warnings, config.snapshot().temperature) == ([], None)


def test_a_folder_with_a_hostile_name_is_printed_safely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a\x1b]0;title\x07\u202eb"
    folder.mkdir()
    (warning,) = read(folder, monkeypatch, "top_p = nan").warnings
    assert INVISIBLE_CHARACTERS.findall(warning) == []


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MIMO_TEMPERATURE", "nan"),
        ("MIMO_TEMPERATURE", "1e999"),
        ("MIMO_MAX_STEPS", "-1"),
        ("MIMO_WINDOW", "0"),
        ("MIMO_TIMEOUT", "-5"),
        ("MIMO_MAX_TOKENS", "9" * 400),
        ("MIMO_PRESET", "outside"),
        ("MIMO_PARAM", "[" * 100_000),
    ],
)
def test_a_hostile_environment_variable_is_printed_safely(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    config = MimoConfig()
    (warning,) = config.warnings
    assert warning.startswith(f"{variable}: {variable.removeprefix('MIMO_').lower()} must be ")
    assert len(warning) < 2 * MAX_QUOTE_CHARS
    config.snapshot()


def test_a_deleted_working_directory_has_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert MimoConfig().warnings == []
