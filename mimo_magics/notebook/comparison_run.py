"""The run of a cell that compares: it confirms the cost, shows the replies and leaves the document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from mimo_magics.core.errors import Interrupted, MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.comparison_request import ComparisonRequest
from mimo_magics.notebook.cost_confirmation import confirm_estimate
from mimo_magics.session import turn_driver
from mimo_magics.session.comparison.estimate import Estimate, estimate_spending
from mimo_magics.session.comparison.result import Comparison, build_candidates
from mimo_magics.session.comparison.runner import RunningComparison, open_comparison
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.session import Session
from mimo_magics.tools.approval import refuse_unattended


class ComparisonRun:
    """The run of a cell's prompt with several variants."""

    def __init__(
        self,
        request: ComparisonRequest,
        session: Session,
        renderer: Renderer,
        display_options: DisplayOptions,
        cell: str,
    ) -> None:
        self.renderer = renderer
        self._request = request
        self._session = session
        self._past = session.history.rewind_to_cell(cell).turns if request.keep else ()
        self._display_options = display_options
        self._cell = cell
        self._running: RunningComparison | None = None
        self.comparison: Comparison | None = None
        """The result, when the comparison is over and has replies."""

    @asynccontextmanager
    async def _open_comparison(self) -> AsyncIterator[RunningComparison]:
        request = self._request
        comparison_context = open_comparison(
            self._session,
            request.prompt,
            request.variants,
            past=self._past,
            at_once=request.at_once,
            notices=request.notices,
            schema=request.schema,
            **request.settings,
        )
        async with comparison_context as self._running:
            yield self._running

    async def run(self) -> None:
        """Run the comparison and show it."""
        async with self._open_comparison() as running:
            await turn_driver.drive(running, self.renderer, refuse_unattended)

    def run_sync(self) -> None:
        """Run the comparison and show it, in a cell that cannot await."""
        turn_driver.drive_sync(self._open_comparison(), self.renderer, refuse_unattended)

    @contextmanager
    def finalize_output(self) -> Iterator[None]:
        """Leave the document in the output, however the comparison ends.

        Raises:
            MimoError: all replies failed.
            Interrupted: the cell was interrupted. A cell that awaits is cancelled.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise Interrupted(
                Translatable("Replies received, whole or partial: {count}.", count=self.reply_count)
            ) from None
        finally:
            if self.reply_count:
                self.comparison = self._build_comparison()
                self.renderer.finish(self.comparison.show(), {})
            else:
                self.renderer.clear()
        assert self._running
        self._running.raise_if_all_failed()

    def _build_comparison(self) -> Comparison:
        assert self._running
        found = build_candidates(self._running)
        return Comparison(
            self._request.prompt,
            found,
            self._session,
            self._past,
            display_options=self._display_options,
            cell=self._cell,
            next_steps=Translatable(
                "%mimo_compare diff 1 2 · %mimo_compare adopt 1 · DataFrame: {variable}.to_frame()"
                if self._request.out
                else "%mimo_compare diff 1 2 · %mimo_compare adopt 1 · DataFrame: -o NAME, NAME.to_frame()",
                variable=self._request.out,
            ),
        )

    @property
    def reply_count(self) -> int:
        """Number of replies, partial ones included."""
        turns = self._running.turns.values() if self._running else ()
        return sum(turn.is_in_history for turn in turns)


def confirm_cost(
    request: ComparisonRequest, session: Session, input_function: Callable[[str], str] | None, cell: str = ""
) -> None:
    """Ask the user before a comparison that may cost more than `--ask-above`.

    Args:
        request: the request of the cell.
        session: the session of the comparison.
        input_function: asks the user; `None` in an unattended run.
        cell: the id of the cell.

    Raises:
        BadOption: the user refused, the run is unattended, or `--ask-above` is invalid.
    """
    estimate = Estimate.from_spending(
        [estimate_spending(each) for each in _iter_dry_runs(request, session, cell)]
    )
    confirm_estimate(estimate, len(request.variants), request.ask_above, input_function)


def _iter_dry_runs(request: ComparisonRequest, session: Session, cell: str) -> Iterator[DryRun]:
    """Yield the request of each variant. An invalid variant is left out: it fails later, in its column."""
    for variant in request.variants:
        options: dict[str, Any] = {**request.settings, **variant.options}
        with suppress(MimoError):
            yield session.draft(
                request.prompt, keep=request.keep, tools=(), cell=cell, schema=request.schema, **options
            )
