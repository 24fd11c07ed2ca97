"""Async cells: while `%%mimo` runs, the kernel handles messages, and an interrupt takes effect at once.

The kernel awaits a cell whose only statement is `%%mimo`, `%%mimo_compare`, `%%mimo_check` or `%%mimo_map`. A transform of its syntax
tree replaces the call by an awaited call of a private magic. The text of the cell in IPython's history stays a call that
runs anywhere.

Everything else is synchronous: `run_cell_magic("mimo", ...)` in a program, `%%mimo` inside `%%time` or `%%capture`, a
cell that a program runs with `run_cell`, `%autoawait off`, and IPython in a terminal, where Ctrl-C would not cancel an
awaited call.
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

# `%load_ext mimo_magics` imports no module that shows replies.
if TYPE_CHECKING:
    from mimo_magics.core.renderer_protocol import DisplayTarget

MIMO_MAGIC, COMPARE_MAGIC, CHECK_MAGIC, MAP_MAGIC = "mimo", "mimo_compare", "mimo_check", "mimo_map"
ASYNC_MAGICS = {
    MIMO_MAGIC: "_mimo",
    COMPARE_MAGIC: "_mimo_compare",
    CHECK_MAGIC: "_mimo_check",
    MAP_MAGIC: "_mimo_map",
}
"""The magics that can be awaited, and their async counterparts."""
CELL_MAGIC_CALL = "get_ipython().run_cell_magic"
SYNC_FUNCTIONS = ("_run_cell", "run_code")
"""Functions of IPython. A cell that runs inside one of them cannot be awaited."""
POLL_SECONDS = 0.1
"""The interval of the heartbeat.

The signal of an interrupt does not wake an event loop that waits for the network; the next timer does.
"""


class AsyncCellTransform:
    """The transform that makes the cells of one shell async."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._shell_should_run_async: Callable[..., bool] | None = None
        self._is_awaited = False
        """Whether the kernel awaits the next cell because of this transform."""

    def install(self) -> None:
        """Add the transform to the shell, if its kernel can await cells."""
        self._shell_should_run_async = getattr(self._shell, "should_run_async", None)
        if self._shell_should_run_async:
            self._shell.should_run_async = self.should_run_async
            self._shell.ast_transformers.append(self)

    def uninstall(self) -> None:
        """Remove the transform from the shell."""
        if self._shell_should_run_async:
            self._shell.should_run_async = self._shell_should_run_async
            self._shell.ast_transformers.remove(self)

    def should_run_async(self, raw_cell: str, **transformed: Any) -> bool:
        """Return whether the kernel must await a cell. The kernel calls this before it runs the cell."""
        assert self._shell_should_run_async
        cell = transformed.get("transformed_cell") or ""
        if _is_call(cell) and self._can_await():
            self._is_awaited = True
            return True
        return self._shell_should_run_async(raw_cell, **transformed)

    def visit(self, tree: ast.AST) -> ast.AST:
        """Replace the call in the syntax tree of a cell by an awaited call."""
        statement = _find_call(tree)
        if statement and self._is_awaited and self._can_await():
            self._is_awaited = False
            call: Any = statement.value
            call.args[0].value = ASYNC_MAGICS[call.args[0].value]
            statement.value = ast.copy_location(ast.Await(call), call)
        return tree

    def _can_await(self) -> bool:
        """Return whether the cell can be awaited. The kernel must have the parts of ipykernel that this needs."""
        # The first cell imports this, so that `%load_ext mimo_magics` does not.
        from mimo_magics.notebook.kernel.comm_pump import can_pump

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
        """Return whether a program runs this cell, with `run_cell` or from another cell, and cannot await it.

        For the cells of the user, the kernel awaits `run_cell_async` and calls the transforms itself.
        """
        # There is no public way to the callers of a function.
        frame = sys._getframe()  # noqa: SLF001
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
    """Return the call of a magic that can be awaited, if the cell has no other statement.

    Leave out a call with an empty body: IPython reports that error, and must report it for the public magic.
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
    """Wake the event loop regularly, so that interrupts take effect and `tick` is called without incoming data."""

    async def poll() -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            # An error of the display must not prevent an interrupt.
            with suppress(Exception):
                tick()

    task = asyncio.create_task(poll())
    try:
        yield
    finally:
        task.cancel()


class AsyncCell:
    """The async cell, as its buttons control it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._task: asyncio.Task[None] | None = None

    async def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Await the work; `stop` cancels it."""
        self._task = asyncio.create_task(coroutine)
        await self._task

    def stop(self) -> None:
        """Cancel the work, from any thread."""
        if self._task:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    def insert(self, code: str) -> None:
        """Insert a new cell with this code below, when the cell has finished."""
        self._shell.set_next_input(code)


def get_display_target(shell: Any) -> DisplayTarget:
    """Return where the output of a cell is displayed.

    A program that runs a notebook unattended does not allow input. The output in `%%capture` is displayed later. A
    front end for notebooks reports a cell id, or the server reports the notebook of the kernel. A console does
    neither, and cannot update output.
    """
    # The first cell imports this, so that `%load_ext mimo_magics` does not.
    from mimo_magics.notebook.kernel.notebook_path import was_started_for_notebook

    if isinstance(shell.display_pub, CapturingDisplayPublisher):
        return "unattended"
    if getattr(shell, "kernel", None) is None:
        return "terminal"
    if not get_message_part(shell, "content").get("allow_stdin"):
        return "unattended"
    is_notebook = "cellId" in get_message_part(shell, "metadata") or was_started_for_notebook()
    return "front end" if is_notebook else "terminal"


def is_cell_value(shell: Any) -> bool:
    """Return whether the shell is displaying the value of a cell now, and not an argument of `display`.

    The display hooks of kernels share no interface. But one of them is among the callers.
    """
    hooks = (sys.displayhook, shell.displayhook)
    # There is no public way to the callers of a function.
    frame: FrameType | None = sys._getframe()  # noqa: SLF001
    while frame := frame and frame.f_back:
        # The locals of other frames may be any mapping.
        is_method = "self" in frame.f_code.co_varnames
        if is_method and any(frame.f_locals.get("self") is hook for hook in hooks):
            return True
    return False
