"""Run a function that the model called: what it gives back, prints and raises, as text."""

from __future__ import annotations

import inspect
import io
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from functools import partial
from typing import Any, Self

import anyio.to_thread

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


_buffer: ContextVar[io.StringIO | None] = ContextVar("_buffer", default=None)
"""Of the call that runs in this context, be it a task or a thread that was given it."""


class OutputCapture:
    """Takes what is printed in its context while the block runs; `text` is what came."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._token: Token[io.StringIO | None] | None = None

    def __enter__(self) -> Self:
        sys.stdout, sys.stderr = ContextStream.wrap(sys.stdout), ContextStream.wrap(sys.stderr)
        self._token = _buffer.set(self._text)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token
        _buffer.reset(self._token)
        sys.stdout, sys.stderr = ContextStream.unwrap(sys.stdout), ContextStream.unwrap(sys.stderr)

    @property
    def text(self) -> str:
        """What was printed so far."""
        return self._text.getvalue()


class ContextStream:
    """A stream that writes into the buffer of the present context, if there is one."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.user_count = 1

    @classmethod
    def wrap(cls, stream: Any) -> Any:
        """Wrap a stream, once."""
        if not isinstance(stream, cls):
            return cls(stream)
        stream.user_count += 1
        return stream

    @classmethod
    def unwrap(cls, stream: Any) -> Any:
        """Return the stream itself when nobody needs the wrapper any more."""
        if not isinstance(stream, cls):
            return stream  # somebody else took the place meanwhile
        stream.user_count -= 1
        return stream if stream.user_count else stream.stream

    def write(self, text: str) -> int:
        """Write to where this context prints."""
        buffer = _buffer.get()
        return int((self.stream if buffer is None else buffer).write(text) or 0)

    def writelines(self, lines: Any) -> None:
        """Write lines, as a stream does."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
