"""The last error of a cell, for a prompt."""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakKeyDictionary

from mimo_magics.core.errors import MimoError

_last_errors: WeakKeyDictionary[Any, Exception] = WeakKeyDictionary()
"""The last error of the user's code, by shell."""


class ErrorRecorder:
    """Remembers the last error of each cell of a shell, because an error of a magic of ours replaces it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def install(self) -> None:
        """Register the callback of the shell."""
        self._shell.events.register("post_run_cell", self._on_post_run_cell)

    def uninstall(self) -> None:
        """Unregister the callback of the shell."""
        self._shell.events.unregister("post_run_cell", self._on_post_run_cell)

    def _on_post_run_cell(self, _: object) -> None:
        find_last_error(self._shell)


def find_last_error(shell: Any) -> Exception | None:
    """Return the last error that was shown to the user; `None` if there was none. Errors of this package do not count."""
    # The variable of the interactive interpreter, which IPython also sets.
    error = getattr(sys, "last_value", None)
    if isinstance(error, Exception) and not isinstance(error, MimoError):
        _last_errors[shell] = error
    return _last_errors.get(shell)
