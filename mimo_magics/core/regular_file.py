"""Opening of regular files only: a pipe or a device could block or never end."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Opening a pipe without this flag would wait for a writer.
OPEN_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
)


class NotARegularFile(OSError):
    """The path is a pipe, a socket or a device."""


@contextmanager
def open_regular_file(path: Path, *, follows_links: bool = True) -> Iterator[BinaryIO]:
    """Open a file for reading.

    Raises:
        IsADirectoryError: it is a folder.
        NotARegularFile: it is not a regular file.
        OSError, ValueError: it cannot be opened.
    """
    flags = OPEN_FLAGS if follows_links else OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise NotARegularFile(errno.EINVAL, "not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)
