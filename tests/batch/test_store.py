"""The file of the results: what survives, what is refused, and what a damaged file does."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.paths import ROOT

from mimo_magics.batch.store import (
    CALLS_SECONDS,
    MEMORY,
    BadRowStore,
    MadeCall,
    RowStore,
    StoredRow,
    open_store,
)
from mimo_magics.core.messages import MAX_COUNT, Usage

ROW = StoredRow("run", 3, "text", '{"a": 1}', "", Usage(5, 2, 1), 0.25, 1.5)
FAILED = StoredRow("run", 4, "", "", "The reply is empty.", Usage(), None, 0.0)
OPEN_IN_PROCESS = """
import sys
from pathlib import Path
from mimo_magics.batch.store import RowStore, StoredRow
from mimo_magics.core.messages import Usage
store = RowStore(Path(sys.argv[1]))
for number in range(1_000_000):
    store.add(f"{number}", StoredRow("run", number, "text", "", "", Usage(), 0.0, 0.0))
    store.commit("service")
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[RowStore]:
    store = open_store(path)
    yield store
    store.close()


def reopen(store: RowStore) -> RowStore:
    store.close()
    return open_store(store.path)


def test_a_result_is_found_before_and_after_its_commit_and_in_the_next_process(store: RowStore) -> None:
    store.add("a", ROW)
    store.add("b", FAILED)
    assert store.find("a") == ROW
    store.commit("service")
    assert (store.find("a"), store.find("b"), store.find("c")) == (ROW, FAILED, None)
    reopened = reopen(store)
    assert (reopened.find("a"), reopened.find("b")) == (ROW, FAILED)
    reopened.close()


def test_a_result_replaces_an_earlier_one(store: RowStore) -> None:
    store.add("a", FAILED)
    store.commit("service")
    store.add("a", ROW)
    store.commit("service")
    assert store.find("a") == ROW


def test_a_result_that_is_added_during_a_commit_is_saved_by_the_next_one(store: RowStore) -> None:
    async def main() -> None:
        store.add("a", FAILED)
        commit = asyncio.create_task(store.commit_async("service"))
        await asyncio.sleep(0)
        store.add("a", ROW)
        await commit
        await store.commit_async("service")

    asyncio.run(main())
    assert reopen(store).find("a") == ROW


def test_runs_of_one_process_share_a_file(path: Path, store: RowStore) -> None:
    second = open_store(f"{path.parent}/./{path.name}")
    assert second is store
    store.close()
    second.add("a", ROW)
    second.commit("service")
    assert second.problem == ""


def test_a_store_in_memory_is_not_shared() -> None:
    first, second = open_store(MEMORY), open_store(MEMORY)
    first.add("a", ROW)
    first.commit("service")
    assert second.find("a") is None
    first.close()
    second.close()


def test_deleted_results_are_gone(store: RowStore) -> None:
    store.add("a", ROW)
    store.add("b", ROW)
    store.commit("service")
    store.delete(iter(["a", "none"]))
    assert (store.find("a"), store.find("b")) == (None, ROW)


