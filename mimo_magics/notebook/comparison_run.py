"""A cell that compares, on its way: what it may cost, what is heard of it, and the document that it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from mimo_magics.core.errors import BadOption, Interrupted, MimoError
from mimo_magics.core.events import Event
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.renderer_protocol import ComparisonRenderer
from mimo_magics.core.text import replace_unencodable_characters
from mimo_magics.document.reply import DisplayOptions
from mimo_magics.notebook.comparison_request import ComparisonRequest
from mimo_magics.session.comparison.estimate import EXPECTED_OUTPUT_TOKENS, Estimate, estimate_spending
from mimo_magics.session.comparison.result import Comparison, build_candidates
from mimo_magics.session.comparison.runner import RunningComparison
from mimo_magics.session.dry_run import DryRun
from mimo_magics.session.limits.budget import Budget
from mimo_magics.session.session import Session


class ComparisonRun:
    """A cell's prompt between being read and all of its answers."""

    def __init__(
        self,
        request: ComparisonRequest,
        session: Session,
        renderer: ComparisonRenderer,
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
        """What came, when it is over and something did."""

    @asynccontextmanager
    async def open_comparison(self) -> AsyncIterator[RunningComparison]:
        """Ask."""
        request = self._request
        comparison_context = self._session.stream_comparison(
            request.prompt, request.variants, past=self._past, at_once=request.at_once, **request.settings
        )
        async with comparison_context as self._running:
            yield self._running

    async def run(self) -> None:
        """Let all of them be answered, and shown while they come."""
        async with self.open_comparison() as running:
            async for index, event in running:
                self.show_event(index, event)

    def show_event(self, index: int, event: Event | None) -> None:
        """Show what happens to one of them, or that it is over."""
        if event:
            self.renderer.show(index, event)
        else:
            assert self._running
            failure = self._running.failures.get(index)
            self.renderer.end_reply(index, translate(failure.message) if failure else "")

    @contextmanager
    def finalize_output(self) -> Iterator[None]:
        """Leave the document behind, however it ends.

        Raises:
            MimoError: all of them failed.
            Interrupted: the cell was stopped; in a cell that awaits it comes as a cancellation.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise Interrupted(
                Translatable("The comparison was stopped; {came} of the replies came.", came=self.reply_count)
            ) from None
        finally:
            if self.reply_count:
                self.comparison = self._build_comparison()
                self.renderer.finish(self.comparison.show().bundle, {})
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
        )

    @property
    def reply_count(self) -> int:
        """How many replies came, or a part of them."""
        turns = self._running.turns.values() if self._running else ()
        return sum(turn.is_in_history for turn in turns)


def confirm_cost(
    request: ComparisonRequest, session: Session, input_function: Callable[[str], str] | None, cell: str = ""
) -> None:
    """Ask a person before much is spent.

    Args:
        request: what the cell wants.
        session: that it asks in.
        input_function: asks a person; `None` where nobody is.
        cell: the one that asks.

    Raises:
        BadOption: the person does not want it, nobody can be asked, or the bound cannot be read.
    """
    estimate = Estimate.from_spending(
        [estimate_spending(each) for each in _iter_dry_runs(request, session, cell)]
    )
    if not estimate.exceeds(Budget.parse(request.ask_above)):
        return
    summary = Translatable(
        "{calls} calls, about {estimate} with {expected:,} tokens for each answer",
        calls=len(request.variants),
        estimate=estimate.text,
        expected=EXPECTED_OUTPUT_TOKENS,
    )
    if input_function is None:
        raise BadOption(
            Translatable("The comparison makes {told}.", told=summary),
            Translatable("Allow it by a higher bound: --ask-above '5 USD'"),
        )
    translated_summary = translate(summary)
    question = translate(
        "{told}. Go on? [y/N] ", told=f"{translated_summary[0].upper()}{translated_summary[1:]}"
    )
    if input_function(replace_unencodable_characters(question)).strip().lower() not in ("y", "yes"):
        raise BadOption(
            Translatable("Nothing was asked."),
            Translatable("--ask-above changes from which amount on you are asked."),
        )


def _iter_dry_runs(request: ComparisonRequest, session: Session, cell: str) -> Iterator[DryRun]:
    """Yield what would be sent; a variant that cannot be fails later, in its column."""
    for variant in request.variants:
        options: dict[str, Any] = {**request.settings, **variant.options}
        with suppress(MimoError):
            yield session.draft(request.prompt, keep=request.keep, tools=(), cell=cell, **options)
