"""The folder of a session file with its large images, audio and video.

`talk.mimo.json` has the folder `talk.mimo.media`. The name of each file is the hash of its data, so that equal data is
stored once and changed data is noticed. No name comes from a session file or a notebook, which are untrusted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mimo_magics.core.media_type import find_media_type, get_media_kind
from mimo_magics.core.regular_file import open_regular_file
from mimo_magics.session.history import History
from mimo_magics.session.media_reference import (
    MediaReference,
    find_reference,
    replace_history_urls,
    split_data_url,
)
from mimo_magics.tape.lock import sibling_path


def get_media_folder(session_file: Path) -> Path:
    """Return the folder with the media of a session file."""
    return session_file.with_name(f"{session_file.name.removesuffix('.json')}.media")


class MediaFolder:
    """The media of one session file."""

    def __init__(self) -> None:
        self._references: dict[str, MediaReference] = {}
        """The references by data URL, so that data is hashed once. The history has the same strings."""

    def shorten(self, history: History) -> tuple[History, Mapping[MediaReference, str]]:
        """Return a history with references, and the data URL of each reference. Nothing is written."""
        urls: dict[MediaReference, str] = {}

        def shorten_url(url: str, _: str) -> str:
            reference = self._references.get(url)
            if reference is None and (found := split_data_url(url)):
                reference = found[0]
            if reference is None:
                return url
            urls[reference] = url
            return str(reference)

        return replace_history_urls(history, shorten_url), urls

    def write(self, folder: Path, urls: Mapping[MediaReference, str]) -> None:
        """Write the data that the folder lacks.

        Raises:
            OSError: a file cannot be written.
        """
        for reference, url in urls.items():
            path = folder / reference.file_name
            if not _has_size(path, reference.size) and (found := split_data_url(url)):
                if folder.is_symlink():
                    raise NotADirectoryError(f"{folder.name} is a symbolic link")
                folder.mkdir(exist_ok=True)
                _write_file(path, found[1])

    def forget_others(self, folder: Path, urls: Mapping[MediaReference, str]) -> None:
        """Remove the files of data that the session no longer has."""
        used_names = {reference.file_name for reference in urls}
        _remove_files(folder, (each for each in self._iter_names() if each not in used_names))
        self._references = {url: reference for reference, url in urls.items()}

    def remove(self, folder: Path) -> None:
        """Remove the files of the session."""
        _remove_files(folder, self._iter_names())

    def restore(self, folder: Path, history: History) -> History:
        """Return a history with the data. A reference whose file is missing or changed stays."""
        urls: dict[str, str] = {}

        def restore_url(url: str, part_type: str) -> str:
            reference = find_reference(url, part_type)
            if reference and url not in urls:
                data = _read_file(folder, reference)
                urls[url] = url if data is None else reference.build_url(data)
                if data is not None:
                    self._references[urls[url]] = reference
            return urls.get(url, url) if reference else url

        return replace_history_urls(history, restore_url)

    def _iter_names(self) -> Iterator[str]:
        return (reference.file_name for reference in self._references.values())


def _has_size(path: Path, size: int) -> bool:
    try:
        with open_regular_file(path, follows_links=False) as file:
            return os.fstat(file.fileno()).st_size == size
    except OSError:
        return False


def _write_file(path: Path, data: bytes) -> None:
    """Write a file in one step."""
    temporary = sibling_path(path, "tmp")
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read_file(folder: Path, reference: MediaReference) -> bytes | None:
    """Return the data of a reference; `None` if its file is missing or has other data."""
    if folder.is_symlink():
        return None
    try:
        with open_regular_file(folder / reference.file_name, follows_links=False) as file:
            data = file.read(reference.size + 1)
    except OSError:
        return None
    is_unchanged = len(data) == reference.size and sha256(data).hexdigest() == reference.digest
    is_media = get_media_kind(find_media_type(data)) == get_media_kind(reference.media_type)
    return data if is_unchanged and is_media else None


def _remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove files, and the folder if it is empty then."""
    names = list(names)
    with suppress(OSError):
        for name in names if not folder.is_symlink() else ():
            (folder / name).unlink(missing_ok=True)
        if names:
            folder.rmdir()
