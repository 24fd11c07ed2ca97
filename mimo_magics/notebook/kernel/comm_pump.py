"""Messages of widgets while an async cell runs.

ipykernel 6 queues them until the cell has finished, so the pump takes them out of the queue. Requests to execute cells
stay in the queue in their order, and so do the marks by which the kernel aborts them after an error.
https://github.com/ipython/ipykernel/blob/v6.31.0/ipykernel/kernelbase.py

ipykernel 7.4 handles them, but does not report the status `idle` afterwards. A page sends the next value of a slider
only after `idle`, and would wait forever. ipykernel 7.0 to 7.3 needs no help if the front end uses subshells.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from inspect import signature
from operator import itemgetter
from typing import Any, Literal

POLL_SECONDS = 0.03
"""The interval in which the queue is polled."""
KernelKind = Literal["queue", "concurrent", "subshells"]
KERNEL_PARTS: dict[KernelKind, tuple[str, ...]] = {
    "queue": (
        "session",
        "get_parent",
        "set_parent",
        "_parent_ident",
        "saved_sigint_handler",
        "_publish_status",
    ),
    "concurrent": ("get_parent", "_publish_status"),
    "subshells": (),
}
"""The attributes of a kernel that the pump uses. Most of them are private, because there is no public API."""


@dataclass(eq=False, slots=True)
class _Pump:
    """The pump of a kernel, shared by the async cells that run at the same time."""

    context: AbstractAsyncContextManager[None]
    cells: list[Any]
    """The messages that requested the cells."""


_pumps: dict[int, _Pump] = {}
"""The running pumps, by the identity of their kernel."""
_start_lock = threading.Lock()
"""Held while a pump starts, because the cells of subshells run in threads."""


def can_pump(kernel: Any) -> bool:
    """Return whether a kernel has the attributes that the pump uses; kernels other than ipykernel may not."""
    return _get_kind(kernel) is not None


def _get_kind(kernel: Any) -> KernelKind | None:
    """Return the kind of ipykernel; `None` for another kernel, or if an attribute is missing."""
    dispatch: Any = getattr(kernel, "dispatch_shell", None)
    try:
        parameters = signature(dispatch).parameters
    except (TypeError, ValueError):
        return None
    kind: KernelKind = "subshells"
    if getattr(kernel, "msg_queue", None) is not None:
        kind = "queue"
    elif "concurrent" in parameters:
        kind = "concurrent"
    return kind if all(hasattr(kernel, part) for part in KERNEL_PARTS[kind]) else None


@asynccontextmanager
async def pump_comm_messages(kernel: Any) -> AsyncIterator[None]:
    """Handle messages of the page, except requests to execute cells, until the block ends.

    Async cells that run at the same time share one pump. The last of them stops it.
    """
    kind = _get_kind(kernel)
    if kind not in ("queue", "concurrent"):
        yield
        return
    cell = kernel.get_parent("shell")
    with _start_lock:
        if not (pump := _pumps.get(id(kernel))):
            cells: list[Any] = []
            context = _drain_queue(kernel) if kind == "queue" else _report_idle(kernel, cells)
            pump = _pumps[id(kernel)] = _Pump(context, cells)
            await context.__aenter__()
        pump.cells.append(cell)
    try:
        yield
    finally:
        pump.cells.remove(cell)
        if not pump.cells:
            del _pumps[id(kernel)]
            await pump.context.__aexit__(None, None, None)


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
        # The kernel numbers the entries of its queue.
        for entry in sorted(deferred, key=itemgetter(0)):
            kernel.msg_queue.put_nowait(entry)


@asynccontextmanager
async def _report_idle(kernel: Any, cells: list[Any]) -> AsyncIterator[None]:
    """Report `idle` after each message, and then `busy` for the running cells."""
    dispatch, was_replaced = kernel.dispatch_shell, "dispatch_shell" in vars(kernel)

    async def dispatch_and_report(*message: Any, concurrent: bool = False, **more: Any) -> None:
        await dispatch(*message, concurrent=concurrent, **more)
        # The first status belongs to the message, whose context is current here.
        if concurrent:
            kernel._publish_status("idle", "shell")  # noqa: SLF001
            for cell in tuple(cells):
                kernel._publish_status("busy", "shell", parent=cell)  # noqa: SLF001

    kernel.dispatch_shell = dispatch_and_report
    try:
        yield
    finally:
        if was_replaced:
            kernel.dispatch_shell = dispatch
        else:
            vars(kernel).pop("dispatch_shell", None)


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
    """Handle a message, and restore the parent and the interrupt handler of the running cell."""
    _, dispatch, arguments = entry
    parent, ident = kernel.get_parent("shell"), kernel._parent_ident["shell"]  # noqa: SLF001
    interrupt = kernel.saved_sigint_handler
    try:
        await dispatch(*arguments)
    finally:
        kernel.saved_sigint_handler = interrupt
        kernel.set_parent(ident, parent, channel="shell")
        # The kernel reported `idle` for the message, but the cell is still running.
        kernel._publish_status("busy", "shell")  # noqa: SLF001
