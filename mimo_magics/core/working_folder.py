"""The working folder of the process, which may have been deleted. Relative paths then stay relative."""

from __future__ import annotations

from pathlib import Path


def find_working_folder() -> Path | None:
    """Return the working folder, or `None` if it was deleted or is not accessible."""
    try:
        return Path.cwd()
    except OSError:
        return None


def absolute_path(path: Path) -> Path:
    """Return an absolute path, as the working folder may change later."""
    folder = find_working_folder()
    return folder / path if folder else path
