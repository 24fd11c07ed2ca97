"""Lines of the user's files around the frames of a traceback: an error in an imported module is not in a cell."""

from __future__ import annotations

import linecache
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from traceback import FrameSummary

from mimo_magics.context.notebook_cell import fence_code
from mimo_magics.core.working_folder import find_working_folder

MARGIN = 12
"""Lines before and after that of a frame."""
MAX_PLACES = 3
"""Places in files that are sent, the last ones of the traceback."""
MAX_LINE_CHARS = 300
LIBRARY_FOLDERS = frozenset({"site-packages", "dist-packages", "node_modules"})


@dataclass(frozen=True, slots=True)
class FrameLines:
    """Some lines of a file."""

    file: str
    start: int
    """Number of the first line."""
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the file without its folders."""
        return Path(self.file).name

    @property
    def place(self) -> str:
        """The numbers of the lines."""
        return f"lines {self.start}-{self.start + len(self.lines) - 1}"

    @property
    def _code(self) -> str:
        return fence_code("\n".join(self.lines), "python")

    def __str__(self) -> str:
        return f"File {self.name}, {self.place}:\n{self._code}"


def read_frame_lines(frames: Iterable[FrameSummary]) -> tuple[FrameLines, ...]:
    """Return the lines around the last frames in files of the user. Lines that overlap are returned once."""
    found: list[FrameLines] = []
    for file, number in reversed(list(_iter_places(frames))):
        if not any(
            each.file == file and each.start <= number < each.start + len(each.lines) for each in found
        ):
            found.append(_read_lines(file, number))
    return tuple(found[:MAX_PLACES][::-1])


def is_user_file(file: str) -> bool:
    """Return whether a file is in the working folder, and belongs to no library there."""
    folder = find_working_folder()
    if folder is None:
        return False
    path = folder / file
    is_inside = path.is_relative_to(folder) and not path.is_relative_to(_find_standard_library())
    return is_inside and not LIBRARY_FOLDERS.intersection(path.parts) and path.is_file()


@cache
def _find_standard_library() -> str:
    return sysconfig.get_paths()["stdlib"]


def _iter_places(frames: Iterable[FrameSummary]) -> Iterator[tuple[str, int]]:
    for frame in frames:
        if frame.lineno and is_user_file(frame.filename):
            yield frame.filename, frame.lineno


def _read_lines(file: str, number: int) -> FrameLines:
    start = max(1, number - MARGIN)
    lines = linecache.getlines(file)[start - 1 : number + MARGIN]
    return FrameLines(file, start, tuple(each.rstrip()[:MAX_LINE_CHARS] for each in lines))
