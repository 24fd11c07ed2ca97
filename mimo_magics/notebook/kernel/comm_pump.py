"""Messages of widgets while a cell awaits.

ipykernel 6 keeps them until the cell is over, so they are taken out of its queue here. Cells that are sent meanwhile
stay in the queue, in their order, as they would have without us; so do the marks by which the kernel aborts them after
an error. https://github.com/ipython/ipykernel/blob/v6.31.0/ipykernel/kernelbase.py

ipykernel 7.4 handles them, but never says that it has: a page sends a slider's next value only when the last one has
been dealt with, and would wait for ever. ipykernel 7.0 to 7.3 does all of it where the front end uses subshells.
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
"""Seconds between two looks into the queue."""
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
"""What is taken of a kernel, beside what its kind is known by; most of it has no public way."""


@dataclass(eq=False, slots=True)
class _Pump:
    """What cells that await at the same time share."""

    context: AbstractAsyncContextManager[None]
    cells: list[Any]
    """The messages that they came with."""


_pumps: dict[int, _Pump] = {}
"""Those at work, by the identity of their kernel."""
_start_lock = threading.Lock()
"""Held while one starts, as cells of subshells run in threads of their own."""


def can_pump(kernel: Any) -> bool:
    """Tell whether a kernel has all that a cell that awaits takes of it; those of others than ipykernel may not."""
    return _get_kind(kernel) is not None


def _get_kind(kernel: Any) -> KernelKind | None:
    """Return what kind of ipykernel it is; `None` if it is none, or lacks a part."""
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
    """Handle what the page sends, except for more cells, until the block is left.

    Cells that await at the same time share one pump, which the last of them ends.
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
        for entry in sorted(deferred, key=itemgetter(0)):  # by the numbers that the kernel gave them
            kernel.msg_queue.put_nowait(entry)


@asynccontextmanager
async def _report_idle(kernel: Any, cells: list[Any]) -> AsyncIterator[None]:
    """Say of each message that it was dealt with, and then that the cells still run."""
    dispatch, was_replaced = kernel.dispatch_shell, "dispatch_shell" in vars(kernel)

    async def dispatch_and_report(*message: Any, concurrent: bool = False, **more: Any) -> None:
        await dispatch(*message, concurrent=concurrent, **more)
        if concurrent:  # in the context of the message
            kernel._publish_status("idle", "shell")  # noqa: SLF001  no public way
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
