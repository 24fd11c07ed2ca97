"""The file of a tape on disk. Several processes can append to it."""

from __future__ import annotations

import errno
import io
import os
import stat
from contextlib import suppress
from pathlib import Path

from mimo_magics.core.errors import SessionNotSaved
from mimo_magics.core.i18n import Translatable
from mimo_magics.tape.format import MAX_TAPE_BYTES, RecordedCall, encode_calls, encode_tape, quote_name
from mimo_magics.tape.lock import lock_file, sibling_path

NOT_RECORDED_HINT = Translatable("This call was not recorded. Earlier calls are on the tape.")
FileState = tuple[int, int, int] | None
"""The state of a file: inode, last change in nanoseconds, size in bytes. `None` without a file."""


class TapeFile:
    """Appends calls to a file. A call is written completely or not at all.

    Args:
        path: of the file, which need not exist.
        replaces: whether the first call replaces the present content. Calls that another process records in the meantime
            are not replaced.
    """

    def __init__(self, path: Path, *, replaces: bool) -> None:
        self._path = path
        self._replaced_state = _get_state(path) if replaces else None
        self._written: list[RecordedCall] = []
        self._inode = 0

    def append(self, call: RecordedCall) -> None:
        """Append a call.

        Raises:
            SessionNotSaved: the file cannot be written. It is unchanged.
        """
        try:
            target = Path(os.path.realpath(self._path))
            target.parent.mkdir(parents=True, exist_ok=True)
            with lock_file(target):
                self._write(target, call)
                self._inode = target.stat().st_ino
        except OSError as error:
            raise SessionNotSaved(
                Translatable(
                    "The tape {name} cannot be written: {reason}.",
                    name=quote_name(self._path),
                    reason=error.strerror or str(error),
                ),
                NOT_RECORDED_HINT,
            ) from None
        self._written.append(call)

    def _write(self, target: Path, call: RecordedCall) -> None:
        state = _get_state(target)
        is_replaced = not self._written and state == self._replaced_state and target.is_file()
        if state is None or is_replaced:
            _replace(target, encode_tape([*self._written, call]))
        elif self._written and state[0] != self._inode:
            # Another process replaced the file.
            _append(target, encode_calls([*self._written, call]))
        else:
            _append(target, encode_calls([call]))


def _get_state(path: Path) -> FileState:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _replace(target: Path, data: bytes) -> None:
    """Write a new file, or replace an old one in a single step."""
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    _check_size(len(data))
    temporary = sibling_path(target, "tmp")
    # A process that was killed may have left the file.
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb", buffering=0) as file:
            _write_all(file, data)
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _append(target: Path, data: bytes) -> None:
    with target.open("r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            # Some editors remove the last line end.
            data = data if file.read(1) == b"\n" else b"\n" + data
        else:
            data = encode_tape([]) + data
        _check_size(size + len(data))
        try:
            _write_all(file, data)
        except BaseException:
            # The disk is full, or an interrupt arrived.
            with suppress(OSError):
                file.truncate(size)
            raise


def _check_size(size: int) -> None:
    """Raise an error for a file that would be too large to be read."""
    if size > MAX_TAPE_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]
