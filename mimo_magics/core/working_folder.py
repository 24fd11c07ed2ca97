"""The working folder, which may be gone: then there is none, and relative paths stay as they are."""

from __future__ import annotations

from pathlib import Path


def find_working_folder() -> Path | None:
    """Return the working folder; `None` where it was deleted, or may not be looked up."""
    try:
        return Path.cwd()
    except OSError:
        return None


def absolute_path(path: Path) -> Path:
    """Return a path from the working folder on, as that may be changed later."""
    folder = find_working_folder()
    return folder / path if folder else path
