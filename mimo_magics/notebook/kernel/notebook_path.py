"""The path of the notebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.working_folder import absolute_path, find_working_folder

ENV_VARIABLE = "JPY_SESSION_NAME"
"""The variable in which Jupyter Server passes the path of the notebook to the kernel."""
VS_CODE_VARIABLE = "__vsc_ipynb_file__"
"""The variable in the user namespace in which VS Code stores the path."""


def was_started_for_notebook() -> bool:
    """Return whether Jupyter Server started this kernel for a notebook."""
    return os.environ.get(ENV_VARIABLE, "").endswith(".ipynb")


def find_notebook(shell: Any, configured_path: str | None) -> Path | None:
    """Return the path of the notebook, if it is known.

    The path is relative to the working folder, because errors quote it and are saved in notebooks.

    Args:
        shell: The IPython shell of the kernel.
        configured_path: The path from the settings, for front ends that report none.
    """
    for path_text in (configured_path, shell.user_ns.get(VS_CODE_VARIABLE), os.environ.get(ENV_VARIABLE)):
        if isinstance(path_text, str) and path_text.endswith(".ipynb"):
            return _relative_to_working_folder(Path(path_text))
    return None


def _relative_to_working_folder(path: Path) -> Path:
    path, folder = absolute_path(path), find_working_folder()
    return path.relative_to(folder) if folder and path.is_relative_to(folder) else path


def require_notebook_path(path: Path | None) -> Path:
    """Return the path of the notebook.

    Raises:
        BadOption: The path is unknown.
    """
    if path is None:
        raise BadOption(
            Translatable("The front end does not report the path of the notebook."),
            Translatable("Set it: %mimo_config notebook=PATH.ipynb"),
        )
    return path
