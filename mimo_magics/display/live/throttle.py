"""How often a page is painted: often enough for who reads along, and no more often."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

FRAME_INTERVAL = 0.1
"""Seconds between two frames at the least."""
MAX_READABLE_CHARS, FAST_TEXT_FRAME_INTERVAL = 150, 0.3
"""Characters since the last frame that a person may still be reading along; when more come, fewer frames do."""


class Throttle:
    """The frames of one view."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._last_frame_at = 0.0
        self._interval = FRAME_INTERVAL
        self._new_chars = 0
        """Characters since the last one."""

    @property
    def is_due(self) -> bool:
        """Whether it is time for one."""
        interval = (
            self._interval
            if self._new_chars < MAX_READABLE_CHARS
            else max(self._interval, FAST_TEXT_FRAME_INTERVAL)
        )
        return self._now() >= self._last_frame_at + interval

    def add_text(self, text: str) -> None:
        """Note that there is more to show."""
        self._new_chars += len(text)

    def make_due(self) -> None:
        """Let one be due, as nothing more comes."""
        self._last_frame_at = 0.0

    def record_frame(self, columns: int = 1) -> None:
        """Note that one was painted; the more columns there were to paint, the later the next one."""
        self._last_frame_at, self._new_chars = self._now(), 0
        self._interval = FRAME_INTERVAL * max(columns, 1)
