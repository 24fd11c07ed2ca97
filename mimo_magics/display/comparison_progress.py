"""The status of a comparison: how many replies are over, and the status of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mimo_magics.core.events import Event, ReplyEnded
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import TurnMeter
from mimo_magics.display.progress import ReplyProgress


class ComparisonProgress:
    """The status of several replies.

    Args:
        titles: the titles of the replies.
    """

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = tuple(titles)
        self.failed_count = 0
        self._replies = [ReplyProgress(number) for number in range(len(titles))]
        self._meters: Mapping[int, TurnMeter] = {}
        self._end_lines: dict[int, str] = {}
        """The status lines of the replies that are over."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""
        self._meters = meters
        for reply in self._replies:
            reply.start(meters)

    def feed(self, event: Event, number: int = 0) -> None:
        """Add an event of the reply with this number."""
        if isinstance(event, ReplyEnded):
            self._end_reply(number, translate(event.failure))
        else:
            self._replies[number].feed(event)

    @property
    def ended_numbers(self) -> Collection[int]:
        """Numbers of the replies that are over."""
        return self._end_lines.keys()

    @property
    def summary(self) -> str:
        """How many replies are over, and how many of them failed."""
        failed = translate(", {failed} failed", failed=self.failed_count) if self.failed_count else ""
        return translate(
            "{count} of {all} complete{failed}",
            count=len(self.ended_numbers) - self.failed_count,
            all=len(self.titles),
            failed=failed,
        )

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the first request."""
        return self._replies[0].elapsed_seconds

    @property
    def line(self) -> str:
        """The status line: summary and seconds."""
        return translate("{summary} · {seconds} s", summary=self.summary, seconds=self.elapsed_seconds)

    def reply_status(self, number: int) -> str:
        """Return the status line of a reply."""
        if number in self._end_lines:
            return self._end_lines[number]
        return self._replies[number].line if number in self._meters else translate("Queued")

    def _end_reply(self, number: int, failure: str) -> None:
        self.failed_count += bool(failure)
        self._end_lines[number] = (
            f"⚠ {failure}"
            if failure
            else translate("Complete · {figures}", figures=self._replies[number].metrics)
        )
