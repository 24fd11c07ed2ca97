"""Where the sessions of a notebook are saved: in files beside it."""

from __future__ import annotations

from glob import escape
from pathlib import Path

from mimo_magics.session.session_names import DEFAULT_SESSION_NAME


def list_session_files(notebook: Path) -> list[Path]:
    """Return the files of a notebook's sessions that are there."""
    return sorted(notebook.parent.glob(f"{escape(notebook.stem)}.*mimo.json"))


def get_session_path(path: Path, session: str) -> Path:
    """Return where a session of a notebook is saved: beside it."""
    return path.with_name(
        ".".join((path.stem, *([] if session == DEFAULT_SESSION_NAME else [session]), "mimo.json"))
    )
