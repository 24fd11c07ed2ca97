"""The lock of a file: one writer at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import lock_descriptor
from support import saving_process
from support.saved_session import SAVED
from support.saving_process import session_with_turns

from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.session.storage.session_file import SessionFile
from mimo_magics.tape import lock
from mimo_magics.tape.lock import lock_file


def test_processes_that_save_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    SessionFile(path).write(session_with_turns())
    command = [sys.executable, saving_process.__file__, "beside", str(path)]
    processes = [subprocess.Popen([*command, name, "40"]) for name in "ab"]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    saved_prompts = [each.prompt.text for each in SessionFile(path).read().history.turns]
    assert [prompt for prompt in saved_prompts if prompt.startswith("a")] == [
        f"a {number}" for number in range(40)
    ]
    assert [prompt for prompt in saved_prompts if prompt.startswith("b")] == [
        f"b {number}" for number in range(40)
    ]
    assert len(saved_prompts) == 80


def test_a_writer_does_not_wait_forever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOCK_TIMEOUT", 0.1)
    file = SessionFile(tmp_path / "talk.json")
    file.write(session_with_turns())
    with (tmp_path / ".talk.json.lock").open("ab") as held:
        lock_descriptor(held.fileno())
        with pytest.raises(SessionNotSaved, match="cannot be written: another process is writing it"):
            file.write(SAVED)
    assert file.read() == session_with_turns()
    file.write(SAVED)
    assert file.read() == SAVED


def test_a_lock_leaves_no_file_and_can_be_taken_again_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / ".file.lock"
    with pytest.raises(ZeroDivisionError), lock_file(tmp_path / "file"):
        assert path.exists()
        raise ZeroDivisionError
    assert not path.exists()
    with lock_file(tmp_path / "file"):
        assert path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_gives_up_and_leaves_the_first_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOCK_TIMEOUT", 0.05)
    path = tmp_path / "file"
    with lock_file(path):
        with pytest.raises(TimeoutError, match="another process is writing it"), lock_file(path):
            pytest.fail("two writers had the lock")
        assert (tmp_path / ".file.lock").exists()
