"""One writer of a file at a time, in whatever process: of a tape, or of a session."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from mimo_magics.core.i18n import Translatable

LOCK_TIMEOUT = 5.0
"""Seconds that a writer waits for another one."""


def sibling_path(target: Path, suffix: str) -> Path:
    """Return the path of a hidden file beside another one, such as its lock."""
    return target.parent / f".{target.name}.{suffix}"


@contextmanager
def lock_file(target: Path) -> Iterator[None]:
    """Keep other writers of a file out, with a lock that ends with its open file: no interrupt leaves it behind.

    Raises:
        TimeoutError: another one writes for too long.
        OSError: there can be no lock beside the file.
    """
    from filelock import lock_descriptor, unlock_descriptor

    path = sibling_path(target, "lock")
    deadline = monotonic() + LOCK_TIMEOUT
    while monotonic() < deadline:
        with path.open("ab") as file:
            is_locked = lock_descriptor(file.fileno(), blocking=False)
            if is_locked and _is_same_file(path, file.fileno()):  # and not taken away by who had it before
                try:
                    yield
                finally:
                    with suppress(OSError):  # Windows keeps what is open
                        path.unlink()
                    unlock_descriptor(file.fileno())  # a process forked meanwhile has the file open, too
                return
        sleep(0.01)
    raise TimeoutError(errno.ETIMEDOUT, Translatable("somebody else is writing it"))


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
