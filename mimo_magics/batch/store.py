"""The checkpoint of a run: a SQLite file that holds the reply to each request, by the digest of the request.

The file is open for one process at a time, in WAL mode. What was committed survives the end of the process at any moment.
A file may come from a stranger: what is read from it is checked.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from mimo_magics.core.errors import MimoError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import MAX_COUNT, Usage
from mimo_magics.core.text import quote

APPLICATION_ID = 0x4D694D6F
"""Marks the file in its header. The bytes are `MiMo`."""
VERSION = 1
TABLES = """
CREATE TABLE IF NOT EXISTS rows (
    key TEXT PRIMARY KEY, run TEXT NOT NULL, place INTEGER NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL,
    error TEXT NOT NULL, usage TEXT NOT NULL, usd REAL, seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (
    service TEXT NOT NULL, process TEXT NOT NULL, time REAL NOT NULL, tokens INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (service TEXT PRIMARY KEY, time REAL NOT NULL) WITHOUT ROWID;
"""
CALLS_SECONDS = 120.0
"""Seconds that a call is remembered for the rate limits of the next run."""
MAX_CALLS = 100_000
"""Calls that are read of a file."""
MAX_TABLES = 20
MAX_QUOTED_CHARS = 200
MAX_USAGE_CHARS = 300
PROCESS_STARTED_AT = time.time()
MEMORY = ":memory:"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What became of a request."""

    run: str
    """The run that made the request."""
    place: int
    """The row for which it was made, from 0."""
    text: str
    data: str
    """The value as JSON; empty after an error, or without a schema."""
    error: str
    usage: Usage
    usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that counts for the rate limits."""

    time: float
    """When it was made, in seconds since 1970."""
    tokens: int


class BadRowStore(MimoError):
    """The file for the results of rows cannot be used."""


class RowStore:
    """The results of rows, by the digests of their requests. Results wait in memory until `commit`.

    Use `open_store`, so that runs of one process share a file. Any thread may use a store.

    Args:
        path: the file; it is created. `:memory:` keeps the results in memory only.

    Raises:
        BadRowStore: the file cannot be written, is open in another process, or is something else.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.problem = ""
        """Why the last commit failed; empty if it did not. The results are kept in memory, and tried again."""
        self._pending: dict[str, StoredRow] = {}
        self._calls: list[tuple[str, MadeCall]] = []
        self._own_services: set[str] = set()
        """The services whose runs are of this process."""
        self._memory_lock = Lock()
        """Held while what waits is read or changed."""
        self._file_lock = Lock()
        """Held by a commit."""
        self._connection = _open(path)

    def find(self, key: str) -> StoredRow | None:
        """Return the result of a request, if there is one.

        Raises:
            BadRowStore: the file is damaged.
        """
        with self._memory_lock:
            if key in self._pending:
                return self._pending[key]
        query = "SELECT run, place, text, data, error, usage, usd, seconds FROM rows WHERE key = ?"
        try:
            return _read_row(self._connection.execute(query, (key,)).fetchone())
        except sqlite3.Error as error:
            raise BadRowStore(
                Translatable(
                    "The results cannot be read from {path}: {reason}.",
                    path=quote(str(self.path), MAX_QUOTED_CHARS),
                    reason=quote(str(error), MAX_QUOTED_CHARS),
                ),
                Translatable("Choose another file with --store."),
            ) from None

    def add(self, key: str, row: StoredRow) -> None:
        """Add a result. It is saved by the next commit."""
        with self._memory_lock:
            self._pending[key] = row

    def add_call(self, service: str, call: MadeCall) -> None:
        """Add a call. It is saved by the next commit."""
        with self._memory_lock:
            self._calls.append((service, call))

    async def commit_async(self, service: str) -> None:
        """Do the same as `commit` in a thread: a slow disk does not delay the calls."""
        await asyncio.to_thread(self.commit, service)

    def commit(self, service: str) -> None:
        """Save what was added, and that the run of this service is alive. A failure is kept in `problem`."""
        with self._file_lock:
            with self._memory_lock:
                rows, calls = list(self._pending.items()), self._calls[:]
            self.problem = self._save(service, rows, calls)
            if not self.problem:
                self._drop_saved(rows, len(calls))

    def _save(
        self,
        service: str,
        rows: Sequence[tuple[str, StoredRow]],
        calls: Sequence[tuple[str, MadeCall]],
    ) -> str:
        """Save rows and calls, and return why this failed; empty if it did not."""
        now, process = time.time(), _name_process()
        try:
            with self._connection as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_write_row, rows)
                )
                connection.executemany(
                    "INSERT INTO calls VALUES (?, ?, ?, ?)",
                    ((name, process, *astuple(call)) for name, call in calls),
                )
                connection.execute("DELETE FROM calls WHERE time < ?", (now - CALLS_SECONDS,))
                connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", (service, now))
        except sqlite3.Error as error:
            return quote(str(error), MAX_QUOTED_CHARS)
        return ""

    def _drop_saved(self, rows: Iterable[tuple[str, StoredRow]], call_count: int) -> None:
        with self._memory_lock:
            del self._calls[:call_count]
            for key, row in rows:
                if self._pending.get(key) is row:
                    del self._pending[key]

    def begin_run(self, service: str) -> None:
        """Save that a run is alive, before it makes a call.

        Raises:
            BadRowStore: the file cannot be written.
        """
        self._own_services.add(service)
        self.commit(service)
        if self.problem:
            raise _cannot_write_error(self.path, self.problem)

    def end_run(self, service: str) -> None:
        """Save everything, and that the run ended as it should."""
        self.commit(service)
        with suppress(sqlite3.Error), self._file_lock, self._connection:
            self._connection.execute("DELETE FROM runs WHERE service = ?", (service,))

    def find_calls(self, service: str) -> tuple[tuple[MadeCall, ...], float | None]:
        """Return the last calls of other processes to a service, and when their run that did not end was last alive.

        Each call is returned once, as it then counts for this process. The time is `None` if all runs ended.

        Raises:
            BadRowStore: the file is damaged, or cannot be written.
        """
        process = _name_process()
        query = "SELECT time, tokens FROM calls WHERE service = ? AND process != ? ORDER BY time DESC LIMIT ?"
        try:
            with self._file_lock, self._connection as connection:
                calls = connection.execute(query, (service, process, MAX_CALLS)).fetchall()
                alive = connection.execute("SELECT time FROM runs WHERE service = ?", (service,)).fetchone()
                connection.execute("UPDATE calls SET process = ? WHERE service = ?", (process, service))
        except sqlite3.Error as error:
            raise _cannot_write_error(self.path, str(error)) from None
        is_other = alive and isinstance(alive[0], float) and service not in self._own_services
        return tuple(_read_calls(calls)), alive[0] if is_other else None

    def delete(self, keys: Iterable[str]) -> None:
        """Delete results, so that their requests are sent again."""
        with self._file_lock, self._connection:
            self._connection.executemany("DELETE FROM rows WHERE key = ?", ((key,) for key in keys))

    def close(self) -> None:
        """Close the file, unless another run of this process uses it."""
        with _open_lock:
            users = _open_stores.get(str(self.path), [])
            if self in users:
                users.remove(self)
            if self not in users:
                _open_stores.pop(str(self.path), None)
                with self._file_lock:
                    self._connection.close()