def change_file(path: Path, *statements: str) -> None:
    """Change a file as another program does."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def run_writer(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_IN_PROCESS, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_a_process_that_is_killed_loses_nothing_that_it_committed(path: Path) -> None:
    process = run_writer(path)
    assert process.stdout
    with process:
        for _ in range(100):
            committed = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    store = open_store(path)
    assert all(store.find(str(number)) for number in range(committed + 1))
    store.close()


def test_a_file_that_another_process_has_open_is_an_error(path: Path) -> None:
    process = run_writer(path)
    assert process.stdout
    with process:
        process.stdout.readline()
        with pytest.raises(BadRowStore) as caught:
            open_store(path)
        process.kill()
    assert caught.value.message == f"The file {path} is in use by another run."
    open_store(path).close()


@pytest.mark.parametrize("content", [b"hello " * 1_000, b"SQLite format 3\0" + b"x" * 2_000])
def test_a_file_of_another_kind_is_an_error_and_stays_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadRowStore) as caught:
        open_store(path)
    assert caught.value.hint == "Nothing was sent. Choose another file with --store."
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_an_error(path: Path) -> None:
    change_file(path, "CREATE TABLE rows (key TEXT)")
    with pytest.raises(BadRowStore) as caught:
        open_store(path)
    assert str(caught.value.message) == f"The file {path} holds something else."


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 2",
        "PRAGMA application_id = 1",
        "ALTER TABLE rows ADD COLUMN note TEXT",
        "CREATE TRIGGER copy AFTER INSERT ON rows BEGIN DELETE FROM calls; END",
        "CREATE VIEW more AS SELECT 1",
    ],
)
def test_a_file_with_other_tables_or_with_code_is_an_error(path: Path, statement: str) -> None:
    open_store(path).close()
    change_file(path, statement)
    with pytest.raises(BadRowStore) as caught:
        open_store(path)
    assert str(caught.value.message) == f"The file {path} holds something else."


def test_the_tables_that_a_killed_process_did_not_create_are_created(path: Path) -> None:
    open_store(path).close()
    change_file(path, "DROP TABLE runs", "DROP TABLE rows")
    store = open_store(path)
    store.add("a", ROW)
    store.begin_run("service")
    assert reopen(store).find("a") == ROW


def test_a_place_where_no_log_of_changes_can_be_written_is_an_error(path: Path) -> None:
    path.with_name(f"{path.name}-wal").mkdir()
    with pytest.raises(BadRowStore) as caught:
        open_store(path)
    assert caught.value.hint == "Nothing was sent. Choose another file with --store."


def test_a_damaged_file_is_an_error_when_it_is_read(path: Path) -> None:
    store = open_store(path)
    for number in range(200):
        store.add(f"{number}", ROW)
    store.commit("service")
    store.close()
    content = path.read_bytes()
    # The first pages hold the header and the roots of the tables.
    path.write_bytes(content[: 4 * 4_096] + b"\xff" * (len(content) - 4 * 4_096))
    store = open_store(path)
    with pytest.raises(BadRowStore) as caught:
        store.find("1")
    assert caught.value.message == (
        f"The results cannot be read from {path}: database disk image is malformed."
    )
    store.close()


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadRowStore):
        open_store(tmp_path / "none" / "rows.sqlite")
    assert not (tmp_path / "none").exists()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadRowStore):
        open_store(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "usage = '[1, 2]'",
        "usage = '[1, 2, 3, 4, 5, \"x\"]'",
        "usage = '[true, 2, 3, 4, 5, 6]'",
        "usage = '[-1, 2, 3, 4, 5, 6]'",
        "usage = '[1e300, 2, 3, 4, 5, 6]'",
        "usage = 'hello'",
        f"usage = '{'[' * 100_000}'",
        "text = x'00ff'",
        "place = 'first'",
        "usd = 'cheap'",
        "seconds = 'long'",
    ],
)
def test_a_damaged_row_is_sent_again(store: RowStore, path: Path, change: str) -> None:
    store.add("a", ROW)
    store.commit("service")
    store.close()
    change_file(path, f"UPDATE rows SET {change}")
    reopened = open_store(path)
    assert reopened.find("a") is None
    reopened.add("a", ROW)
    reopened.commit("service")
    assert reopened.find("a") == ROW
    reopened.close()


def test_a_full_disk_keeps_the_results_in_memory_and_a_later_commit_saves_them(store: RowStore) -> None:
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    rows = {
        f"{number}": StoredRow("run", number, "x" * 3_000, "", "", Usage(), 0.0, 0.0) for number in range(20)
    }
    for key, row in rows.items():
        store.add(key, row)
    store.commit("service")
    assert "full" in store.problem
    assert all(store.find(key) == row for key, row in rows.items())
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.commit("service")
    assert store.problem == ""
    reopened = reopen(store)
    assert all(reopened.find(key) == row for key, row in rows.items())
    reopened.close()


FILL_DISK = """
import resource, sys
from pathlib import Path
from mimo_magics.batch.store import BadRowStore, RowStore, StoredRow
from mimo_magics.core.messages import Usage
store = RowStore(Path(sys.argv[1]))
_, highest = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, highest))
keys = [f"{number}" for number in range(100)]
for number, key in enumerate(keys):
    store.add(key, StoredRow("run", number, "x" * 3_000, "", "", Usage(), 0.0, 0.0))
    store.commit("service")
