"""The settings of a project: `[tool.mimo]` of the nearest `pyproject.toml` in or above the notebook's folder.

A cloned repository is not trusted. Its file may choose the model and sampling parameters, but no setting that decides
where a prompt or an API key is sent. Of `share` it may only choose a value that sends less than the user allows.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from mimo_magics.core.settings import Settings, Share

MAX_FILE_BYTES = 1_000_000
"""The limit for the size of the file, because the project is not trusted."""
ALLOWED_SETTINGS = frozenset(setting.name for setting in fields(Settings) if setting.metadata["project"])

SHARES: tuple[Share, ...] = get_args(Share)
"""The values of `share`; the first one sends the least."""


def find_project_settings(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the file and its table; `None` and an empty table if there is no readable one."""
    for each in (folder, *folder.parents):
        file = each / "pyproject.toml"
        table = _read_table(file)
        if isinstance(table, dict):
            return file, table
    return None, {}


def is_less_shared(value: Any, current: Any) -> bool:
    """Return whether a value of `share` sends less than another one."""
    return value in SHARES and SHARES.index(value) < SHARES.index(current)


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
