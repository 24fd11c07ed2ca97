"""The file in which a session is saved after each change."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.saving_process import session_with_turns

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.session.autosave import attach_file, move_file
from mimo_magics.session.session import Session
from mimo_magics.session.storage.session_file import SessionFile


def session_of(count: int) -> Session:
    session = Session()
    session.history = session_with_turns(count).history
    return session


def prompts(path: Path) -> list[str]:
    return [turn.prompt.text for turn in Session.load(path).turns]


def test_an_attached_session_is_saved_after_each_change(tmp_path: Path) -> None:
    session, path = session_of(3), tmp_path / "chat.json"
    attach_file(session, path)
    assert not path.exists()
    session.undo()
    assert prompts(path) == ["0", "1"]
    assert [len(branch.turns) for branch in Session.load(path).branches()] == [2, 3]


def test_the_turns_of_an_existing_file_become_branches(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    SessionFile(path).write(session_with_turns(2))
    session = Session()
    attach_file(session, path)
    assert (session.turns, len(session.branches())) == ((), 1)


@pytest.mark.parametrize(
    ("keeps_old", "notice"),
    [
        (False, "The session file old.json was moved to new.json."),
        (True, "The session is now saved in new.json; old.json is unchanged."),
    ],
)
def test_a_moved_session_is_saved_in_the_new_file(tmp_path: Path, keeps_old: bool, notice: str) -> None:
    session, old, new = session_of(2), tmp_path / "old.json", tmp_path / "new.json"
    attach_file(session, old)
    session.update_history(session.history)
    move_file(session, new, keeps_old=keeps_old)
    assert (old.exists(), prompts(new), session.pending_notices) == (keeps_old, ["0", "1"], [notice])


def test_an_unsuitable_file_changes_nothing(tmp_path: Path) -> None:
    session, old, new = session_of(2), tmp_path / "old.json", tmp_path / "new.json"
    attach_file(session, old)
    session.update_history(session.history)
    before, file = session.history, session.file
    new.write_text("print('mine')\n")
    with pytest.raises(BadSessionFile):
        move_file(session, new, keeps_old=False)
    assert (session.history, session.file, session.pending_notices) == (before, file, [])
    assert (old.exists(), new.read_text()) == (True, "print('mine')\n")


def test_a_session_saved_to_its_file_by_another_path_can_be_saved_again(tmp_path: Path) -> None:
    session, path = session_of(3), tmp_path / "chat.json"
    attach_file(session, path)
    session.undo()
    link = tmp_path / "link.json"
    link.symlink_to(path)
    for other in (link, tmp_path / "folder" / ".." / "chat.json"):
        session.save(other)
    session.undo()
    assert prompts(path) == ["0"]
