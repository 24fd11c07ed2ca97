"""How often a page is painted: often enough for who reads along, and no more often."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

FRAME = 0.1
"""Seconds between two frames at the least."""
READABLE, HURRIED_FRAME = 150, 0.3
"""Characters since the last frame that a person may still be reading along; when more come, fewer frames do."""


class Frames:
    """The frames of one view."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._last = 0.0
        self._pause = FRAME
        self._new = 0
        """Characters since the last one."""

    @property
    def due(self) -> bool:
        """Whether it is time for one."""
        pause = self._pause if self._new < READABLE else max(self._pause, HURRIED_FRAME)
        return self._now() >= self._last + pause

    def come(self, text: str) -> None:
        """Note that there is more to show."""
        self._new += len(text)

    def hurry(self) -> None:
        """Let one be due, as nothing more comes."""
        self._last = 0.0

    def painted(self, columns: int = 1) -> None:
        """Note that one was painted; the more columns there were to paint, the later the next one."""
        self._last, self._new = self._now(), 0
        self._pause = FRAME * max(columns, 1)
