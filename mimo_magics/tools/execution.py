"""Run a function that the model called, and return its result, output and errors as text."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import io
import sys
import threading
import traceback
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, closing
from contextvars import ContextVar, Token
from functools import partial
from itertools import islice
from typing import Any, Self

import anyio.to_thread

from mimo_magics.context.error import CELL_FRAME_PATTERN, error_type
from mimo_magics.tools.result import as_text, hides_values
from mimo_magics.tools.tool import ToolOutcome

MAX_ERROR_CHARS = 500
"""Characters of an exception that are sent to the model."""
MAX_GENERATED_VALUES = 1_000
"""Values of a generator that are read. Some generators never end."""
MAX_NESTED_AWAITS = 8
"""How often the result of an `await` is awaited again. Some objects return themselves."""
MAX_LOG_CHARS = 20_000
"""Characters of printed output that are saved."""


async def run_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> ToolOutcome:
    """Run a function in the context of the caller: an async one on this loop, any other one in a thread.

    An awaitable result is awaited. The values of a generator are collected, up to 1,000. A thread cannot be
    stopped: a cancelled call returns at once, and its thread continues in the background.
    """
    with OutputCapture() as printed:
        try:
            text = await _call_function(function, arguments)
        except _RaisedInThread as raised:
            return _fail(raised.error, printed.text)
        except BaseException as error:
            if is_stopped_by_caller(error):
                raise
            return _fail(error, printed.text)
    return ToolOutcome(text, log=_truncate_log(printed.text))


def is_stopped_by_caller(error: BaseException) -> bool:
    """Return whether an exception ends the turn. A tool may have cancelled a task of its own."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    # Signals arrive in the main thread only. In another thread the tool raised the error itself.
    if isinstance(error, KeyboardInterrupt):
        return threading.current_thread() is threading.main_thread()
    return isinstance(error, GeneratorExit) and not _is_in_task()


def _is_in_task() -> bool:
    """Return whether a task of a running loop is active. Such a task raises the error itself, and is not closed."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


async def _call_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    if inspect.iscoroutinefunction(function):
        value = await function(**arguments)
    else:
        value = await _run_in_thread(partial(_call_sync, function, arguments))
        if isinstance(value, str):
            return value
    for _ in range(MAX_NESTED_AWAITS):
        if isinstance(value, concurrent.futures.Future):
            value = asyncio.wrap_future(value)
        if inspect.isawaitable(value):
            value = await value
    if inspect.isasyncgen(value):
        return await _collect_async_values(value)
    return (
        await _run_in_thread(partial(_collect_values, value))
        if inspect.isgenerator(value)
        else as_text(value)
    )


class _RaisedInThread(Exception):
    """Carry an error out of a thread. Its type could otherwise end the turn or the process."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


async def _run_in_thread(call: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return call()
        except BaseException as error:  # noqa: BLE001  raised again, or reported
            raise _RaisedInThread(error) from None

    return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)


def _call_sync(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Return the value as text, which can take long. Return an awaitable as it is, for the loop."""
    value = function(**arguments)
    if (
        inspect.isawaitable(value)
        or inspect.isasyncgen(value)
        or isinstance(value, concurrent.futures.Future)
    ):
        return value
    return _collect_values(value) if inspect.isgenerator(value) else as_text(value)


def _collect_values(generator: Generator[Any, Any, Any]) -> str:
    """Collect the values of a generator. Its code runs only while its values are read."""
    with closing(generator):
        values = list(islice(generator, MAX_GENERATED_VALUES + 1))
    return _list_values(values)


async def _collect_async_values(generator: AsyncGenerator[Any, Any]) -> str:
    values: list[Any] = []
    async with aclosing(generator):
        async for value in generator:
            values.append(value)
            if len(values) > MAX_GENERATED_VALUES:
                break
    return _list_values(values)


def _list_values(values: list[Any]) -> str:
    text = as_text(values[:MAX_GENERATED_VALUES])
    return (
        f"{text}\n(stopped after {MAX_GENERATED_VALUES:,} values)"
        if len(values) > MAX_GENERATED_VALUES
        else text
    )


def _fail(error: BaseException, printed: str) -> ToolOutcome:
    log = _truncate_log(printed + format_traceback(error))
    return ToolOutcome(format_exception_line(error), is_error=True, log=log)


def format_exception_line(error: BaseException) -> str:
    """Return the message of an exception for the model, without the traceback; only its type with `share=schema`."""
    if isinstance(error, SystemExit):
        return "RuntimeError: the tool tried to exit the process"
    if hides_values():
        return error_type(error)
    summary = traceback.TracebackException(type(error), error, None)
    notes, summary.__notes__ = summary.__notes__, None
    notes = [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
    line = "\n".join((list(summary.format_exception_only())[-1].strip(), *notes))
    return line if len(line) <= MAX_ERROR_CHARS else f"{line[:MAX_ERROR_CHARS]}…"


def format_traceback(error: BaseException) -> str:
    """Return the traceback of a failure, without the frames of this module."""
    first = entry = error.__traceback__
    while entry:
        if entry.tb_frame.f_code.co_filename == format_traceback.__code__.co_filename:
            first = entry.tb_next
        entry = entry.tb_next
    return CELL_FRAME_PATTERN.sub("In a cell", "".join(traceback.format_exception(type(error), error, first)))


def _truncate_log(text: str) -> str:
    return (
        text
        if len(text) <= MAX_LOG_CHARS
        else f"{text[:MAX_LOG_CHARS]}\n… {len(text) - MAX_LOG_CHARS:,} more characters"
    )


_buffer: ContextVar[io.StringIO | None] = ContextVar("_buffer", default=None)
"""Output of the call that runs in this context, in a task or in a thread with the same context."""


class OutputCapture:
    """Capture what is printed in this context while the block runs. `text` is the output."""

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
        """The output so far."""
        return self._text.getvalue()


class ContextStream:
    """A stream that writes to the buffer of the current context, or else to the wrapped stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.user_count = 1

    @classmethod
    def wrap(cls, stream: Any) -> Any:
        """Wrap a stream, or count one more user of the wrapper."""
        if not isinstance(stream, cls):
            return cls(stream)
        stream.user_count += 1
        return stream

    @classmethod
    def unwrap(cls, stream: Any) -> Any:
        """Return the wrapped stream after its last user."""
        # Other code may have replaced the stream meanwhile.
        if not isinstance(stream, cls):
            return stream
        stream.user_count -= 1
        return stream if stream.user_count else stream.stream

    def write(self, text: str) -> int:
        """Write to the buffer of this context, or to the wrapped stream."""
        buffer = _buffer.get()
        return int((self.stream if buffer is None else buffer).write(text) or 0)

    def writelines(self, lines: Any) -> None:
        """Write each of the lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
