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
        self._line_key: object = None
        self._line = ""

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
    def share(self) -> float | None:
        """The share of the rows with a result, from 0 to 1; `None` without a total."""
        progress = self.progress
        if progress.total is None:
            return None
        return min(progress.done / progress.total, 1.0) if progress.total else 1.0

    @property
    def text_key(self) -> object:
        """A value that changes when the texts are due: once a second, and when the state of the run changes.

        Screen readers read each change of a status aloud.
        """
        progress = self.progress
        return (
            self.elapsed_seconds,
            bool(progress.preparation),
            progress.is_paused,
            progress.problem,
            progress.done == progress.total,
        )

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
        """The status line: summary and details. It changes when the texts are due."""
        if self.text_key != self._line_key:
            self._line_key = self.text_key
            self._line = " · ".join(filter(None, (self.summary, self.details)))
        return self._line

    @property
    def cost_and_limits(self) -> str:
        """Cost and limits, which a progress bar does not measure."""
        return " · ".join(self._iter_cost_and_limits())

    def _iter_details(self) -> Iterator[str]:
        progress = self.progress
        yield translate("{seconds} s", seconds=self.elapsed_seconds)
        if progress.called and progress.seconds >= MIN_RATE_SECONDS:
            yield translate("{rate:.1f} rows/s", rate=progress.rows_per_second)
            if progress.seconds_left is not None:
                yield translate("about {time} left", time=format_seconds(progress.seconds_left))
        yield from self._iter_cost_and_limits()

    def _iter_cost_and_limits(self) -> Iterator[str]:
        progress = self.progress
        if progress.usd:
            yield f"{progress.usd:.4f} USD"
            if progress.projected_usd is not None:
                yield translate("about {usd:.2f} USD in all", usd=progress.projected_usd)
        if progress.calls_at_once:
            yield (
                translate("1 call at a time")
                if progress.calls_at_once == 1
                else translate("{count:,} calls at once", count=progress.calls_at_once)
            )
        if progress.is_paused:
            yield translate("the service limits the rate: waiting")
        if progress.problem:
            yield translate("⚠ results not saved: {reason}", reason=progress.problem)


def format_seconds(seconds: float) -> str:
    """Return a duration such as `45 s`, `12 min` or `3 h 20 min`."""
    # Rounded before it is compared, so that 59.7 seconds are not 60 s.
    if round(seconds) < MINUTE:
        return f"{seconds:.0f} s"
    total_minutes = round(seconds / MINUTE)
    if total_minutes < HOUR // MINUTE:
        return f"{total_minutes} min"
    hours, minutes = divmod(total_minutes, MINUTE)
    return f"{hours} h {minutes} min"
