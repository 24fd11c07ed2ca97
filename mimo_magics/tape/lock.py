"""A lock for writers of one file in several processes: of a tape or a session file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from mimo_magics.core.i18n import Translatable

LOCK_TIMEOUT = 5.0
"""Seconds that a writer waits for another writer."""


def sibling_path(target: Path, suffix: str) -> Path:
    """Return the path of a hidden file in the same folder, such as a lock file."""
    return target.parent / f".{target.name}.{suffix}"


@contextmanager
def lock_file(target: Path) -> Iterator[None]:
    """Hold the lock of a file. The lock ends when its open file is closed, so that no interrupt leaves it locked.

    Raises:
        TimeoutError: another process holds the lock for too long.
        OSError: the lock file cannot be created.
    """
    from filelock import lock_descriptor, unlock_descriptor

    path = sibling_path(target, "lock")
    deadline = monotonic() + LOCK_TIMEOUT
    while monotonic() < deadline:
        with path.open("ab") as file:
            is_locked = lock_descriptor(file.fileno(), blocking=False)
            # The previous owner may have removed the lock file after we opened it.
            if is_locked and _is_same_file(path, file.fileno()):
                try:
                    yield
                finally:
                    # Windows does not remove a file that is open.
                    with suppress(OSError):
                        path.unlink()
                    # A process that was forked in the meantime also has the file open.
                    unlock_descriptor(file.fileno())
                return
        sleep(0.01)
    raise TimeoutError(errno.ETIMEDOUT, Translatable("another process is writing it"))


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
