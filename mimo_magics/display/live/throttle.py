"""The frame rate of a live view: high enough for reading along, and no higher."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

FRAME_INTERVAL = 0.1
"""Minimum seconds between two frames."""
MAX_READABLE_CHARS, FAST_TEXT_FRAME_INTERVAL = 12, 0.35
"""New characters per frame that a user can read along with, and the interval for faster text.

Each frame costs one message of about 0.7 kB beside the text. With these values a reply of 2,000 tokens at 50 tokens per
second costs less than 0.3 MB, and 4 kB more for each code block, which has its own widgets.
"""


class Throttle:
    """Decides when a view paints its next frame."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._last_frame_at = 0.0
        self._interval = FRAME_INTERVAL
        self._new_chars = 0
        """Characters since the last frame."""

    @property
    def is_due(self) -> bool:
        """Whether the next frame is due."""
        interval = (
            self._interval
            if self._new_chars < MAX_READABLE_CHARS
            else max(self._interval, FAST_TEXT_FRAME_INTERVAL)
        )
        return self._now() >= self._last_frame_at + interval

    def add_text(self, text: str) -> None:
        """Count new text."""
        self._new_chars += len(text)

    def make_due(self) -> None:
        """Make a frame due now, because the reply is over."""
        self._last_frame_at = 0.0

    def record_frame(self, columns: int = 1) -> None:
        """Record that a frame was painted. The more columns it painted, the later the next one."""
        self._last_frame_at, self._new_chars = self._now(), 0
        self._interval = FRAME_INTERVAL * max(columns, 1)
