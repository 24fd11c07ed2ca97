"""The portal: it runs coroutines for callers that cannot await, such as scripts, loops, functions and `%mimo`.

It is one event loop in a background thread. So it also works where a loop is already running, and connections stay open
between calls. Items are passed to the caller's thread, because only that thread may paint and receives Ctrl-C and the
kernel's interrupt.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, Generic, Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

Result = TypeVar("Result")
Source = TypeVar("Source", bound=AsyncIterable[Any])

EXIT_SECONDS = 2.0
"""Seconds that the end of the process, or a block that is interrupted again, waits for calls to be cancelled."""
POLL_SECONDS = 0.1
"""Interval of signal checks in seconds: a signal may not wake a thread that waits for another thread."""

NO_ITEM, END = object(), object()
"""In place of an item: none arrived in time, and all have arrived."""


class PortalStream(Generic[Source]):
    """The items of an async context manager that runs on the portal's loop, for a caller in another thread.

    Use it in a `with` block. Iterate over it in the caller's thread, with `for`, or with `async for` in a coroutine that
    `run_inline` runs. The first iteration enters the context manager. Leaving the block cancels what still runs, and
    waits until the context manager is closed. After a Ctrl-C during this wait, it waits for `EXIT_SECONDS` at most.

    Args:
        context_manager: gives the iterable of the items. The portal's loop enters and leaves it.
        tick: is called in the caller's thread about ten times a second while no item arrives. Its errors are ignored.

    Raises:
        KeyboardInterrupt: while it waits for an item, or for the end.
        MimoError: the context manager or its items failed. It is raised at the end of the block, or is the context of
            the error that ended the block.
    """

    def __init__(
        self,
        context_manager: AbstractAsyncContextManager[Source],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._context_manager = context_manager
        self._tick = tick
        self._items: SimpleQueue[Any] = SimpleQueue()
        self._is_finished = self._is_cancelled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop of the task; `None` before the first iteration."""
        self._scope: anyio.CancelScope | None = None
        """Set by the task on the loop."""
        self._closed = threading.Event()
        self._failure: Exception | None = None
        self.source: Source | None = None
        """What the context manager gave."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _error_type: object, error: BaseException | None, _traceback: object) -> None:
        interrupt = self._close()
        if error and self._failure:
            _append_context(error, self._failure)
        if interrupt and not isinstance(error, KeyboardInterrupt):
            raise interrupt from (error or self._failure)
        if self._failure and not error:
            raise self._failure

    def __iter__(self) -> Iterator[Any]:
        # A task that is started before the block begins could outlive an interrupt between the two.
        if not self._loop:
            running = _get_portal()
            self._loop = running.loop
            running.portal.start_task_soon(self._run)
        while not self._is_finished:
            item: Any = NO_ITEM
            with suppress(Empty):
                item = self._items.get(timeout=POLL_SECONDS)
            if item is NO_ITEM:
                # An error of the display must not end the turn.
                with suppress(Exception):
                    self._tick()
            elif item is END:
                self._is_finished = True
            else:
                yield item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """Return the next item. It blocks the thread and never suspends the coroutine."""
        for item in self:
            return item
        raise StopAsyncIteration

    def _close(self) -> KeyboardInterrupt | None:
        """Cancel what still runs, wait until the context manager is closed, and return an interrupt of this wait."""
        interrupt, deadline = None, float("inf")
        self._is_cancelled = True
        while self._loop and time.monotonic() < deadline:
            try:
                self._request_cancel()
                if self._closed.wait(POLL_SECONDS):
                    break
            except KeyboardInterrupt as error:
                if not interrupt:
                    interrupt, deadline = error, time.monotonic() + EXIT_SECONDS
        return interrupt

    def _request_cancel(self) -> None:
        assert self._loop
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            # The loop of a process that exits is closed, and its tasks with it.
            self._closed.set()

    def _cancel(self) -> None:
        """Cancel the task. An interrupt may have come before it was started."""
        if self._scope:
            self._scope.cancel()
        else:
            self._closed.set()

    async def _run(self) -> None:
        if self._is_cancelled:
            return
        try:
            with anyio.CancelScope() as self._scope:
                async with self._context_manager as self.source:
                    async for item in self.source:
                        self._items.put(item)
        except Exception as error:  # noqa: BLE001  The caller's thread raises it.
            self._failure = error
        finally:
            self._closed.set()
            self._items.put(END)


def _append_context(error: BaseException, context: BaseException) -> None:
    """Add an earlier error to the end of the context of an error."""
    while error.__context__ and error is not context:
        error = error.__context__
    if error is not context:
        error.__context__ = context


def run_inline(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that never suspends, in this thread and without an event loop.

    Raises:
        RuntimeError: the coroutine suspended.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    coroutine.close()
    raise RuntimeError("the coroutine suspended, and there is no event loop to resume it")


def run_async(function: Callable[[], Awaitable[Result]]) -> Result:
    """Call an async function on the portal's loop and return its result. Ctrl-C cancels the call.

    Raises:
        MimoError: the call failed.
    """
    future = _get_portal().portal.start_task_soon(function)
    while True:
        try:
            return future.result(timeout=POLL_SECONDS)
        except TimeoutError:
            if future.done():
                raise
        except KeyboardInterrupt:
            future.cancel()
            raise


def submit(coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
    """Start a coroutine on the event loop of the portal. Every thread may call this, also that of the loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, _get_portal().loop)


@dataclass(frozen=True, slots=True)
class _RunningPortal:
    portal: BlockingPortal
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread


_start_lock = threading.Lock()
"""Held while the portal starts, so that two threads do not start two."""


def _get_portal() -> _RunningPortal:
    """Return the portal. Start a new one if the event loop of the last one has ended."""
    with _start_lock:
        running = _start_portal()
        if not running.thread.is_alive():
            _start_portal.cache_clear()
            running = _start_portal()
        return running


@cache
def _start_portal() -> _RunningPortal:
    """Start a thread with an event loop.

    The thread ends with the process, whatever runs in it. A forked process has no such thread: it starts its own, and
    does not wait for the thread of its parent.
    """
    started: Future[tuple[BlockingPortal, asyncio.AbstractEventLoop]] = Future()

    async def serve() -> None:
        async with BlockingPortal() as portal:
            started.set_result((portal, asyncio.get_running_loop()))
            await portal.sleep_until_stopped()

    def run() -> None:
        try:
            anyio.run(serve)
        except BaseException as error:
            if started.done():
                raise
            # Without a loop, the caller that waits for it receives the error.
            started.set_exception(error)

    thread = threading.Thread(target=run, name="mimo-portal", daemon=True)
    thread.start()
    (portal, loop), process_id = started.result(), os.getpid()

    def stop() -> None:
        if os.getpid() == process_id:
            # The portal's own methods wait for the loop, which a tool may keep busy. The loop may have ended already.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(lambda: loop.create_task(portal.stop(cancel_remaining=True)))
            thread.join(EXIT_SECONDS)

    atexit.register(stop)
    return _RunningPortal(portal, loop, thread)


def _reset_after_fork() -> None:
    """Forget the portal. A forked process has only the thread that called `fork`."""
    global _start_lock  # noqa: PLW0603
    _start_lock = threading.Lock()
    _start_portal.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
