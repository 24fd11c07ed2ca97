"""The counts of a run, which grow."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

from mimo_magics.core.messages import Usage
from mimo_magics.core.run_progress import RunProgress

MAX_REPLIES, MAX_REPLY_CHARS = 3, 200


class ProgressCounter:
    """Counts the rows of a run.

    Args:
        total: rows of the input, if known.
    """

    def __init__(self, total: int | None) -> None:
        self._progress = RunProgress(total)
        self._replies: deque[str] = deque(maxlen=MAX_REPLIES)
        self._started_at = time.monotonic()

    @property
    def progress(self) -> RunProgress:
        """The progress until now."""
        return replace(
            self._progress, seconds=time.monotonic() - self._started_at, replies=tuple(self._replies)
        )

    def count_called(self, usage: Usage, usd: float | None, *, text: str, is_failed: bool) -> None:
        """Count a row for which the service was called."""
        past = self._progress
        self._progress = replace(
            past,
            called=past.called + 1,
            failed=past.failed + is_failed,
            usage=past.usage + usage,
            usd=None if past.usd is None or usd is None else past.usd + usd,
        )
        if not is_failed:
            self._replies.append(text[:MAX_REPLY_CHARS])

    def count_reused(self, *, is_failed: bool) -> None:
        """Count a row whose result was there."""
        past = self._progress
        self._progress = replace(past, reused=past.reused + 1, failed=past.failed + is_failed)

    def count_unsent(self) -> None:
        """Count a row that could not be sent."""
        past = self._progress
        self._progress = replace(past, unsent=past.unsent + 1, failed=past.failed + 1)

    def update(
        self, *, calls_at_once: int = 0, is_paused: bool = False, preparation: str = "", problem: str = ""
    ) -> None:
        """Set what changes from moment to moment."""
        self._progress = replace(
            self._progress,
            calls_at_once=calls_at_once,
            is_paused=is_paused,
            preparation=preparation,
            problem=problem,
        )
