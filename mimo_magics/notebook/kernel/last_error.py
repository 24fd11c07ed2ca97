"""The last error of a cell, for a prompt."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from mimo_magics.core.errors import MimoError
from mimo_magics.notebook.kernel.magic_cell import is_own_cell


@dataclass(frozen=True, slots=True)
class LastError:
    """An error that was shown to the user."""

    error: BaseException
    traceback: TracebackType | None
    """Its traceback then: an error that is raised again has another one."""
    cell: int | None
    """The number of the cell that failed; `None` if it failed before the extension was loaded."""


_last_errors: WeakKeyDictionary[Any, LastError] = WeakKeyDictionary()
"""The last error of the user's code, by shell."""


class ErrorRecorder:
    """Remembers the last error of each cell of a shell, because an error of a magic of ours replaces it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def install(self) -> None:
        """Register the callback of the shell."""
        _record(self._shell, None)
        self._shell.events.register("post_run_cell", self._on_post_run_cell)

    def uninstall(self) -> None:
        """Unregister the callback of the shell."""
        self._shell.events.unregister("post_run_cell", self._on_post_run_cell)

    def _on_post_run_cell(self, _: object) -> None:
        # A cell within a cell, such as the body of %%capture, is not in this history.
        number = len(self._shell.history_manager.input_hist_raw) - 1
        _record(self._shell, number or None)


def find_last_error(shell: Any) -> BaseException | None:
    """Return the last error that was shown to the user; `None` if there was none. Errors of this package do not count."""
    last = locate_last_error(shell)
    return last.error if last else None


def locate_last_error(shell: Any) -> LastError | None:
    """Return the last error that was shown to the user, with its cell; `None` if there was none."""
    _record(shell, None)
    return _last_errors.get(shell)


def _record(shell: Any, number: int | None) -> None:
    """Remember the last error if it is new.

    Args:
        shell: the shell.
        number: number of the cell that has just run, if it is known.
    """
    # The variable of the interactive interpreter, which IPython also sets.
    error = getattr(sys, "last_value", None)
    if not isinstance(error, BaseException) or isinstance(error, MimoError):
        return
    last = _last_errors.get(shell)
    if last and last.error is error and last.traceback is error.__traceback__:
        return
    # An interrupt stops a prompt, or code that never ends. Only the code is for the user to correct.
    if isinstance(error, Exception) or (number and not is_own_cell(_read_source(shell, number))):
        _last_errors[shell] = LastError(error, error.__traceback__, number)


def _read_source(shell: Any, number: int) -> str:
    return str(shell.history_manager.input_hist_raw[number])
