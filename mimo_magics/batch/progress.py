"""The counts of a run, which grow."""

from __future__ import annotations

import time
from collections import deque

from mimo_magics.core.messages import Usage
from mimo_magics.core.run_progress import RunProgress

MAX_REPLIES, MAX_REPLY_CHARS = 3, 200


class ProgressCounter:
    """Counts the rows of a run.

    Args:
        total: rows of the input, if known.
    """

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._called = self._reused = self._unsent = self._failed = 0
        self._usage = Usage()
        self._usd: float | None = 0.0
        self._replies: deque[str] = deque(maxlen=MAX_REPLIES)
        self._started_at = time.monotonic()

    @property
    def progress(self) -> RunProgress:
        """The progress until now."""
        return RunProgress(
            self._total,
            called=self._called,
            reused=self._reused,
            failed=self._failed,
            unsent=self._unsent,
            usage=self._usage,
            usd=self._usd,
            seconds=time.monotonic() - self._started_at,
            replies=tuple(self._replies),
        )

    def count_called(self, usage: Usage, usd: float | None, *, text: str, is_failed: bool) -> None:
        """Count a row for which the service was called."""
        self._called += 1
        self._failed += is_failed
        self._usage += usage
        self._usd = None if self._usd is None or usd is None else self._usd + usd
        if not is_failed:
            self._replies.append(text[:MAX_REPLY_CHARS])

    def count_reused(self, *, is_failed: bool) -> None:
        """Count a row whose result was there."""
        self._reused += 1
        self._failed += is_failed

    def count_unsent(self) -> None:
        """Count a row that could not be sent."""
        self._unsent += 1
        self._failed += 1
