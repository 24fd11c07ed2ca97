"""The file in which a session is saved after each change."""

from __future__ import annotations

import os
from pathlib import Path

from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote
from mimo_magics.session.session import Session
from mimo_magics.session.storage.session_file import SessionFile

MAX_FILE_NAME_CHARS = 200
"""Characters of a file name in a notice."""


def attach_file(session: Session, path: Path) -> None:
    """Save a session in this file from now on. Turns that the file holds stay in it, as branches.

    Raises:
        BadSessionFile: the file holds something else.
        SessionNotSaved: the file cannot be written.
    """
    file = SessionFile(path)
    # `Path.exists` raises an error for a name that is too long
    if os.path.exists(path):  # noqa: PTH110
        session.history = session.merge_history(file.read())
    session.file = file


def move_file(session: Session, path: Path, *, keeps_old: bool) -> None:
    """Save a session in another file from now on, and report it with the next reply.

    Turns that the other file holds stay in it, as branches.

    Args:
        session: with a file.
        path: of the other file.
        keeps_old: whether the old file stays. One that another program changed stays in any case.

    Raises:
        BadSessionFile: the other file holds something else; nothing changes.
        SessionNotSaved: the other file cannot be written; nothing changes.
    """
    old_file, history = session.file, session.history
    assert old_file is not None
    try:
        attach_file(session, path)
        session.update_history(session.history)
    except BaseException:
        session.file, session.history = old_file, history
        raise
    is_moved = not keeps_old and old_file.remove()
    session.pending_notices.append(
        Translatable(
            "The session file {old} was moved to {new}."
            if is_moved
            else "The session is now saved in {new}; {old} is unchanged.",
            old=quote(old_file.path.name, MAX_FILE_NAME_CHARS),
            new=quote(path.name, MAX_FILE_NAME_CHARS),
        )
    )
