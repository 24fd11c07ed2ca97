"""The last error of a cell with its traceback, as text for a prompt."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from mimo_magics.core.errors import MimoError

MAX_ERROR_CHARS = 20_000
"""Characters of the text: the beginning and the end of a longer traceback are kept."""


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


@dataclass(frozen=True, slots=True)
class LastError:
    """An error that a cell raised. Its text is the traceback, with the source lines of the cells."""

    error: Exception

    def __str__(self) -> str:
        text = _format_error(self.error)
        if len(text) <= MAX_ERROR_CHARS:
            return text
        half = MAX_ERROR_CHARS // 2
        return f"{text[:half]}\n…\n{text[-half:]}"


def find_last_error(shell: Any) -> LastError | None:
    """Return the last error that was shown to the user; `None` if there was none. Errors of this package do not count."""
    # The variable of the interactive interpreter, which IPython also sets.
    error = getattr(sys, "last_value", None)
    if isinstance(error, Exception) and not isinstance(error, MimoError):
        _last_errors[shell] = error
    return LastError(_last_errors[shell]) if shell in _last_errors else None


def _format_error(error: Exception) -> str:
    # Imported late, as only prompts with an error need it.
    from mimo_magics.tools.execution import CELL_FRAME_PATTERN

    frame = error.__traceback__
    while frame and str(frame.tb_frame.f_globals.get("__name__")).startswith("IPython."):
        frame = frame.tb_next
    return CELL_FRAME_PATTERN.sub(
        "In a cell", "".join(traceback.format_exception(type(error), error, frame))
    ).rstrip()
