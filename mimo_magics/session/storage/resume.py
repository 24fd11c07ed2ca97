"""Loading of the sessions of a notebook, from its session files and from the turn records in its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote
from mimo_magics.session.session import Session
from mimo_magics.session.session_names import MAX_NAME_CHARS, SESSION_NAME_PATTERN
from mimo_magics.session.storage import notebook_reader
from mimo_magics.session.storage.session_paths import get_session_path, list_session_files
from mimo_magics.session.turn import Turn

MAX_FILE_NAME_CHARS = 200
RECORD_TIME_PRECISION = 0.001
"""Seconds to which a turn record is rounded. A session file has the full precision."""


def load_sessions(path: Path) -> tuple[dict[str, Session], tuple[str, ...]]:
    """Return the sessions of a notebook by name. Each comes from the source with its latest turn.

    Returns:
        The sessions, and a sentence for each file and each output that was skipped.

    Raises:
        BadSessionFile: there is no session.
    """
    saved, file_errors = _load_saved_sessions(path)
    skipped_files = tuple(error.message for error in file_errors)
    try:
        notebook_sessions = notebook_reader.read_notebook(path)
    except BadSessionFile:
        if saved:
            return saved, skipped_files
        if file_errors:
            raise file_errors[0] from None
        raise
    for name, history in notebook_sessions.sessions.items():
        if (
            name not in saved
            or history.latest_created_at > saved[name].history.latest_created_at + RECORD_TIME_PRECISION
        ):
            saved[name] = Session(name=name)
            saved[name].history = history
    return saved, (*skipped_files, *notebook_sessions.skipped)


def iter_cached_turns(path: Path) -> Iterator[Turn]:
    """Yield the complete turns of a notebook and its session files. Files that cannot be read are skipped."""
    for file in (*list_session_files(path), path):
        try:
            histories = (
                notebook_reader.read_notebook(file).sessions.values()
                if file == path
                else [Session.load(file).history]
            )
        except BadSessionFile:
            continue
        for history in histories:
            yield from (turn for turn in history.all_turns if turn.is_complete and turn.digest)


def _load_saved_sessions(path: Path) -> tuple[dict[str, Session], list[BadSessionFile]]:
    """Return the sessions of the session files, and the errors of the other files."""
    saved: dict[str, Session] = {}
    errors: list[BadSessionFile] = []
    for file in list_session_files(path):
        try:
            session = _load_named_session(file)
        except BadSessionFile as error:
            errors.append(error)
            continue
        # The file may belong to a notebook with a longer name.
        if file == get_session_path(path, session.name):
            saved[session.name] = session
    return saved, errors


def _load_named_session(file: Path) -> Session:
    session = Session.load(file)
    if SESSION_NAME_PATTERN.fullmatch(session.name):
        return session
    raise BadSessionFile(
        Translatable(
            "{file} has a session with the invalid name {name!r}.",
            file=quote(file.name, MAX_FILE_NAME_CHARS),
            name=quote(session.name, MAX_NAME_CHARS),
        ),
        Translatable("In Python, Session.load(PATH) loads it."),
    )
