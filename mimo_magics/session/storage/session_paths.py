"""The paths of the session files of a notebook."""

from __future__ import annotations

from glob import escape
from pathlib import Path

from mimo_magics.session.session_names import DEFAULT_SESSION_NAME


def list_session_files(notebook: Path) -> list[Path]:
    """Return the existing session files of a notebook."""
    return sorted(notebook.parent.glob(f"{escape(notebook.stem)}.*mimo.json"))


def get_session_path(path: Path, session: str) -> Path:
    """Return the path of a session file, which is in the folder of its notebook."""
    return path.with_name(
        ".".join((path.stem, *([] if session == DEFAULT_SESSION_NAME else [session]), "mimo.json"))
    )
