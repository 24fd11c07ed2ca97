"""The progress of a run: counts that grow, and a snapshot of them for a view."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace

from mimo_magics.core.messages import Usage

MAX_ANSWERS, MAX_ANSWER_CHARS = 3, 200


@dataclass(frozen=True, slots=True)
class RunProgress:
    """What a run has done until now. Only saved results count."""

    total: int | None = None
    """Rows of the input; `None` if they are not counted before they are read."""
    called: int = 0
    """Rows for which the service was called."""
    reused: int = 0
    """Rows whose results were there, or that equal another row."""
    failed: int = 0
    """Rows with an error, of `called` and of those that were not sent."""
    unsent: int = 0
    """Rows that could not be sent, such as those without a value."""
    usage: Usage = Usage()
    usd: float | None = 0.0
    """Cost in US dollars; `None` if the price of a call is unknown."""
    seconds: float = 0.0
    answers: tuple[str, ...] = ()
    """The last replies, shortened."""
    calls_at_once: int = 0
    """The calls that may run at once now."""
    is_paused: bool = False
    """Whether the service refused a call because of a limit, and all calls wait."""
    preparation: str = ""
    """What happens before the first call, such as the download of the embedded model."""
    problem: str = ""
    """Why results could not be saved."""

    @property
    def done(self) -> int:
        """Rows with a result."""
        return self.called + self.reused + self.unsent

    @property
    def rows_per_second(self) -> float:
        """Calls that finished in a second, on average."""
        return self.called / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the end; `None` if it is unknown."""
        if self.total is None or not self.rows_per_second:
            return None
        return (self.total - self.done) / self.rows_per_second

    @property
    def projected_usd(self) -> float | None:
        """The cost of all rows if the others cost as much; `None` if it is unknown."""
        if self.total is None or self.usd is None or not self.called:
            return None
        return self.usd * (self.total - self.reused - self.unsent) / self.called


class ProgressCounter:
    """Counts the rows of a run.

    Args:
        total: rows of the input, if known.
    """

    def __init__(self, total: int | None) -> None:
        self._progress = RunProgress(total)
        self._answers: deque[str] = deque(maxlen=MAX_ANSWERS)
        self._started_at = time.monotonic()

    @property
    def progress(self) -> RunProgress:
        """The progress until now."""
        return replace(
            self._progress, seconds=time.monotonic() - self._started_at, answers=tuple(self._answers)
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
            self._answers.append(text[:MAX_ANSWER_CHARS])

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
