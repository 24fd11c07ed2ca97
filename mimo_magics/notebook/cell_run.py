"""One prompt of a cell on its way: in which session it is asked, where its answer is shown, what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from typing import Any

from mimo_magics.core.errors import BadOption, Interrupted
from mimo_magics.core.i18n import Words
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Surface
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.session.continuation import can_go_on
from mimo_magics.session.dry_run import Draft, for_sdk
from mimo_magics.session.session import Session
from mimo_magics.session.storage.turn_record import record
from mimo_magics.session.sync_calls import TurnCall
from mimo_magics.session.turn import Turn
from mimo_magics.session.turn_runner import RunningTurn
from mimo_magics.tools.approval import ApprovalCallback, decide, get_pending_approval
from mimo_magics.tools.tool import NotebookTool


class Asking:
    """A cell's prompt between being read and being answered."""

    def __init__(
        self,
        request: CellRequest,
        session: Session,
        surface: Surface,
        tools: tuple[NotebookTool, ...],
        decide: ApprovalCallback,
        **told: Any,
    ) -> None:
        self.request = request
        self.session = session
        self.surface = surface
        self.decide = decide
        """Decides on tool calls where the surface has no buttons for it."""
        self._tools = tools
        self._told = told
        """What `Session.stream` is told beside that."""
        self.running: RunningTurn | TurnCall | None = None
        """Set by whoever drives it, one way or the other."""

    @property
    def is_over(self) -> bool:
        """Whether it is to go on with an answer that came to its end."""
        turns = self.session.turns
        return self.request.prompt is None and bool(turns) and not can_go_on(turns[-1])

    @property
    def turn(self) -> Turn | None:
        """The turn when it is over and something of it stays."""
        turn = self.running.turn if self.running else None
        return turn if turn and turn.kept else None

    @property
    def reply(self) -> Reply | None:
        """The answer, or what had come of it."""
        return self.turn.reply if self.turn else None

    def opening(self) -> AbstractAsyncContextManager[RunningTurn]:
        """Return the turn to be opened."""
        request = self.request
        return self.session.stream(
            request.prompt,
            keep=request.keep,
            new=request.new,
            tools=self._tools,
            **self._told,
            **request.settings,
        )

    @property
    def sends(self) -> bool:
        """Whether anything is to be sent at all."""
        return not (self.request.dry_run or self.request.code)

    def laid_open(self) -> Draft | str:
        """Return what would be sent, or code that makes the same call.

        Raises:
            BadOption: the answer is to go on, the service has no address for that code, or a setting cannot be.
        """
        request, told = self.request, self._told
        if request.prompt is None:
            raise BadOption(
                Words("An answer that goes on is not shown before."), Words("Leave --dry-run and --as out.")
            )
        settings = dict(request.settings)
        if request.code:
            settings["api"] = for_sdk(replace(self.session.settings, **settings), request.code).api
        draft = self.session.draft(
            request.prompt,
            keep=request.keep,
            new=request.new,
            tools=self._tools,
            cell=told["cell"],
            append=told["append"],
            reuse=(lambda _: False) if request.fresh else None,
            **settings,
        )
        return draft.code(request.code) if request.code else draft

    async def answered(self) -> None:
        """Let it be answered, and shown while it comes."""
        async with self.opening() as running:
            self.running = running
            async for event in running:
                self.surface.show(event)
                if (waiting := get_pending_approval(event)) and not await self.surface.has_buttons():
                    decide(waiting, self.decide)

    def _record(self, turn: Turn) -> dict[str, Any]:
        if not self.request.keep:
            return record(turn, aside=True)
        return self.session.record

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Leave the document behind, however the turn ends.

        Raises:
            Interrupted: the cell was stopped; in a cell that awaits it comes as a cancellation.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt):
            came = Words("what had come is kept") if self.turn else Words("nothing had come")
            raise Interrupted(Words("The answer was stopped; {came}.", came=came), reply=self.reply) from None
        finally:
            if turn := self.turn:
                self.surface.finish(turn.reply, self._record(turn))
            else:
                self.surface.clear()
