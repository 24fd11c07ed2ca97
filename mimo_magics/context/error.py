"""An exception as text: its traceback with the source lines of the cells, or only its type."""

from __future__ import annotations

import re
import traceback

from mimo_magics.context.object_text import MAX_SECONDS, class_name, time_limit
from mimo_magics.core.errors import MimoError

CELL_FRAME_PATTERN = re.compile(r'File "[^"]*ipykernel_\d+[/\\]\d+\.py"')
"""How a traceback names the code of a cell."""


def error_text(error: BaseException) -> str:
    """Return an exception with its traceback, without the frames of IPython around the cell."""
    if isinstance(error, MimoError):
        return "\n".join(filter(None, (f"{class_name(type(error))}: {error.message}", error.hint)))
    frame = error.__traceback__
    while frame and str(frame.tb_frame.f_globals.get("__name__")).startswith("IPython."):
        frame = frame.tb_next
    # The message comes from a method of the exception.
    with time_limit(MAX_SECONDS):
        text = "".join(traceback.format_exception(type(error), error, frame))
    return CELL_FRAME_PATTERN.sub("In a cell", text).rstrip()


def error_line(error: BaseException) -> str:
    """Return an exception as one line, without its traceback."""
    with time_limit(MAX_SECONDS):
        lines = list(traceback.TracebackException(type(error), error, None).format_exception_only())
    return lines[-1].strip()


def error_type(error: BaseException) -> str:
    """Return the type of an exception. Its message may contain values."""
    return class_name(type(error))