_open_stores: dict[str, list[RowStore]] = {}
"""The open stores by path, once for each run that uses them."""
_open_lock = Lock()


def open_store(path: Path | str) -> RowStore:
    """Return the store of a file. Runs of this process that use one file share it. Each has to close it.

    Raises:
        BadRowStore: the file cannot be written, is open in another process, or is something else.
    """
    if path == MEMORY:
        return RowStore(MEMORY)
    path = Path(path).resolve()
    with _open_lock:
        users = _open_stores.setdefault(str(path), [])
        try:
            users.append(users[0] if users else RowStore(path))
        finally:
            if not users:
                del _open_stores[str(path)]
        return users[0]


def _name_process() -> str:
    """Return a name that no other process had within the last minutes, also not one with the same id."""
    return f"{os.getpid()} {PROCESS_STARTED_AT}"


def _open(path: Path | str) -> sqlite3.Connection:
    try:
        # The lock is taken by the first write, and held until the file is closed.
        connection = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    except (sqlite3.Error, ValueError) as error:
        raise _cannot_write_error(path, str(error)) from None
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _cannot_write_error(path, str(error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | str) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = _read_tables(connection)
    # A process may have been killed before it created all tables.
    is_ours = (found, version) == (APPLICATION_ID, VERSION) and tables <= _build_tables()
    if tables and not is_ours:
        raise BadRowStore(
            Translatable("The file {path} holds something else.", path=quote(str(path), MAX_QUOTED_CHARS)),
            Translatable("Choose another file with --store."),
        )
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal" and path != MEMORY:
        raise sqlite3.OperationalError(f"journal mode {mode} in place of WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.executescript(TABLES)
    # An exclusive lock is taken by a write.
    with connection:
        connection.execute("DELETE FROM calls WHERE time < ?", (time.time() - CALLS_SECONDS,))


def _read_tables(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return the names and statements of what a file defines. The triggers and views of a stranger would run code."""
    return set(connection.execute("SELECT name, sql FROM sqlite_master LIMIT ?", (MAX_TABLES,)))


@cache
def _build_tables() -> set[tuple[str, str]]:
    with closing(sqlite3.connect(MEMORY)) as connection:
        connection.executescript(TABLES)
        return _read_tables(connection)


def _cannot_write_error(path: Path | str, reason: str) -> BadRowStore:
    shown = quote(str(path), MAX_QUOTED_CHARS)
    if "locked" in reason:
        return BadRowStore(
            Translatable("The file {path} is in use by another run.", path=shown),
            Translatable("Wait for it, stop it, or choose another file with --store."),
        )
    return BadRowStore(
        Translatable(
            "The results cannot be saved in {path}: {reason}.",
            path=shown,
            reason=quote(reason, MAX_QUOTED_CHARS),
        ),
        Translatable("Nothing was sent. Choose another file with --store."),
    )


def _write_row(item: tuple[str, StoredRow]) -> tuple[Any, ...]:
    key, row = item
    usage = json.dumps(astuple(row.usage))
    return (key, row.run, row.place, row.text, row.data, row.error, usage, row.usd, row.seconds)


def _read_row(found: tuple[Any, ...] | None) -> StoredRow | None:
    """Return a row of the file; `None` if there is none, or if it is damaged."""
    match found:
        case (
            str(run),
            int(place),
            str(text),
            str(data),
            str(error),
            str(usage),
            float() | None as usd,
            float(seconds),
        ):
            counts = _read_usage(usage)
            return None if counts is None else StoredRow(run, place, text, data, error, counts, usd, seconds)
    return None


def _read_calls(found: Iterable[tuple[Any, Any]]) -> Iterator[MadeCall]:
    """Yield the calls of the file, without the damaged ones."""
    for made_at, tokens in found:
        if isinstance(made_at, float) and isinstance(tokens, int) and 0 <= tokens <= MAX_COUNT:
            yield MadeCall(made_at, tokens)


def _read_usage(text: str) -> Usage | None:
    if len(text) > MAX_USAGE_CHARS:
        return None
    try:
        counts = json.loads(text)
    except ValueError:
        return None
    is_valid = isinstance(counts, list) and len(counts) == len(fields(Usage)) and all(map(_is_count, counts))
    return Usage(*counts) if is_valid else None


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
