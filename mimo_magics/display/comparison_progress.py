"""How far a comparison is: which replies are over, and what goes on with the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from time import monotonic

from mimo_magics.core.events import Event, ReplyEnded
from mimo_magics.core.i18n import translate
from mimo_magics.display.progress import ReplyProgress


class ComparisonProgress:
    """Follows the events of several turns.

    Args:
        titles: what sets each of them apart from the others.
        at_once: how many are asked at a time; all of them unless it is said.
        now: tells the time.
    """

    def __init__(
        self, titles: Sequence[str], at_once: int | None = None, now: Callable[[], float] = monotonic
    ) -> None:
        self.titles = tuple(titles)
        self.failed_count = 0
        self._at_once = at_once or len(titles)
        self._now = now
        self._started_at = now()
        self._replies: list[ReplyProgress] = []
        """Of those that were asked; it is done in their order."""
        self._end_lines: dict[int, str] = {}
        """What there is to say of those that are over."""
        self._start_turns()

    def feed(self, event: Event, number: int = 0) -> None:
        """Add an event of the reply with this number."""
        self._start_turns(number + 1)
        if isinstance(event, ReplyEnded):
            self._end_reply(number, translate(event.failure))
        else:
            self._replies[number].feed(event)

    @property
    def ended_numbers(self) -> Collection[int]:
        """Numbers of those that are."""
        return self._end_lines.keys()

    @property
    def summary(self) -> str:
        """How many of them are."""
        failed = translate(", {failed} failed", failed=self.failed_count) if self.failed_count else ""
        return translate(
            "{count} of {all} answered{failed}",
            count=len(self.ended_numbers) - self.failed_count,
            all=len(self.titles),
            failed=failed,
        )

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the first was asked."""
        return int(self._now() - self._started_at)

    @property
    def line(self) -> str:
        """All of it."""
        return translate("{words} · {seconds} s", words=self.summary, seconds=self.elapsed_seconds)

    def reply_status(self, number: int) -> str:
        """Return what there is to say of one of them."""
        if number in self._end_lines:
            return self._end_lines[number]
        return self._replies[number].line if number < len(self._replies) else translate("Waits for its turn")

    def _end_reply(self, number: int, failure: str) -> None:
        self.failed_count += bool(failure)
        self._end_lines[number] = (
            f"⚠ {failure}"
            if failure
            else translate("Answered · {figures}", figures=self._replies[number].metrics)
        )
        self._start_turns()

    def _start_turns(self, min_started: int = 0) -> None:
        """Begin to count the time of those whose turn it is: an end makes room for one more."""
        started = max(min_started, min(len(self.titles), self._at_once + len(self.ended_numbers)))
        while len(self._replies) < started:
            self._replies.append(ReplyProgress(self._now))
