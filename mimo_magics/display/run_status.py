"""The status of a run over many rows: how many are done, how fast, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import translate
from mimo_magics.core.renderer_protocol import TurnMeter
from mimo_magics.core.run_progress import RunProgress

MINUTE, HOUR = 60, 3_600
MIN_RATE_SECONDS = 2.0
"""Seconds after which a rate is shown. Before, it would jump."""


class RunStatus:
    """The status of one run."""

    def __init__(self) -> None:
        self.progress = RunProgress()
        """The last progress that arrived."""

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Do nothing, as a run measures itself."""

    def feed(self, event: Event, number: int = 0) -> None:
        """Take the progress."""
        if isinstance(event, RunProgress):
            self.progress = event

    @property
    def elapsed_seconds(self) -> int:
        """Whole seconds since the start."""
        return int(self.progress.seconds)

    @property
    def summary(self) -> str:
        """The counts of the rows, or what happens before the first one."""
        progress = self.progress
        if progress.preparation:
            return translate(progress.preparation)
        parts = [
            translate("{count:,} rows", count=progress.done)
            if progress.total is None
            else translate("{count:,} of {total:,} rows", count=progress.done, total=progress.total),
            translate("{count:,} failed", count=progress.failed) if progress.failed else "",
            translate("{count:,} reused", count=progress.reused) if progress.reused else "",
        ]
        return ", ".join(filter(None, parts))

    @property
    def details(self) -> str:
        """Rate, time, cost and limits."""
        return " · ".join(self._iter_details())

    @property
    def line(self) -> str:
        """The status line: summary and details."""
        return " · ".join(filter(None, (self.summary, self.details)))

    def _iter_details(self) -> Iterator[str]:
        progress = self.progress
        yield translate("{seconds} s", seconds=self.elapsed_seconds)
        if progress.called and progress.seconds >= MIN_RATE_SECONDS:
            yield translate("{rate:.1f} rows/s", rate=progress.rows_per_second)
            if progress.seconds_left is not None:
                yield translate("about {time} left", time=format_seconds(progress.seconds_left))
        if progress.usd:
            yield f"{progress.usd:.4f} USD"
            if progress.projected_usd is not None:
                yield translate("about {usd:.2f} USD in all", usd=progress.projected_usd)
        if progress.is_paused:
            yield translate("the service limits the rate: waiting")
        if progress.problem:
            yield translate("⚠ results not saved: {reason}", reason=progress.problem)


def format_seconds(seconds: float) -> str:
    """Return a duration such as `45 s`, `12 min` or `3 h 20 min`."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    hours, minutes = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {minutes} min"
