"""The progress of a run over many rows, as an event for renderers."""

from __future__ import annotations

from dataclasses import dataclass

from mimo_magics.core.messages import Usage


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
    replies: tuple[str, ...] = ()
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
