"""What was said in a notebook: as its outputs tell it, or the files beside it, which tell more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.session.session import Session
from mimo_magics.session.storage import notebook_reader
from mimo_magics.session.storage.session_paths import get_session_path, list_session_files
from mimo_magics.session.turn import Turn

RECORD_TIME_PRECISION = 0.001
"""Seconds to which an output tells when it was asked; a file tells it to the full."""


def load_sessions(path: Path) -> tuple[dict[str, Session], tuple[str, ...]]:
    """Return the sessions of a notebook by name, each as whoever knows its newest turn tells it.

    Returns:
        The sessions, and a sentence for each output that belongs to none of them.

    Raises:
        BadSessionFile: a file beside the notebook is damaged, or nothing tells of a session.
    """
    saved = dict(_load_saved_sessions(path))
    try:
        notebook_sessions = notebook_reader.read_notebook(path)
    except BadSessionFile:
        if not saved:
            raise
        return saved, ()
    for name, history in notebook_sessions.sessions.items():
        if (
            name not in saved
            or history.latest_created_at > saved[name].history.latest_created_at + RECORD_TIME_PRECISION
        ):
            saved[name] = Session(name=name)
            saved[name].history = history
    return saved, notebook_sessions.skipped


def iter_cached_turns(path: Path) -> Iterator[Turn]:
    """Yield the turns with whole answers that the notebook and the files beside it tell of, as far as they can be read."""
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


def _load_saved_sessions(path: Path) -> Iterator[tuple[str, Session]]:
    for file in list_session_files(path):
        session = Session.load(file)
        if file == get_session_path(path, session.name):  # and not of a notebook with a longer name
            yield session.name, session
