"""Run a function that the model called: what it gives back, prints and raises, as text."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import io
import re
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

from mimo_magics.tools.result import as_text
from mimo_magics.tools.tool import ToolOutcome

MAX_ERROR_CHARS = 500
"""Characters of an exception that the model is told."""
CELL_FRAME_PATTERN = re.compile(r'File "[^"]*ipykernel_\d+[/\\]\d+\.py"')
"""How a trace names code of the notebook."""
MAX_GENERATED_VALUES = 1_000
"""Values of a generator that are read: some never end."""
MAX_NESTED_AWAITS = 8
"""How often the result of an `await` is awaited again: some objects give themselves back."""
MAX_LOG_CHARS = 20_000
"""Characters of what was printed that are kept."""


async def run_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> ToolOutcome:
    """Run a function: an async one on this loop, any other in a thread, with the caller's context.

    What can be awaited is awaited, whatever gave it back. The values of a generator are collected, up to 1,000 of them.
    A thread cannot be ended: whoever cancels this goes on at once, and the thread is left behind.
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
    """Tell whether an exception ends the turn: a tool may have cancelled something of its own."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    if isinstance(error, KeyboardInterrupt):  # no signal comes in other threads: the tool raised it itself
        return threading.current_thread() is threading.main_thread()
    return isinstance(error, GeneratorExit) and not _is_in_task()


def _is_in_task() -> bool:
    """Tell whether a task of a running loop is at work: what it awaits is not closed then, but raised by itself."""
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
    """Carries what a thread raised: it may be of a kind that would end the turn, or the process."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


async def _run_in_thread(call: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return call()
        except BaseException as error:  # noqa: BLE001  it is raised again, or told
            raise _RaisedInThread(error) from None

    return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)


def _call_sync(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Return the value as text, which may be much work, unless more must be done on the loop."""
    value = function(**arguments)
    if (
        inspect.isawaitable(value)
        or inspect.isasyncgen(value)
        or isinstance(value, concurrent.futures.Future)
    ):
        return value
    return _collect_values(value) if inspect.isgenerator(value) else as_text(value)


def _collect_values(generator: Generator[Any, Any, Any]) -> str:
    """Run a generator function: until its values are read, nothing of it has run."""
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
    """Return what the model is told of an exception: never the trace."""
    if isinstance(error, SystemExit):
        return "RuntimeError: the tool wanted to end the process"
    summary = traceback.TracebackException(type(error), error, None)
    notes, summary.__notes__ = summary.__notes__, None
    notes = [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
    line = "\n".join((list(summary.format_exception_only())[-1].strip(), *notes))
    return line if len(line) <= MAX_ERROR_CHARS else f"{line[:MAX_ERROR_CHARS]}…"


def format_traceback(error: BaseException) -> str:
    """Return the trace of a failure from the function on: how it was called is nobody's concern."""
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
