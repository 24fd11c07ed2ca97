"""Where the notebook is, and where its session is saved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words

VARIABLE = "JPY_SESSION_NAME"
"""In which Jupyter's server tells the kernel for which file it was started."""
VS_CODE = "__vsc_ipynb_file__"
"""The variable of the notebook in which VS Code tells it."""


def notebook(shell: Any, named: str | None) -> Path | None:
    """Return the path of the notebook, if it is known: from the working folder on, as errors are saved in notebooks.

    Args:
        shell: that of the kernel.
        named: by the person, where nobody else tells it.
    """
    for told in (named, shell.user_ns.get(VS_CODE), os.environ.get(VARIABLE)):
        if isinstance(told, str) and told.endswith(".ipynb"):
            path = Path(told).absolute()
            return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return None


def needed(path: Path | None) -> Path:
    """Return the path of the notebook.

    Raises:
        BadOption: it is not known.
    """
    if path is None:
        raise BadOption(
            Words("The front end does not tell where the notebook is."),
            Words("%mimo_config notebook=PATH.ipynb says so."),
        )
    return path
