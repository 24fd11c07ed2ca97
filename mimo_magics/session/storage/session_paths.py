"""Where the sessions of a notebook are saved: in files beside it."""

from __future__ import annotations

from glob import escape
from pathlib import Path

from mimo_magics.session.session_names import MAIN


def files(notebook: Path) -> list[Path]:
    """Return the files of a notebook's sessions that are there."""
    return sorted(notebook.parent.glob(f"{escape(notebook.stem)}.*mimo.json"))


def session_file(path: Path, session: str) -> Path:
    """Return where a session of a notebook is saved: beside it."""
    return path.with_name(".".join((path.stem, *([] if session == MAIN else [session]), "mimo.json")))
