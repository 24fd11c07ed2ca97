"""The default file for the results of rows: beside the notebook, or in the working folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

NotebookProvider = Callable[[], "Path | None"]
"""Returns the path of the notebook; `None` if it is unknown."""
FILE_NAME = "rows.mimo.sqlite"


def _find_no_notebook() -> Path | None:
    return None


_provider: NotebookProvider = _find_no_notebook


def set_notebook_provider(provider: NotebookProvider = _find_no_notebook) -> None:
    """Make a provider the source of the notebook; without an argument, there is none."""
    global _provider  # noqa: PLW0603
    _provider = provider


def get_row_store_path() -> Path:
    """Return the file: `NOTEBOOK.mimo.sqlite`, or `rows.mimo.sqlite` in the working folder."""
    notebook = _provider()
    return notebook.with_name(f"{notebook.stem}.mimo.sqlite") if notebook else Path.cwd() / FILE_NAME
