"""What was said in a notebook: as its outputs tell it, or the files beside it, which tell more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.session.session import Session
from mimo_magics.session.storage import notebook_reader
from mimo_magics.session.storage.session_paths import files, session_file
from mimo_magics.session.turn import Turn

ROUNDED = 0.001
"""Seconds to which an output tells when it was asked; a file tells it to the full."""


def sessions(path: Path) -> tuple[dict[str, Session], tuple[str, ...]]:
    """Return the sessions of a notebook by name, each as whoever knows its newest turn tells it.

    Returns:
        The sessions, and a sentence for each output that belongs to none of them.

    Raises:
        BadSessionFile: a file beside the notebook is damaged, or nothing tells of a session.
    """
    saved = dict(_saved(path))
    try:
        found = notebook_reader.read(path)
    except BadSessionFile:
        if not saved:
            raise
        return saved, ()
    for name, history in found.sessions.items():
        if name not in saved or history.newest > saved[name].history.newest + ROUNDED:
            saved[name] = Session(name=name)
            saved[name].history = history
    return saved, found.left


def answers(path: Path) -> Iterator[Turn]:
    """Yield the turns with whole answers that the notebook and the files beside it tell of, as far as they can be read."""
    for file in (*files(path), path):
        try:
            told = (
                notebook_reader.read(file).sessions.values() if file == path else [Session.load(file).history]
            )
        except BadSessionFile:
            continue
        for history in told:
            yield from (turn for turn in history.all if turn.whole and turn.digest)


def _saved(path: Path) -> Iterator[tuple[str, Session]]:
    for file in files(path):
        session = Session.load(file)
        if file == session_file(path, session.name):  # and not of a notebook with a longer name
            yield session.name, session
