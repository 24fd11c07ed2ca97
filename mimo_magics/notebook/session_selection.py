"""In which session a cell asks, as whom, and which answers it may be given again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mimo_magics.core.i18n import Words, say
from mimo_magics.core.renderer_protocol import Place
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.notebook.kernel.cell_ids import Cells
from mimo_magics.notebook.kernel.notebook_path import needed, notebook as find_notebook
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session
from mimo_magics.session.storage import resume
from mimo_magics.session.storage.session_paths import session_file
from mimo_magics.session.turn import Turn, day

NO_ID = Words(
    "This front end does not tell which cell asks: a cell that is run again adds a turn. --id NAME gives it a name."
)


class Conversing:
    """What the cells of one shell have in common.

    Args:
        shell: theirs.
        sessions: those of the kernel.
        cells: which of them asks.
    """

    def __init__(self, shell: Any, sessions: Sessions, cells: Cells) -> None:
        self.sessions = sessions
        self._shell = shell
        self._cells = cells
        self._told_no_id = False
        self._answers: dict[str, Turn] | None = None
        """Those that the notebook held when it was read; `None` before."""
        self._keeps: bool | None = None
        """What the person said to keeping answers; `None` before."""

    def session(self, request: CellRequest, settings: Settings) -> Session:
        """Return the session that a prompt goes to, saved where it is to be.

        Raises:
            BadOption: there is no such session, or it is not known where to save it.
            BadSessionFile: its file holds something else.
        """
        session = self.sessions.named(request.session) if request.session else self.sessions.current
        if deleted := self._cells.deleted():
            for each in self.sessions:
                each.forget(deleted)
        if not settings.autosave:
            session.file = None
        elif session.file is None:
            session.keep_in(session_file(needed(self.path(settings)), session.name))
        if settings.run_all != "run":
            session.answers = self._saved(settings)
        return session

    def settings(self, session: Session, settings: Settings) -> Settings:
        """Return the settings of a session: those of the kernel, with its own system prompt if it has one."""
        return settings if session.system is None else replace(settings, system=session.system)

    def up_to_date(self, settings: Settings) -> Sessions:
        """Return the sessions, each with the settings that a cell would ask with."""
        for session in self.sessions:
            session.settings = self.settings(session, settings)
        return self.sessions

    def look(self, settings: Settings) -> None:
        """Read the answers that may be kept, before the front end saves the notebook without them."""
        if settings.run_all != "run":
            self._saved(settings)

    def path(self, settings: Settings) -> Path | None:
        """Return where the notebook is, if it is known."""
        return find_notebook(self._shell, settings.notebook)

    def told(
        self, request: CellRequest, session: Session, settings: Settings, place: Place
    ) -> dict[str, Any]:
        """Return what `Session.stream` is told of who asks, and of the answers that may be given again."""
        cell = self._cell(request)
        ask = None if place == "unattended" else input
        return {
            "cell": cell,
            "append": request.append or self._cells.has_asked(session.name, cell),
            "reuse": (lambda _: False) if request.fresh else partial(self._reuse, settings, ask),
            "remarks": tuple(self._remarks(request, place)),
        }

    @property
    def cell(self) -> str:
        """The cell that asks; empty where the front end does not tell."""
        return self._cells.id

    def asked(self, request: CellRequest, session: Session) -> None:
        """Note that a turn of this cell was kept: when it asks twice in one run, it says two things."""
        self._cells.asks(session.name, self._cell(request))

    def _cell(self, request: CellRequest) -> str:
        """Return who asks; empty when nobody can tell."""
        return f"id:{request.id}" if request.id else self._cells.id

    def _remarks(self, request: CellRequest, place: Place) -> Iterator[str]:
        """Yield what is to be said once: that a session begins, that cells cannot be told apart."""
        if request.session and not self.sessions.get(request.session).history.all:
            yield Words("The session {session} begins here.", session=request.session)
        if place != "terminal" and request.keep and not self._cell(request) and not self._told_no_id:
            self._told_no_id = True
            yield NO_ID

    def _saved(self, settings: Settings) -> dict[str, Turn]:
        """Return the answers that the notebook and its files hold, by the digests of their requests.

        They are read once: a notebook that is saved while it runs has lost those of the cells that still wait.
        """
        path = self.path(settings)
        if self._answers is None and path:
            self._answers = {turn.digest: turn for turn in resume.answers(path)}
        return self._answers or {}

    def _reuse(self, settings: Settings, ask: Callable[[str], str] | None, turn: Turn) -> bool:
        """Decide whether an answer that is there is given again.

        Args:
            settings: which say so, or that the person is asked, once.
            ask: asks a person; `None` where nobody is.
            turn: with the answer.
        """
        if settings.run_all == "ask" and self._keeps is None and ask:
            found = say("This notebook holds answers, such as this one of {day}.", day=day(turn))
            said = ask(say("{found} Keep them instead of asking anew? [y/N] ", found=found))
            self._keeps = said.strip().lower() in ("y", "yes")
        return settings.run_all == "keep" or bool(self._keeps)
