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
from mimo_magics.core.messages import Usage

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
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE rows (key TEXT)")
    connection.close()
    with pytest.raises(BadRowStore) as caught:
        open_store(path)
    assert str(caught.value.message) == f"The file {path} holds something else."


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
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE rows SET {change}")
    connection.close()
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


def test_the_calls_of_another_process_are_found_for_the_rate_limits(
    store: RowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    store.add_call("service", MadeCall(now - CALLS_SECONDS - 1, 1))
    store.add_call("service", MadeCall(now - 5, 7))
    store.add_call("other", MadeCall(now - 5, 9))
    store.commit("service")
    assert store.find_calls("service") == ((), now)
    monkeypatch.setattr("mimo_magics.batch.store.PROCESS_STARTED_AT", 1.0)
    assert store.find_calls("service") == ((MadeCall(now - 5, 7),), now)
    store.end_run("service")
    assert store.find_calls("service") == ((MadeCall(now - 5, 7),), None)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_file_that_cannot_be_written_is_an_error(path: Path) -> None:
    open_store(path).close()
    path.chmod(0o400)
    if os.access(path, os.W_OK):  # root may write it: the rest is about other users
        path.chmod(0o600)
        return
    with pytest.raises(BadRowStore):
        open_store(path)
