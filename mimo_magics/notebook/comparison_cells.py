"""The comparisons of a shell: how its cells ask for one, and what can be done with the last."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from IPython.display import display

from mimo_magics.client import portal
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Words, say
from mimo_magics.display.selection import choose_for_comparison
from mimo_magics.document import reply as reply_document
from mimo_magics.document.reply import Look
from mimo_magics.notebook import comparison_request, comparison_run as comparing
from mimo_magics.notebook.argument_parser import variables
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.notebook.comparison_request import GridRequest
from mimo_magics.notebook.comparison_run import Comparing
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.async_cell import RunningCell, heartbeat, place
from mimo_magics.notebook.kernel.comm_pump import pumped
from mimo_magics.notebook.reply_display import Answers
from mimo_magics.notebook.session_selection import Conversing
from mimo_magics.session.comparison.result import Comparison
from mimo_magics.session.session import Session


class Comparisons:
    """Those of one shell."""

    def __init__(self, shell: Any, config: MimoConfig, talk: Conversing, answers: Answers) -> None:
        self._shell = shell
        self._config = config
        self._talk = talk
        self._answers = answers
        self._last: Comparison | None = None

    def ask(self, options: Namespace, body: str) -> Comparison:
        """Ask, show the replies side by side, and return them.

        Raises:
            BadOption: the cell makes no sense, or the person does not want to spend so much.
            MimoError: all of them failed.
        """
        request = comparison_request.read(options, body, variables(self._shell))
        comparing = self._comparing(request)
        with self._kept(comparing, request.out), portal.close_on_exit(self._call(comparing)) as call:
            for variant, event in call:
                comparing.hear(variant, event)
        return self._shown()

    async def awaited(self, options: Namespace, body: str) -> Comparison:
        """Do the same in a cell that awaits."""
        request = comparison_request.read(options, body, variables(self._shell))
        running = RunningCell(self._shell)
        comparing = self._comparing(request, running)
        with self._kept(comparing, request.out):
            async with pumped(self._shell.kernel), heartbeat(comparing.surface.tick):
                await running.during(comparing.answered())
        return self._shown()

    def command(self, line: str) -> None:
        """Do what a line of `%mimo_compare` says.

        Raises:
            BadOption: it says nothing that can be done.
        """
        wanted = comparing.command(line)
        if self._last is None:
            raise BadOption(Words("Nothing was compared yet."), "%%mimo_compare --temperature 0 1")
        match wanted.name:
            case "show":
                display(self._last.show().bundle, raw=True)
            case "diff":
                display(self._last.diff(*wanted.numbers).bundle, raw=True)
            case _:
                self._adopt(self._last, *wanted.numbers)

    def _comparing(self, request: GridRequest, running: RunningCell | None = None) -> Comparing:
        session = self._session(request)
        settings = replace(session.settings, **request.settings)
        where = place(self._shell)
        comparing.approved(request, session, None if where == "unattended" else input, self._talk.cell)
        titles = [variant.title for variant in request.variants]
        look = Look(settings.format, settings.remote_images)
        surface = choose_for_comparison(where, settings, titles, running, at_once=request.at_once)
        return Comparing(request, session, surface, look, self._talk.cell)

    def _session(self, request: GridRequest) -> Session:
        everywhere = self._config.snapshot()
        session = self._talk.session(CellRequest(request.prompt, {}, session=request.session), everywhere)
        session.settings = self._talk.settings(session, everywhere)
        return session

    def _call(self, comparing: Comparing) -> portal.Call[Any]:
        return portal.Call(comparing.opening(), comparing.surface.tick)

    @contextmanager
    def _kept(self, comparing: Comparing, out: str | None) -> Iterator[None]:
        """Note what came, also when the cell was stopped."""
        try:
            with comparing.settled():
                yield
        finally:
            if comparing.comparison:
                self._last = comparing.comparison
                if out:
                    self._shell.user_ns[out] = self._last

    def _shown(self) -> Comparison:
        assert self._last
        self._answers.compared(self._last)
        return self._last

    def _adopt(self, comparison: Comparison, number: int) -> None:
        """Show the reply as the turn that it is now, so that the notebook tells of it."""
        session = comparison.session
        before_it = len(session.turns)
        reply = comparison.adopt(number)
        settings = self._config.snapshot()
        line = say(
            "Reply {number} is turn {count} of session {name} now.",
            number=number,
            count=len(session.turns),
            name=session.name,
        )
        if (gone := before_it - len(session.turns) + 1) > 0:
            line += say(
                " {gone} turn that stood there stay as a branch."
                if gone == 1
                else " {gone} turns that stood there stay as a branch.",
                gone=gone,
            )
        shown = reply_document.bundle(
            replace(reply, told=(*reply.told, line)), look=Look(settings.format, settings.remote_images)
        )
        display(shown, raw=True, metadata={"mimo": session.record})
