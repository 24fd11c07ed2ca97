"""Processes that are killed or interrupted while they save: no saved turn is lost, and saving works again."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import reduce
from pathlib import Path

import pytest
from support import saving_process
from support.saving_process import append_turn, session_with_turns

from mimo_magics.session.storage.session_file import SessionFile

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system neither forks nor kills")
ROUNDS = 200
FAT = session_with_turns(25, 2_000)
"""About 50 kB, so that much of the time is spent on writing."""


def test_turns_that_a_killed_process_saved_are_in_the_file_and_saving_works_again(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    SessionFile(path).write(FAT)
    half_written = []
    command = [sys.executable, saving_process.__file__, "killed", str(path), "7"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for number in range(ROUNDS):
            # At a random time, or within the first, the second or the third save.
            nth = number % 4
            process.stdin.write(f"{nth}\n")
            process.stdin.flush()
            reported = int(process.stdout.readline())
            if nth:
                half_written.append((reported, (tmp_path / ".talk.json.tmp").exists()))

            file = SessionFile(path)
            found = file.read()
            count = len(found.history.all_turns)
            assert count - len(FAT.history.all_turns) in (reported, reported + 1)
            assert found == reduce(append_turn, map(str, range(len(FAT.history.all_turns), count)), FAT)

            file.write(FAT)
            assert {each.name for each in tmp_path.iterdir()} == {"talk.json"}
    assert half_written == [(nth - 1, True) for nth in (1, 2, 3)] * (ROUNDS // 4)


def test_an_interrupted_process_can_save_again(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    command = [sys.executable, saving_process.__file__, "interrupted", str(path), "7", str(ROUNDS)]
    subprocess.run(command, check=True, timeout=60)
    assert SessionFile(path).read() == FAT
    assert {each.name for each in tmp_path.iterdir()} == {"talk.json"}
