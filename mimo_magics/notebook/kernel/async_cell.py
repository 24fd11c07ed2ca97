"""A cell that awaits: while `%%mimo` runs, the kernel goes on handling messages, and an interrupt lands at once.

The kernel is told to await an outermost `%%mimo` or `%%mimo_compare`, and a transform of its syntax tree puts the await
of a private magic in its place: its text, which IPython's history keeps, is a call that runs anywhere. All else stays
synchronous: `run_cell_magic("mimo", ...)` in a program, `%%mimo` inside `%%time` or `%%capture`, a cell that a
program runs by `run_cell`, `%autoawait off`, and IPython in a terminal, where Ctrl-C would leave an awaited call
behind.
"""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import CapturingDisplayPublisher

from mimo_magics.notebook.kernel.parent_message import get_message_part

if TYPE_CHECKING:  # loading the extension loads nothing of what shows replies
    from mimo_magics.core.renderer_protocol import DisplayTarget

MIMO_MAGIC, COMPARE_MAGIC = "mimo", "mimo_compare"
ASYNC_MAGICS = {MIMO_MAGIC: "_mimo", COMPARE_MAGIC: "_mimo_compare"}
"""The magics that await, and those that do what they do in a cell that awaits."""
CELL_MAGIC_CALL = "get_ipython().run_cell_magic"
SYNC_FUNCTIONS = ("_run_cell", "run_code")
"""IPython's functions below which no cell is awaited."""
POLL_SECONDS = 0.1
"""Seconds. The signal of an interrupt does not wake a loop that waits for the network; its next timer does."""


class AsyncCellTransform:
    """The transform of one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._shell_should_run_async: Callable[..., bool] | None = None
        self._is_awaited = False
        """Whether the next cell is awaited because this transform has said so."""

    def install(self) -> None:
        """Take part in the shell's work, if its kernel can await cells."""
        self._shell_should_run_async = getattr(self._shell, "should_run_async", None)
        if self._shell_should_run_async:
            self._shell.should_run_async = self.should_run_async
            self._shell.ast_transformers.append(self)

    def uninstall(self) -> None:
        """Leave nothing behind."""
        if self._shell_should_run_async:
            self._shell.should_run_async = self._shell_should_run_async
            self._shell.ast_transformers.remove(self)

    def should_run_async(self, raw_cell: str, **transformed: Any) -> bool:
        """Tell the kernel whether to await a cell, which it asks before it runs it."""
        assert self._shell_should_run_async
        cell = transformed.get("transformed_cell") or ""
        if _is_call(cell) and self._can_await():
            self._is_awaited = True
            return True
        return self._shell_should_run_async(raw_cell, **transformed)

    def visit(self, tree: ast.AST) -> ast.AST:
        """Put the await into the syntax tree of a cell."""
        statement = _find_call(tree)
        if statement and self._is_awaited and self._can_await():
            self._is_awaited = False
            call: Any = statement.value
            call.args[0].value = ASYNC_MAGICS[call.args[0].value]
            statement.value = ast.copy_location(ast.Await(call), call)
        return tree

    def _can_await(self) -> bool:
        """Tell whether the cell is awaited; in a kernel that lacks a part of ipykernel's it is not."""
        from mimo_magics.notebook.kernel.comm_pump import can_pump  # in the first cell of ours

        shell = self._shell
        runners = getattr(shell, "loop_runner_map", None) or {}
        asyncio_runner, _ = runners.get("asyncio", (None, None))
        return bool(
            asyncio_runner
            and getattr(shell, "loop_runner", None) is asyncio_runner
            and getattr(shell, "autoawait", False)
            and can_pump(getattr(shell, "kernel", None))
            and not self._is_nested()
        )

    def _is_nested(self) -> bool:
        """Tell whether a program runs this cell, by `run_cell` or from a cell: nobody could await it there.

        A kernel awaits `run_cell_async` for the cells that a person runs, and asks for their transform itself.
        """
        frame = sys._getframe()  # noqa: SLF001  the way to one's callers
        while back := frame.f_back:
            frame = back
            if frame.f_code.co_name in SYNC_FUNCTIONS and frame.f_locals.get("self") is self._shell:
                return True
        return False


def _is_call(cell: str) -> bool:
    if cell.startswith(CELL_MAGIC_CALL):
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return _find_call(ast.parse(cell)) is not None
    return False


def _find_call(tree: ast.AST) -> ast.Expr | None:
    """Return the statement that calls a magic which can await, if a cell is nothing else.

    Where nothing stands below a magic, IPython says so itself, and names the magic that it finds.
    """
    match tree:
        case ast.Module(
            body=[
                ast.Expr(
                    value=ast.Call(
                        func=function,
                        args=[
                            ast.Constant(value=name),
                            ast.Constant(value=str()),
                            ast.Constant(value=str(body)),
                        ],
                        keywords=[],
                    )
                ) as statement
            ]
        ) if name in ASYNC_MAGICS and body and ast.unparse(function) == CELL_MAGIC_CALL:
            return statement
    return None


@asynccontextmanager
async def heartbeat(tick: Callable[[], None]) -> AsyncIterator[None]:
    """Keep the loop waking up, so that an interrupt is noticed and `tick` is called while no byte comes."""

    async def poll() -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            with suppress(Exception):  # what cannot be painted must not keep an interrupt from landing
                tick()

    task = asyncio.create_task(poll())
    try:
        yield
    finally:
        task.cancel()


class AsyncCell:
    """A cell that awaits, as what is shown in it may act on it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._task: asyncio.Task[None] | None = None

    async def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Await the work, which `stop` ends from now on."""
        self._task = asyncio.create_task(coroutine)
        await self._task

    def stop(self) -> None:
        """End it, from whichever thread a button is handled in."""
        if self._task:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    def insert(self, code: str) -> None:
        """Put code into a new cell below, when this one is over."""
        self._shell.set_next_input(code)


def get_display_target(shell: Any) -> DisplayTarget:
    """Tell where a cell runs.

    Whoever runs a notebook unattended allows no questions; what `%%capture` takes is looked at later. A front end
    that shows notebooks says which cell it runs, or for which notebook the kernel was started; a console, which
    cannot change what it has shown, does not.
    """
    from mimo_magics.notebook.kernel.notebook_path import (
        was_started_for_notebook,  # in the first cell of ours
    )

    if isinstance(shell.display_pub, CapturingDisplayPublisher):
        return "unattended"
    if getattr(shell, "kernel", None) is None:
        return "terminal"
    if not get_message_part(shell, "content").get("allow_stdin"):
        return "unattended"
    is_notebook = "cellId" in get_message_part(shell, "metadata") or was_started_for_notebook()
    return "front end" if is_notebook else "terminal"


def is_cell_value(shell: Any) -> bool:
    """Tell whether the shell is showing a cell's value just now, and not what `display` was asked for.

    The display hooks of kernels have nothing in common but that they are called for it.
    """
    hooks = (sys.displayhook, shell.displayhook)
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  the way to one's callers
    while frame := frame and frame.f_back:
        is_method = "self" in frame.f_code.co_varnames  # other frames may have any mapping for their locals
        if is_method and any(frame.f_locals.get("self") is hook for hook in hooks):
            return True
    return False
