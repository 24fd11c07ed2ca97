"""Paths of session files."""

from pathlib import Path

from mimo_magics.session.storage.session_paths import get_session_path, list_session_files


def test_sessions_are_saved_beside_the_notebook(tmp_path: Path) -> None:
    path = tmp_path / "my [1].ipynb"
    assert get_session_path(path, "main") == tmp_path / "my [1].mimo.json"
    assert get_session_path(path, "critic") == tmp_path / "my [1].critic.mimo.json"
    for name in ("my [1].mimo.json", "my [1].critic.mimo.json", "my 1.mimo.json", "my [1].json"):
        (tmp_path / name).touch()
    assert [each.name for each in list_session_files(path)] == ["my [1].critic.mimo.json", "my [1].mimo.json"]
