"""The run of one cell: it sends the prompt in a session, shows the reply and leaves the document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from mimo_magics.core.errors import BadOption, Interrupted, SessionNotSaved
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Renderer
from mimo_magics.document.code_text import CodeText, read_code
from mimo_magics.document.reply import DisplayOptions, ReplyDocument
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
    """The run of a cell's prompt."""

    def __init__(
        self,
        request: CellRequest,
        session: Session,
        renderer: Renderer,
        tools: tuple[NotebookTool, ...],
        approve: ApprovalCallback,
        *,
        display_options: DisplayOptions,
        **stream_options: Any,
    ) -> None:
        self.request = request
        self.session = session
        self.renderer = renderer
        self._display_options = display_options
        self._approve = approve
        """Decides on tool calls where the renderer has no buttons."""
        self._tools = tools
        self._stream_options = stream_options
        """Further arguments of `Session.stream`."""
        self._running: RunningTurn | None = None

    @property
    def continues_complete_reply(self) -> bool:
        """Whether the cell continues a reply that is complete."""
        turns = self.session.turns
        return self.request.prompt is None and bool(turns) and not can_continue(turns[-1])

    @property
    def turn(self) -> Turn | None:
        """The turn when it is over and saved in the session."""
        turn = self._running.turn if self._running else None
        return turn if turn and turn.is_in_history else None

    @property
    def reply(self) -> Reply | None:
        """The reply, or the partial reply, with its value if there is a schema."""
        return self._running.finished_reply if self._running and self.turn else None

    @property
    def code(self) -> CodeText | None:
        """The code of the reply, for a cell that shows or inserts it; `None` for other cells."""
        if self.reply and (self._display_options.format == "code" or self.request.into_cell):
            return read_code(self.reply)
        return None

    @property
    def value(self) -> Reply | CodeText:
        """The value of the cell: the reply, or its code with `-f code`."""
        assert self.reply
        return self.code or CodeText() if self._display_options.format == "code" else self.reply

    @asynccontextmanager
    async def _open_turn(self) -> AsyncIterator[RunningTurn]:
        request = self.request
        turn = self.session.stream(
            request.prompt,
            keep=request.keep,
            new=request.new,
            tools=self._tools,
            schema=request.schema,
            **self._stream_options,
            **request.settings,
        )
        async with turn as self._running:
            yield self._running

    @property
    def sends_request(self) -> bool:
        """Whether the cell sends a request."""
        return not (self.request.dry_run or self.request.code)

    def build_dry_run(self) -> DryRun | str:
        """Return the request that would be sent, or code that makes the same call.

        Raises:
            BadOption: the cell continues a reply, the service has no base URL for that code, or a setting is invalid.
        """
        request, stream_options = self.request, self._stream_options
        if request.prompt is None:
            raise BadOption(
                Translatable("%mimo continue has no dry run."),
                Translatable("Remove --dry-run and --as."),
            )
        settings = dict(request.settings)
        if request.code:
            settings["api"] = settings_for_code(self.session.settings.override(settings), request.code).api
        draft = self.session.draft(
            request.prompt,
            keep=request.keep,
            new=request.new,
            tools=self._tools,
            cell=stream_options["cell"],
            append=stream_options["append"],
            reuse=(lambda _: False) if request.fresh else None,
            schema=request.schema,
            **settings,
        )
        return draft.to_code(request.code) if request.code else draft.add_warnings(request.notices)

    async def run(self) -> None:
        """Run the turn and show it."""
        async with self._open_turn() as running:
            await turn_driver.drive(running, self.renderer, self._approve)

    def run_sync(self) -> None:
        """Run the turn and show it, in a cell that cannot await."""
        turn_driver.drive_sync(self._open_turn(), self.renderer, self._approve)

    def _describe_partial_reply(self) -> Translatable:
        if not self.turn:
            return Translatable("No reply was received.")
        if not self.request.keep:
            return Translatable("The partial reply is not part of the session.")
        return Translatable("The partial reply was saved to the session; %mimo continue resumes it.")

    def _build_record(self, turn: Turn, notices: Sequence[str]) -> dict[str, Any]:
        record = self.session.record if self.request.keep else build_record(turn, is_one_off=True)
        return add_notices(record, notices)

    def _iter_advice(self, turn: Turn) -> Iterator[str]:
        """Yield how to continue an incomplete reply, which an interrupted cell says in its error, and what is missing."""
        if (
            self.request.keep
            and not turn.reply.result
            and can_continue(turn)
            and turn.reply.stop not in ("interrupted", "cut")
        ):
            yield Translatable("The reply is incomplete; %mimo continue resumes it.")
        if self.code == "":
            yield Translatable("The reply contains no code block.")

    def _leave_document(self, turn: Turn) -> None:
        """Show the document. If the user interrupts its rendering, show plain text instead."""
        notices = (*(self._running.notices if self._running else ()), *self._iter_advice(turn))
        context = self._running.context if self._running else ()
        document = ReplyDocument(self.reply or turn.reply, self._display_options, notices, context)
        metadata = {"mimo": self._build_record(turn, notices)}
        try:
            self.renderer.finish(document, metadata)
        except KeyboardInterrupt:
            self.renderer.finish(document.as_plain(), metadata)
            raise Interrupted(
                Translatable("The rendering was interrupted. The reply is saved."), reply=turn.reply
            ) from None

    @contextmanager
    def finalize_output(self) -> Iterator[None]:
        """Leave the document in the output, however the turn ends.

        Raises:
            Interrupted: the cell was interrupted. A cell that awaits is cancelled.
        """
        try:
            yield
        except (asyncio.CancelledError, KeyboardInterrupt) as error:
            cause = error.__context__
            hint = cause.message if isinstance(cause, SessionNotSaved) else ""
            raise Interrupted(self._describe_partial_reply(), hint, self.reply) from None
        finally:
            if turn := self.turn:
                self._leave_document(turn)
            else:
                self.renderer.clear()
