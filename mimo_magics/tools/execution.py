"""Run a function that the model called: what it gives back, prints and raises, as text."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio.to_thread

from mimo_magics.tools.printed import Printed
from mimo_magics.tools.result import as_text
from mimo_magics.tools.tool import Outcome

LAST_LINE = 500
"""Characters of an exception that the model is told."""
CELL = re.compile(r'File "[^"]*ipykernel_\d+[/\\]\d+\.py"')
"""How a trace names code of the notebook."""
LONGEST_LOG = 20_000
"""Characters of what was printed that are kept."""


async def ran(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Outcome:
    """Run a function: an async one on this loop, any other in a thread, with the caller's context.

    A thread cannot be ended: whoever cancels this goes on at once, and the thread is left behind.
    """
    with Printed() as printed:
        try:
            text = await _awaited(function, arguments)
        except Exception as error:  # noqa: BLE001  whatever a person's function raises is a result for the model
            return Outcome(
                last_line(error), is_error=True, log=_capped(printed.text + trace(error, function))
            )
    return Outcome(text, log=_capped(printed.text))


async def _awaited(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    if inspect.iscoroutinefunction(inspect.unwrap(function)):
        return as_text(await function(**arguments))
    return await anyio.to_thread.run_sync(partial(_called, function, arguments), abandon_on_cancel=True)


def _called(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    try:
        return as_text(function(**arguments))
    except SystemExit as error:
        raise RuntimeError("the tool wanted to end the process") from error


def last_line(error: BaseException) -> str:
    """Return what the model is told of an exception: never the trace."""
    told = traceback.format_exception_only(error)[-1].strip()
    return told if len(told) <= LAST_LINE else f"{told[:LAST_LINE]}…"


def trace(error: BaseException, function: Callable[..., Any]) -> str:
    """Return the trace of a failure from the function on: how it was called is nobody's concern."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    own = error.__traceback__
    while own and own.tb_frame.f_code is not code:
        own = own.tb_next
    told = "".join(traceback.format_exception(type(error), error, own))
    return CELL.sub("In a cell", told)


def _capped(text: str) -> str:
    return (
        text
        if len(text) <= LONGEST_LOG
        else f"{text[:LONGEST_LOG]}\n… {len(text) - LONGEST_LOG:,} more characters"
    )
