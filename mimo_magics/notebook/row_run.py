"""A run over rows in its cell: its progress, its document, its value, and what an interrupt leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Generic, Protocol, TypeVar

from mimo_magics.client import portal
from mimo_magics.core.errors import Interrupted, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.notebook.kernel.async_cell import AsyncCell, heartbeat
from mimo_magics.notebook.kernel.comm_pump import pump_comm_messages
from mimo_magics.notebook.reply_display import ReplyDisplay
from mimo_magics.session.comparison.result import DisplayBundle


class WatchedRun(Protocol):
    """A run that yields its progress."""

    @property
    def progress(self) -> RunProgress:
        """The progress until now."""

    @property
    def stopped(self) -> MimoError | None:
        """Why it ended before the last row."""

    def watch(self) -> AsyncGenerator[RunProgress]:
        """Run, and yield the progress."""

    def close(self) -> None:
        """Close what it has open."""


class SelfDisplaying(Protocol):
    """A value with a MIME bundle."""

    def _repr_mimebundle_(self) -> dict[str, str]: ...


Value = TypeVar("Value", bound=SelfDisplaying)


class RowRun(Generic[Value]):
    """Shows a run in its cell. The result is shown and kept however the run ends.

    Args:
        run: the run.
        renderer: shows the progress and then the document.
        build_result: returns the value of the cell from what the run did.
        keep: keeps the value, such as in a variable.
    """

    def __init__(
        self,
        run: WatchedRun,
        renderer: Renderer,
        build_result: Callable[[], Value],
        keep: Callable[[Value], None],
    ) -> None:
        self._run = run
        self._renderer = renderer
        self._build_result = build_result
        self._keep = keep
        self._result: Value | None = None

    def run_sync(self, reply_display: ReplyDisplay) -> Value:
        """Run, and return the value of the cell, for callers that cannot await.

        Raises:
            MimoError: the service cannot be called, or the run stopped before its end; the document shows what it did.
            Interrupted: the cell was interrupted.
        """
        with (
            self._finalize_output(),
            portal.PortalStream(aclosing(self._run.watch()), self._renderer.tick) as stream,
        ):
            for progress in stream:
                self._renderer.show(progress)
        return self._mark_shown(reply_display)

    async def run_async(self, reply_display: ReplyDisplay, async_cell: AsyncCell, kernel: Any) -> Value:
        """Do the same in a cell that awaits."""
        with self._finalize_output():
            async with pump_comm_messages(kernel), heartbeat(self._renderer.tick):
                await async_cell.run(self._drive())
        return self._mark_shown(reply_display)

    async def _drive(self) -> None:
        self._renderer.start({})
        async with aclosing(self._run.watch()) as running:
            async for progress in running:
                self._renderer.show(progress)

    @contextmanager
    def _finalize_output(self) -> Iterator[None]:
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            self._leave_document()
            progress = self._run.progress
            raise Interrupted(
                Translatable("{count:,} rows have a result.", count=progress.done - progress.failed),
                Translatable("The results are saved. Run the cell again to go on."),
            ) from None
        except BaseException:
            self._renderer.clear()
            raise
        else:
            self._leave_document()
        finally:
            self._run.close()
        if self._run.stopped:
            raise self._run.stopped.with_traceback(None)

    def _leave_document(self) -> None:
        self._result = result = self._build_result()
        self._keep(result)
        self._renderer.finish(DisplayBundle(result._repr_mimebundle_()), {})

    def _mark_shown(self, reply_display: ReplyDisplay) -> Value:
        assert self._result is not None
        reply_display.record_value(self._result)
        return self._result
