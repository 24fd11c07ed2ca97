"""A cell that awaits: while `%%mimo` runs, the kernel goes on handling messages, and an interrupt lands at once.

A transform of the input turns an outermost `%%mimo` or `%%mimo_compare` into an await of a private magic. All else stays
synchronous: `run_cell_magic("mimo", ...)` in a program, `%%mimo` inside `%%time` or `%%capture`, a cell that a
program runs by `run_cell`, `%autoawait off`, and IPython in a terminal, where Ctrl-C would leave an awaited call
behind. https://ipython.readthedocs.io/en/stable/config/inputtransforms.html
"""

from __future__ import annotations

import asyncio
import re
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
SYNC_CALL_PREFIXES = {
    f"get_ipython().run_cell_magic({public!r},": private for public, private in ASYNC_MAGICS.items()
}
SYNC_FUNCTIONS = ("_run_cell", "run_code")
"""IPython's functions below which no cell is awaited."""
POLL_SECONDS = 0.1
"""Seconds. The signal of an interrupt does not wake a loop that waits for the network; its next timer does."""


class AsyncCellTransform:
    """The transform of one shell."""

    has_side_effects = False

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def install(self) -> None:
        """Take part in the shell's work."""
        self._shell.input_transformers_cleanup.append(protect_question_marks)
        self._shell.input_transformers_post.append(self)

    def uninstall(self) -> None:
        """Leave nothing behind."""
        self._shell.input_transformers_cleanup.remove(protect_question_marks)
        self._shell.input_transformers_post.remove(self)

    def __call__(self, lines: list[str]) -> list[str]:
        prefix = next((head for head in SYNC_CALL_PREFIXES if lines and lines[0].startswith(head)), "")
        if prefix and not _is_empty(lines) and self._can_await():
            async_prefix = f"await get_ipython().run_cell_magic({SYNC_CALL_PREFIXES[prefix]!r},"
            return [async_prefix + lines[0].removeprefix(prefix), *lines[1:]]
        return lines

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


QUESTION_LINE_PATTERN = re.compile(rf"(\s*(?:[\w.,\[\] ]+=\s*)?)%{MIMO_MAGIC}\s+(\S.*\?)\s*")
TRIPLE_QUOTE_PATTERN = re.compile(r"#.*|'''|\"\"\"")


def _is_empty(lines: list[str]) -> bool:
    """Tell whether nothing stands below a cell's magic: IPython says so itself, and names the magic that it finds."""
    return lines[-1].rstrip().endswith(", '')")


def protect_question_marks(lines: list[str]) -> list[str]:
    """Let the prompt of a `%mimo` line end in a question mark, which IPython takes for a wish for help.

    Lines of other magics' cells and of texts in triple quotes are not ours.
    """
    if lines and lines[0].startswith("%%"):
        return lines
    quote = ""
    result = []
    for line in lines:
        match = None if quote else QUESTION_LINE_PATTERN.fullmatch(line)
        result.append(_magic_call(match) if match else line)
        quote = quote if match else _open_quote(line, quote)
    return result


def _open_quote(line: str, quote: str) -> str:
    """Follow the triple quotes of a line: which of them is open at its end?"""
    for mark in TRIPLE_QUOTE_PATTERN.findall(line):
        if not quote and not mark.startswith("#"):
            quote = mark
        elif mark == quote:
            quote = ""
        elif not quote:
            break
    return quote


def _magic_call(match: re.Match[str]) -> str:
    return f"{match[1]}get_ipython().run_line_magic({MIMO_MAGIC!r}, {match[2]!r})\n"


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
