"""In which session a cell asks, as whom, and which answers it may be given again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.renderer_protocol import DisplayTarget
from mimo_magics.core.settings import Settings
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.notebook.kernel.cell_ids import CellIds
from mimo_magics.notebook.kernel.notebook_path import find_notebook, require_notebook_path
from mimo_magics.session.autosave import attach_file, move_file
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session
from mimo_magics.session.storage import resume
from mimo_magics.session.storage.session_file import SessionFile
from mimo_magics.session.storage.session_paths import get_session_path
from mimo_magics.session.turn import Turn

NO_CELL_ID_NOTICE = Translatable(
    "Jupyter did not report the cell's id, so a re-run adds a turn. Use --id NAME to replace it instead."
)


class SessionSelection:
    """What the cells of one shell have in common.

    Args:
        shell: theirs.
        sessions: those of the kernel.
        cell_ids: which of them asks.
    """

    def __init__(self, shell: Any, sessions: Sessions, cell_ids: CellIds) -> None:
        self.sessions = sessions
        self._shell = shell
        self._cell_ids = cell_ids
        self._has_shown_no_id_notice = False
        self._notebook_setting: str | None = None
        """The setting that the files of the sessions were chosen by."""
        self._notebook: Path | None = None
        """The notebook that they are saved beside."""
        self._saved_turns: dict[str, Turn] = {}
        """Those that the notebook held when it was read."""
        self._read_settings: set[str | None] = set()
        """The settings of the notebooks that were read."""

    def select_session(self, request: CellRequest, settings: Settings) -> Session:
        """Return the session that a prompt goes to, saved where it is to be.

        Raises:
            BadOption: there is no such session, or it is not known where to save it.
            BadSessionFile: its file holds something else.
            SessionNotSaved: its file cannot be written.
        """
        session = self.sessions.get_or_create(request.session) if request.session else self.sessions.current
        if deleted := self._cell_ids.take_deleted():
            for each in self.sessions:
                each.remove_cells(deleted)
        for each in self.sessions:
            each.restore_cell(self._cell_ids.id)
        self._attach_file(session, settings)
        if settings.run_all != "run":
            session.cached_turns = self._get_saved_turns(settings)
        return session

    def _attach_file(self, session: Session, settings: Settings) -> None:
        """Save the session where it is to be, if it is. What cannot be saved is told before anything is sent.

        A file that cannot be written is let go, so that another place may be named.
        """
        if not settings.autosave:
            session.file = None
            return
        notebook = require_notebook_path(self.notebook_path(settings))
        if self._notebook is None or settings.notebook != self._notebook_setting:
            self._move_files(notebook)
            self._notebook_setting, self._notebook = settings.notebook, absolute_path(notebook)
        file, session.file = session.file, None
        if file:
            file.check_writable()
            session.file = file
        else:
            path = get_session_path(notebook, session.name)
            SessionFile(path).check_writable()
            attach_file(session, path)

    def _move_files(self, notebook: Path) -> None:
        """Save all sessions that are saved beside this notebook; one that was copied keeps its files."""
        keeps_old = self._notebook is not None and self._notebook.exists()
        for session in self.sessions:
            path = get_session_path(notebook, session.name)
            if session.file and session.file.path != absolute_path(path):
                move_file(session, path, keeps_old=keeps_old)

    def load_saved_turns(self, settings: Settings) -> None:
        """Read the answers that may be kept, before the front end saves the notebook without them."""
        if settings.run_all != "run":
            self._get_saved_turns(settings)

    def notebook_path(self, settings: Settings) -> Path | None:
        """Return where the notebook is, if it is known."""
        return find_notebook(self._shell, settings.notebook)

    def build_stream_options(
        self, request: CellRequest, session: Session, target: DisplayTarget
    ) -> dict[str, Any]:
        """Return what `Session.stream` is told of who asks, and of the answers that may be given again."""
        cell = self._request_cell_id(request)
        return {
            "cell": cell,
            "append": request.append or self._cell_ids.has_sent_prompt(session.name, cell),
            "reuse": (lambda _: False) if request.fresh else None,
            "notices": tuple(self._iter_notices(request, target)),
        }

    @property
    def cell_id(self) -> str:
        """The cell that asks; empty where the front end does not tell."""
        return self._cell_ids.id

    def record_turn(self, request: CellRequest, session: Session) -> None:
        """Note that a turn of this cell was kept: when it asks twice in one run, it says two things."""
        self._cell_ids.record_prompt(session.name, self._request_cell_id(request))

    def _request_cell_id(self, request: CellRequest) -> str:
        """Return who asks; empty when nobody can tell."""
        return f"id:{request.id}" if request.id else self._cell_ids.id

    def _iter_notices(self, request: CellRequest, target: DisplayTarget) -> Iterator[str]:
        """Yield what is to be said once: that a session begins, that cells cannot be told apart."""
        if request.session and not self.sessions.get(request.session).history.all_turns:
            yield Translatable("Started session {session}.", session=request.session)
        if (
            target != "terminal"
            and request.keep
            and not self._request_cell_id(request)
            and not self._has_shown_no_id_notice
        ):
            self._has_shown_no_id_notice = True
            yield NO_CELL_ID_NOTICE

    def _get_saved_turns(self, settings: Settings) -> dict[str, Turn]:
        """Return the answers that the notebook and its files hold, by the digests of their requests.

        They are read once: a notebook that is saved while it runs has lost those of the cells that still wait.
        """
        path = self.notebook_path(settings)
        if path and settings.notebook not in self._read_settings:
            self._saved_turns |= {turn.digest: turn for turn in resume.iter_cached_turns(path)}
            self._read_settings.add(settings.notebook)
        return self._saved_turns
