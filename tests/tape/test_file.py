"""The file of a tape on disk: calls are written completely, and no process overwrites the calls of another one."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from support.paths import ROOT

from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.tape import file as tape_file
from mimo_magics.tape.file import TapeFile
from mimo_magics.tape.format import RecordedCall, encode_tape
from mimo_magics.tape.reader import read_tape
from mimo_magics.tape.tape import Tape

posix = pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
RECORD = """
import sys
from pathlib import Path
from mimo_magics.tape.format import RecordedCall
from mimo_magics.tape.tape import Tape

tape = Tape(sys.argv[1], Path(sys.argv[2]))
print("open", flush=True)
sys.stdin.readline()
for number in range(40):
    tape.record(RecordedCall("POST", "/v1", f"{sys.argv[3]} {number}", 1.0, 200))
"""
FILL = """
import resource, sys
from pathlib import Path
from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.tape.format import RecordedCall
from mimo_magics.tape.tape import Tape

tape = Tape(sys.argv[1], Path(sys.argv[2]))
tape.record(RecordedCall("POST", "/v1", "first", 1.0, 200))
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
try:
    tape.record(RecordedCall("POST", "/v1", "long" * 5_000, 1.0, 200))
except SessionNotSaved as error:
    print(*error.lines, sep="|")
tape.record(RecordedCall("POST", "/v1", "last", 1.0, 200))
"""
MODES = ["record", "auto"]


def call(text: str) -> RecordedCall:
    return RecordedCall("POST", "/v1", text, 1_795_000_000.0, 200)


def texts(path: Path) -> list[str]:
    return [each.body for each in read_tape(path)]


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("mode", MODES)
def test_two_processes_that_record_on_one_tape_lose_no_call(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "tapes" / "lesson.jsonl"
    processes = [start(RECORD, mode, path, name) for name in "ab"]
    assert [each.stdout.readline() for each in processes if each.stdout] == ["open\n"] * 2
    # Both start before either ends.
    for each in processes:
        assert each.stdin
        each.stdin.write("\n")
        each.stdin.flush()
    assert [each.communicate(timeout=120)[1] for each in processes] == ["", ""]
    recorded = texts(path)
    for name in "ab":
        assert [text for text in recorded if text.startswith(name)] == [f"{name} {n}" for n in range(40)]
    assert (len(recorded), [each.name for each in path.parent.iterdir()]) == (80, ["lesson.jsonl"])


@pytest.mark.parametrize(
    ("steps", "content"),
    [
        ("a b 0 1 0 1", "0123"),
        ("a 0 b 0 1", "012"),
        ("a 0 b 1", "1"),
        # A call that was replaced is written again.
        ("a 0 b 1 0", "102"),
    ],
)
def test_recording_replaces_an_old_tape_but_no_call_of_another_process(
    path: Path, steps: str, content: str
) -> None:
    """Run steps: a letter opens a tape for recording, and a digit records on the first or the second one."""
    path.parent.mkdir()
    path.write_bytes(encode_tape([call("old")]))
    tapes: list[Tape] = []
    count = 0
    for step in steps.split():
        if step.isalpha():
            tapes.append(Tape("record", path))
        else:
            tapes[int(step)].record(call(str(count)))
            count += 1
    assert "".join(texts(path)) == content


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n\n", b"\n  \r\n"], ids=repr)
def test_a_call_begins_on_a_line_of_its_own(path: Path, ending: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(encode_tape([call("old")]).rstrip() + ending)
    Tape("auto", path).record(call("new"))
    assert texts(path) == ["old", "new"]


def test_a_deleted_tape_is_written_again(path: Path) -> None:
    tape = Tape("auto", path)
    tape.record(call("one"))
    path.unlink()
    tape.record(call("two"))
    assert texts(path) == ["one", "two"]


@posix
@pytest.mark.parametrize("mode", MODES)
def test_a_full_disk_is_an_error_and_leaves_complete_calls(path: Path, mode: str) -> None:
    printed, errors = start(FILL, mode, path).communicate(timeout=120)
    assert (printed.splitlines(), errors) == (
        [
            "The tape lesson.jsonl cannot be written: File too large.|"
            "This call was not recorded. Earlier calls are on the tape."
        ],
        "",
    )
    assert texts(path) == ["first", "last"]


@posix
def test_a_full_disk_leaves_the_tape_that_would_be_replaced(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(encode_tape([call("old")]))
    code = FILL.replace('tape.record(RecordedCall("POST", "/v1", "first", 1.0, 200))', "").replace(
        "last", "long" * 5_000
    )
    _, errors = start(code, "record", path).communicate(timeout=120)
    assert "SessionNotSaved" in errors.splitlines()[-1]
    assert texts(path) == ["old"]


def test_a_tape_does_not_grow_beyond_the_size_that_can_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape_file, "MAX_TAPE_BYTES", 2_000)
    tape = Tape("auto", path)
    for _ in range(30):
        with suppress(SessionNotSaved):
            tape.record(call("some words"))
    assert 1_500 < path.stat().st_size <= 2_000
    with pytest.raises(SessionNotSaved, match="cannot be written: File too large"):
        tape.record(call("some words"))


def test_a_folder_and_a_read_only_tape_are_errors(tmp_path: Path) -> None:
    for replaces in (True, False):
        with pytest.raises(SessionNotSaved, match="cannot be written"):
            TapeFile(tmp_path, replaces=replaces).append(call("one"))
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_replaced_tape_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    real.write_bytes(encode_tape([replace(call("old"), status=201)]))
    real.chmod(0o600)
    link.symlink_to(real)
    Tape("record", link).record(call("new"))
    assert (link.is_symlink(), real.stat().st_mode & 0o777, texts(real)) == (True, 0o600, ["new"])
