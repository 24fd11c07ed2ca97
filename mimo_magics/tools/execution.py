"""Run a function that the model called: what it gives back, prints and raises, as text."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio.to_thread

from mimo_magics.tools.printed import OutputCapture
from mimo_magics.tools.result import as_text
from mimo_magics.tools.tool import ToolOutcome

MAX_ERROR_CHARS = 500
"""Characters of an exception that the model is told."""
CELL_FRAME_PATTERN = re.compile(r'File "[^"]*ipykernel_\d+[/\\]\d+\.py"')
"""How a trace names code of the notebook."""
MAX_LOG_CHARS = 20_000
"""Characters of what was printed that are kept."""


async def run_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> ToolOutcome:
    """Run a function: an async one on this loop, any other in a thread, with the caller's context.

    A thread cannot be ended: whoever cancels this goes on at once, and the thread is left behind.
    """
    with OutputCapture() as printed:
        try:
            text = await _call_function(function, arguments)
        except Exception as error:  # noqa: BLE001  whatever a person's function raises is a result for the model
            return ToolOutcome(
                format_exception_line(error),
                is_error=True,
                log=_truncate_log(printed.text + format_traceback(error, function)),
            )
    return ToolOutcome(text, log=_truncate_log(printed.text))


async def _call_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    if inspect.iscoroutinefunction(inspect.unwrap(function)):
        return as_text(await function(**arguments))
    return await anyio.to_thread.run_sync(partial(_call_sync, function, arguments), abandon_on_cancel=True)


def _call_sync(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    try:
        return as_text(function(**arguments))
    except SystemExit as error:
        raise RuntimeError("the tool wanted to end the process") from error


def format_exception_line(error: BaseException) -> str:
    """Return what the model is told of an exception: never the trace."""
    line = traceback.format_exception_only(error)[-1].strip()
    return line if len(line) <= MAX_ERROR_CHARS else f"{line[:MAX_ERROR_CHARS]}…"


def format_traceback(error: BaseException, function: Callable[..., Any]) -> str:
    """Return the trace of a failure from the function on: how it was called is nobody's concern."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    traceback_entry = error.__traceback__
    while traceback_entry and traceback_entry.tb_frame.f_code is not code:
        traceback_entry = traceback_entry.tb_next
    text = "".join(traceback.format_exception(type(error), error, traceback_entry))
    return CELL_FRAME_PATTERN.sub("In a cell", text)


def _truncate_log(text: str) -> str:
    return (
        text
        if len(text) <= MAX_LOG_CHARS
        else f"{text[:MAX_LOG_CHARS]}\n… {len(text) - MAX_LOG_CHARS:,} more characters"
    )
