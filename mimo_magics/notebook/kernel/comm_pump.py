"""Messages of widgets while a cell awaits.

ipykernel 6 keeps them until the cell is over, so they are taken out of its queue here. Cells that are sent meanwhile
stay in the queue, in their order, as they would have without us; so do the marks by which the kernel aborts them after
an error. https://github.com/ipython/ipykernel/blob/v6.31.0/ipykernel/kernelbase.py

ipykernel 7.4 handles them, but never says that it has: a page sends a slider's next value only when the last one has
been dealt with, and would wait for ever. ipykernel 7.0 to 7.3 does all of it where the front end uses subshells.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from inspect import signature
from typing import Any

POLL_SECONDS = 0.03
"""Seconds between two looks into the queue."""


@asynccontextmanager
async def pump_comm_messages(kernel: Any) -> AsyncIterator[None]:
    """Handle what the page sends, except for more cells, until the block is left."""
    if hasattr(kernel, "msg_queue"):  # the queue of ipykernel 6
        async with _drain_queue(kernel):
            yield
    elif "concurrent" in signature(kernel.dispatch_shell).parameters:  # ipykernel 7.4
        with _report_idle(kernel):
            yield
    else:
        yield


@asynccontextmanager
async def _drain_queue(kernel: Any) -> AsyncIterator[None]:
    deferred: list[Any] = []
    task = asyncio.create_task(_pump(kernel, deferred))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        while kernel.msg_queue.qsize():
            deferred.append(kernel.msg_queue.get_nowait())
        for entry in deferred:
            kernel.msg_queue.put_nowait(entry)


@contextmanager
def _report_idle(kernel: Any) -> Iterator[None]:
    """Say of each message that it was dealt with, and then that the cell still runs."""
    dispatch, cell = kernel.dispatch_shell, kernel.get_parent("shell")

    async def dispatch_and_report(*message: Any, concurrent: bool = False, **more: Any) -> None:
        await dispatch(*message, concurrent=concurrent, **more)
        if concurrent:  # in the context of the message
            kernel._publish_status("idle", "shell")  # noqa: SLF001  no public way
            kernel._publish_status("busy", "shell", parent=cell)  # noqa: SLF001

    kernel.dispatch_shell = dispatch_and_report
    try:
        yield
    finally:
        del kernel.dispatch_shell


async def _pump(kernel: Any, deferred: list[Any]) -> None:
    while True:
        while kernel.msg_queue.qsize():
            entry = kernel.msg_queue.get_nowait()
            if _is_immediate(kernel, entry):
                await _handle(kernel, entry)
            else:
                deferred.append(entry)
        await asyncio.sleep(POLL_SECONDS)


def _is_immediate(kernel: Any, entry: tuple[int, Any, tuple[Any, ...]]) -> bool:
    _, dispatch, arguments = entry
    if dispatch != kernel.dispatch_shell:
        return False
    _, frames = kernel.session.feed_identities(arguments[0], copy=False)
    header = kernel.session.unpack(frames[1].bytes)
    return bool(header["msg_type"] != "execute_request")


async def _handle(kernel: Any, entry: tuple[int, Any, tuple[Any, ...]]) -> None:
    """Handle a message, and leave the kernel as the running cell needs it: as its parent, and to be interrupted."""
    _, dispatch, arguments = entry
    parent, ident = kernel.get_parent("shell"), kernel._parent_ident["shell"]  # noqa: SLF001  no public way
    interrupt = kernel.saved_sigint_handler
    try:
        await dispatch(*arguments)
    finally:
        kernel.saved_sigint_handler = interrupt
        kernel.set_parent(ident, parent, channel="shell")
        kernel._publish_status("busy", "shell")  # noqa: SLF001  it said that it is idle, but the cell still runs
