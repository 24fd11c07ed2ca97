"""The session of a cell: which one its prompt goes to, where it is saved, and which cached replies it may reuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from mimo_magics.core.errors import SessionBusy
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.models import estimate_tokens
from mimo_magics.core.renderer_protocol import DisplayTarget
from mimo_magics.core.settings import Settings
from mimo_magics.core.working_folder import absolute_path
from mimo_magics.notebook.cell_request import CellRequest
from mimo_magics.notebook.kernel.cell_ids import CellIds
from mimo_magics.notebook.kernel.notebook_path import find_notebook, require_notebook_path
from mimo_magics.session.autosave import attach_file, move_file
from mimo_magics.session.deleted_cells import remove_cells, restore_cell
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session
from mimo_magics.session.storage import resume
from mimo_magics.session.storage.session_file import SessionFile
from mimo_magics.session.storage.session_paths import get_session_path
from mimo_magics.session.turn import Turn

LARGE_PROMPT_TOKENS = 10_000
"""Estimated tokens of a prompt above which a notice names the cost of keeping it in the session."""
NO_CELL_ID_NOTICE = Translatable(
    "Jupyter did not report the cell's id, so a re-run adds a turn. Use --id NAME to replace it instead."
)


class SessionSelection:
    """Selects the session for each cell of one shell.

    Args:
        shell: the shell.
        sessions: open sessions of the kernel.
        cell_ids: ids of the running and the deleted cells.
    """

    def __init__(self, shell: Any, sessions: Sessions, cell_ids: CellIds) -> None:
        self.sessions = sessions
        self._shell = shell
        self._cell_ids = cell_ids
        self._has_shown_no_id_notice = False
        self._notebook_setting: str | None = None
        """Value of the setting `notebook` when the session files were selected."""
        self._notebook: Path | None = None
        """The notebook of the session files."""
        self._saved_turns: dict[str, Turn] = {}
        """Turns that the notebook and its files held when they were read, by digest."""
        self._deleted_cells: WeakKeyDictionary[Session, frozenset[str]] = WeakKeyDictionary()
        """Ids of deleted cells whose turns a session still holds, because it was busy."""
        self._read_settings: set[str | None] = set()
        """Values of the setting `notebook` whose notebooks were read."""

    def select_session(self, request: CellRequest, settings: Settings) -> Session:
        """Return the session for a prompt, with its file attached if `autosave` is on.

        Raises:
            BadOption: the session name is not valid, or the path of the notebook is unknown.
            BadSessionFile: the session file holds something else.
            SessionNotSaved: the session file cannot be written.
        """
        session = self.sessions.get_or_create(request.session) if request.session else self.sessions.current
        deleted = self._cell_ids.take_deleted()
        for each in self.sessions:
            self._deleted_cells[each] = self._deleted_cells.get(each, frozenset()) | deleted
            # A busy session follows the deleted cells with a later prompt.
            if each is session or not each.lock.is_held:
                self._follow_cells(each)
        self._attach_file(session, settings)
        if settings.run_all != "run":
            session.cached_turns = self._get_saved_turns(settings)
        return session

    def _follow_cells(self, session: Session) -> None:
        """Remove the turns of deleted cells from a session, and restore those of the running cell."""
        if deleted := self._deleted_cells.pop(session, frozenset()):
            try:
                remove_cells(session, deleted)
            except SessionBusy:
                self._deleted_cells[session] = deleted
                raise
        restore_cell(session, self._cell_ids.id)

    def _attach_file(self, session: Session, settings: Settings) -> None:
        """Attach the session file, so that a file that cannot be written is an error before a prompt is sent.

        Such a file is detached, so that the user can choose another place.
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
        """Move the session files to a renamed notebook. A copied notebook keeps its files."""
        keeps_old = self._notebook is not None and self._notebook.exists()
        for session in self.sessions:
            path = get_session_path(notebook, session.name)
            if session.file and session.file.path != absolute_path(path):
                move_file(session, path, keeps_old=keeps_old)

    def load_saved_turns(self, settings: Settings) -> None:
        """Read the replies that may be reused, before the front end saves the notebook without them."""
        if settings.run_all != "run":
            self._get_saved_turns(settings)

    def notebook_path(self, settings: Settings) -> Path | None:
        """Return the path of the notebook, if it is known."""
        return find_notebook(self._shell, settings.notebook)

    def build_stream_options(
        self, request: CellRequest, session: Session, target: DisplayTarget
    ) -> dict[str, Any]:
        """Return the arguments of `Session.stream` about the cell, reuse and notices."""
        cell = self._request_cell_id(request)
        return {
            "cell": cell,
            "append": request.append or self._cell_ids.has_sent_prompt(session.name, cell),
            "reuse": (lambda _: False) if request.fresh else None,
            "notices": tuple(self._iter_notices(request, target)),
        }

    @property
    def cell_id(self) -> str:
        """Id of the running cell; empty if the front end reports none."""
        return self._cell_ids.id

    def record_turn(self, request: CellRequest, session: Session) -> None:
        """Record that this cell added a turn. Its next prompt in the same run is appended, as in a loop."""
        self._cell_ids.record_prompt(session.name, self._request_cell_id(request))

    def _request_cell_id(self, request: CellRequest) -> str:
        """Return the cell for the turn; empty if it is unknown."""
        return f"id:{request.id}" if request.id else self._cell_ids.id

    def _iter_notices(self, request: CellRequest, target: DisplayTarget) -> Iterator[str]:
        """Yield the notices about the prompt, a new session and a missing cell id."""
        yield from request.notices
        tokens = round(estimate_tokens(request.prompt_text))
        if request.keep and tokens > LARGE_PROMPT_TOKENS:
            yield Translatable(
                "The prompt has about {tokens:,} tokens, which stay in the session and are sent with each later prompt. "
                "Use --no-history for a one-off prompt.",
                tokens=tokens,
            )
        if request.session and not self.sessions.get(request.session).history.all_turns:
            yield Translatable("Started session {session}.", session=request.session)
        # A program that runs a notebook unattended runs each cell once.
        if (
            target == "front end"
            and request.keep
            and not self._request_cell_id(request)
            and not self._has_shown_no_id_notice
        ):
            self._has_shown_no_id_notice = True
            yield NO_CELL_ID_NOTICE

    def _get_saved_turns(self, settings: Settings) -> dict[str, Turn]:
        """Return the turns that the notebook and its files hold, by digest.

        They are read once. A notebook that is saved while it runs has lost the outputs of the queued cells.
        """
        path = self.notebook_path(settings)
        if path and settings.notebook not in self._read_settings:
            self._saved_turns |= {turn.digest: turn for turn in resume.iter_cached_turns(path)}
            self._read_settings.add(settings.notebook)
        return self._saved_turns