assert store.problem
assert all(store.find(key) for key in keys)
try:
    store.begin_run("service")
except BadRowStore as error:
    print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (highest, highest))
store.commit("service")
assert not store.problem
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_results_that_the_system_refuses_to_write_are_saved_later(path: Path) -> None:
    command = [sys.executable, "-c", FILL_DISK, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"The results cannot be saved in {path}: ")
    store = open_store(path)
    assert all(store.find(f"{number}") for number in range(100))
    store.close()


COUNTS = st.integers(0, MAX_COUNT)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(
    key=TEXTS,
    row=st.builds(
        StoredRow,
        run=TEXTS,
        place=st.integers(0, 2**60),
        text=TEXTS,
        data=TEXTS,
        error=TEXTS,
        usage=st.builds(Usage, *[COUNTS] * 6),
        usd=st.none() | st.floats(0, 1e9),
        seconds=st.floats(0, 1e9),
    ),
)
def test_any_result_is_read_as_it_was_written(key: str, row: StoredRow) -> None:
    store = open_store(MEMORY)
    store.add(key, row)
    store.commit("service")
    assert store.problem == ""
    assert store._pending == {}
    assert store.find(key) == row
    store.close()


def become_another_process(monkeypatch: pytest.MonkeyPatch, started_at: float) -> None:
    monkeypatch.setattr("mimo_magics.batch.store.PROCESS_STARTED_AT", started_at)


def test_the_calls_of_another_process_are_found_once_for_the_rate_limits(
    store: RowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    store.add_call("service", MadeCall(now - CALLS_SECONDS - 1, 1))
    store.add_call("service", MadeCall(now - 5, 7))
    store.add_call("other", MadeCall(now - 5, 9))
    store.begin_run("service")
    assert store.find_calls("service") == ((), None)
    for started_at in (1.0, 2.0):
        become_another_process(monkeypatch, started_at)
        reopened = reopen(store)
        assert reopened.find_calls("service") == ((MadeCall(now - 5, 7),), now)
        assert reopened.find_calls("service") == ((), now)
        reopened.close()


def test_a_run_that_ended_is_not_taken_for_one_that_was_killed(store: RowStore) -> None:
    store.begin_run("service")
    store.end_run("service")
    assert reopen(store).find_calls("service") == ((), None)


def test_a_run_that_was_killed_before_its_first_result_is_known(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    killed = RowStore(path)
    killed.begin_run("service")
    killed._connection.close()
    store = open_store(path)
    assert store.find_calls("service") == ((), now)
    store.close()


def test_damaged_calls_do_not_count(store: RowStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.begin_run("service")
    store.close()
    change_file(
        path,
        "UPDATE runs SET time = 'now'",
        *(
            f"INSERT INTO calls VALUES ('service', 'other', {made_at}, {tokens})"
            for made_at, tokens in (
                ("'soon'", 1),
                (9e9, -5),
                (9e9, MAX_COUNT + 1),
                (9e9, "'many'"),
                (9e9, 2),
                ("9e999", 3),
            )
        ),
    )
    become_another_process(monkeypatch, 1.0)
    store = open_store(path)
    assert store.find_calls("service") == ((MadeCall(float("inf"), 3), MadeCall(9e9, 2)), None)
    store.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_file_that_cannot_be_written_is_an_error(path: Path) -> None:
    open_store(path).close()
    path.chmod(0o400)
    if os.access(path, os.W_OK):  # root may write it: the rest is about other users
        path.chmod(0o600)
        return
    with pytest.raises(BadRowStore):
        open_store(path)
