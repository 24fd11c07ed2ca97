"""The coroutines of a session for callers that cannot await: scripts, loops, functions, `%mimo`.

They run on one event loop in a thread of its own, so that it works where a loop is running too and connections
are kept between calls. Events are handed to the caller's thread: that is the one that may paint, and the one
that Ctrl-C and the kernel's interrupt reach.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

Result = TypeVar("Result")
Item = TypeVar("Item")

EXIT_SECONDS = 2.0
"""Seconds that the end of the process waits for calls to be given up."""
POLL_SECONDS = 0.1
"""Seconds. A signal need not wake a thread that waits for another one; its next look around does."""


class PortalCall(Generic[Item]):
    """What is answered on the other thread. Iterate over what is heard.

    Args:
        context_manager: gives what is to be iterated over; it is opened and left on the other thread.
        tick: called in this thread some ten times a second while nothing comes.
    """

    def __init__(
        self,
        context_manager: AbstractAsyncContextManager[AsyncIterable[Item]],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._context_manager = context_manager
        self._tick = tick
        self._events: SimpleQueue[Item | None] = SimpleQueue()
        self._is_finished = False
        self._failure: Exception | None = None
        self.running: AsyncIterable[Item] | None = None
        """What was opened."""
        self._task: Future[None] = _portal().start_task_soon(self._run)

    def __iter__(self) -> Iterator[Item]:
        while not self._is_finished:
            try:
                event = self._events.get(timeout=POLL_SECONDS)
            except Empty:
                self._tick()
                continue
            if event is None:
                self._is_finished = True
            else:
                yield event

    def close(self) -> None:
        """Break off, and wait until the socket is closed and the turn is kept."""
        self._task.cancel()
        for _ in self:
            pass

    def check(self) -> None:
        """Raise what went wrong."""
        if self._failure:
            raise self._failure

    async def _run(self) -> None:
        try:
            async with self._context_manager as self.running:
                async for event in self.running:
                    self._events.put(event)
        except Exception as error:  # noqa: BLE001  for the caller's thread
            self._failure = error
        finally:
            self._events.put(None)


CallType = TypeVar("CallType", bound=PortalCall[Any])


@contextmanager
def close_on_exit(call: CallType) -> Iterator[CallType]:
    """Do what `async with` does: leaving the block early breaks off what is not over.

    Raises:
        KeyboardInterrupt: as it came; what had come is kept.
        MimoError: the call failed.
    """
    try:
        yield call
    finally:
        call.close()
    call.check()


def run_async(function: Callable[[], Awaitable[Result]]) -> Result:
    """Call an async function and wait for its result; Ctrl-C is heard meanwhile.

    Raises:
        MimoError: it failed.
    """
    future = _portal().start_task_soon(function)
    while True:
        try:
            return future.result(timeout=POLL_SECONDS)
        except TimeoutError:
            if future.done():
                raise
        except KeyboardInterrupt:
            future.cancel()
            raise


def _portal() -> BlockingPortal:
    """Return the portal; a new one where something ended the event loop of the last one."""
    portal, thread = _start_portal()
    if not thread.is_alive():
        _start_portal.cache_clear()
        portal, _ = _start_portal()
    return portal


@cache
def _start_portal() -> tuple[BlockingPortal, threading.Thread]:
    """Start a thread with an event loop on first use.

    It ends with the process, whatever runs in it. A forked process has no such thread, starts its own, and must not wait
    for the other one at its end.
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
            started.set_exception(error)  # there is no loop; whoever waits for it is told

    thread = threading.Thread(target=run, name="mimo-portal", daemon=True)
    thread.start()
    (portal, loop), process_id = started.result(), os.getpid()

    def stop() -> None:
        if os.getpid() == process_id:
            # the portal's own ways wait for the loop, which a tool may keep busy
            with suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(lambda: loop.create_task(portal.stop(cancel_remaining=True)))
            thread.join(EXIT_SECONDS)

    atexit.register(stop)
    return portal, thread


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        after_in_child=_start_portal.cache_clear
    )  # a forked process has no thread but its own
