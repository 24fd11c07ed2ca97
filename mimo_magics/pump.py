"""Messages of widgets while a cell awaits, in ipykernel 6, which otherwise keeps them until the cell is over.

ipykernel 7.4 handles them by itself, 7.0 to 7.3 where the front end uses subshells. Cells that are sent meanwhile stay
in the kernel's queue, in their order, as they would have without us; so do the marks by which the kernel aborts them
after an error. https://github.com/ipython/ipykernel/blob/v6.31.0/ipykernel/kernelbase.py
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

PAUSE = 0.03
"""Seconds between two looks into the queue."""


@asynccontextmanager
async def pumped(kernel: Any) -> AsyncIterator[None]:
    """Handle what the page sends, except for more cells, until the block is left."""
    if not hasattr(kernel, "msg_queue"):  # the queue of ipykernel 6
        yield
        return
    waiting: list[Any] = []
    task = asyncio.create_task(_pump(kernel, waiting))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        while kernel.msg_queue.qsize():
            waiting.append(kernel.msg_queue.get_nowait())
        for entry in waiting:
            kernel.msg_queue.put_nowait(entry)


async def _pump(kernel: Any, waiting: list[Any]) -> None:
    while True:
        while kernel.msg_queue.qsize():
            entry = kernel.msg_queue.get_nowait()
            if _is_for_now(kernel, entry):
                await _handle(kernel, entry)
            else:
                waiting.append(entry)
        await asyncio.sleep(PAUSE)


def _is_for_now(kernel: Any, entry: tuple[int, Any, tuple[Any, ...]]) -> bool:
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
