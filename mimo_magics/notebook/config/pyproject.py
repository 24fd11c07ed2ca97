"""A project's own settings: `[tool.mimo]` of the nearest `pyproject.toml` in or above the notebook's folder.

A cloned repository is a stranger's: it may choose the model and how words are sampled, and nothing that says
where a prompt or a key goes.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mimo_magics.core.settings import Settings

MAX_FILE_BYTES = 1_000_000
"""A larger file is not read: it is a stranger's."""
ALLOWED_SETTINGS = frozenset(setting.name for setting in fields(Settings) if setting.metadata["project"])


def find_project_settings(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the file and its table; nothing where there is none, or none that can be read."""
    for each in (folder, *folder.parents):
        file = each / "pyproject.toml"
        table = _read_table(file)
        if isinstance(table, dict):
            return file, table
    return None, {}


def _read_table(file: Path) -> Any:
    if not file.is_file():
        return None
    import tomllib

    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            return None
        return tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("mimo")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
