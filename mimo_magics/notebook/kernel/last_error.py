"""The last error of a cell with its traceback, as text for a prompt."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass

from mimo_magics.core.errors import MimoError

MAX_ERROR_CHARS = 20_000
"""Characters of the text: the beginning and the end of a longer traceback are kept."""


@dataclass(frozen=True, slots=True)
class LastError:
    """An error that a cell raised. Its text is the traceback, with the source lines of the cells."""

    error: BaseException

    @classmethod
    def find(cls) -> LastError | None:
        """Return the last error that was shown to the user; `None` if there was none."""
        # The variable of the interactive interpreter, which IPython also sets.
        error = getattr(sys, "last_value", None)
        return cls(error) if isinstance(error, BaseException) else None

    def __str__(self) -> str:
        text = _format_error(self.error)
        if len(text) <= MAX_ERROR_CHARS:
            return text
        half = MAX_ERROR_CHARS // 2
        return f"{text[:half]}\n…\n{text[-half:]}"


def _format_error(error: BaseException) -> str:
    if isinstance(error, MimoError):
        return "\n".join(filter(None, (f"{type(error).__name__}: {error.message}", error.hint)))
    # Imported late, as only prompts with an error need it.
    from mimo_magics.tools.execution import CELL_FRAME_PATTERN

    frame = error.__traceback__
    while frame and str(frame.tb_frame.f_globals.get("__name__")).startswith("IPython."):
        frame = frame.tb_next
    return CELL_FRAME_PATTERN.sub(
        "In a cell", "".join(traceback.format_exception(type(error), error, frame))
    ).rstrip()
