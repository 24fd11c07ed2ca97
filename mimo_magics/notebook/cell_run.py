"""One prompt of a cell on its way: in which session it is asked, where its answer is shown, what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

from mimo_magics.core.errors import BadOption, Interrupted
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.session import turn_driver
from mimo_magics.session.continuation import can_continue
from mimo_magics.session.dry_run import DryRun, settings_for_code
from mimo_magics.session.session import Session
from mimo_magics.session.storage.turn_record import add_notices, build_record
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.approval import ApprovalCallback
from mimo_magics.tools.tool import NotebookTool


class CellRun:
    """A cell's prompt between being read and being answered."""

    def __init__(
        self,
        request: CellRequest,
        session: Session,
        renderer: Renderer,
        tools: tuple[NotebookTool, ...],
        approve: ApprovalCallback,
        **stream_options: Any,
    ) -> None:
        self.request = request
        self.session = session
        self.renderer = renderer
        self._approve = approve
        """Decides on tool calls where the renderer has no buttons."""
        self._tools = tools
        self._stream_options = stream_options
        """What `Session.stream` is told beside that."""
        self._running: RunningTurn | None = None

    @property
    def continues_complete_reply(self) -> bool:
        """Whether it is to go on with an answer that came to its end."""
        turns = self.session.turns
        return self.request.prompt is None and bool(turns) and not can_continue(turns[-1])

    @property
    def turn(self) -> Turn | None:
        """The turn when it is over and something of it stays."""
        turn = self._running.turn if self._running else None
        return turn if turn and turn.is_in_history else None

    @property
    def reply(self) -> Reply | None:
        """The answer, or what had come of it."""
        return self.turn.reply if self.turn else None

    @asynccontextmanager
    async def _open_turn(self) -> AsyncIterator[RunningTurn]:
        request = self.request
        turn = self.session.stream(
            request.prompt,
            keep=request.keep,
            new=request.new,
            tools=self._tools,
            **self._stream_options,
            **request.settings,
        )
        async with turn as self._running:
            yield self._running

    @property
    def sends_request(self) -> bool:
        """Whether anything is to be sent at all."""
        return not (self.request.dry_run or self.request.code)

    def build_dry_run(self) -> DryRun | str:
        """Return what would be sent, or code that makes the same call.

        Raises:
            BadOption: the answer is to go on, the service has no address for that code, or a setting cannot be.
        """
        request, stream_options = self.request, self._stream_options
        if request.prompt is None:
            raise BadOption(
                Translatable("An answer that goes on is not shown before."),
                Translatable("Leave --dry-run and --as out."),
            )
        settings = dict(request.settings)
        if request.code:
            settings["api"] = settings_for_code(replace(self.session.settings, **settings), request.code).api
        draft = self.session.draft(
            request.prompt,
            keep=request.keep,
            new=request.new,
            tools=self._tools,
            cell=stream_options["cell"],
            append=stream_options["append"],
            reuse=(lambda _: False) if request.fresh else None,
            **settings,
        )
        return draft.to_code(request.code) if request.code else draft

    async def run(self) -> None:
        """Run the turn and show it."""
        async with self._open_turn() as running:
            await turn_driver.drive(running, self.renderer, self._approve)

    def run_sync(self) -> None:
        """Run the turn and show it, in a cell that cannot await."""
        turn_driver.drive_sync(self._open_turn(), self.renderer, self._approve)

    def _build_record(self, turn: Turn, notices: Sequence[str]) -> dict[str, Any]:
        record = self.session.record if self.request.keep else build_record(turn, is_one_off=True)
        return add_notices(record, notices)

    def _leave_document(self, turn: Turn) -> None:
        """Show the document; one that the person stops is not begun again."""
        notices = self._running.notices if self._running else ()
        record = self._build_record(turn, notices)
        try:
            self.renderer.finish(turn.reply, record, notices=notices)
        except KeyboardInterrupt:
            self.renderer.finish(turn.reply, record, notices=notices, is_plain=True)
            raise Interrupted(
                Translatable("The document was stopped; the answer is kept."), reply=turn.reply
            ) from None

    @contextmanager
    def finalize_output(self) -> Iterator[None]:
        """Leave the document behind, however the turn ends.

        Raises:
            Interrupted: the cell was stopped; in a cell that awaits it comes as a cancellation.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            outcome = Translatable("what had come is kept") if self.turn else Translatable("nothing had come")
            raise Interrupted(
                Translatable("The answer was stopped; {came}.", came=outcome), reply=self.reply
            ) from None
        finally:
            if turn := self.turn:
                self._leave_document(turn)
            else:
                self.renderer.clear()
