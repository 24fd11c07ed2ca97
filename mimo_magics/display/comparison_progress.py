"""How far a comparison is: which replies are over, and what goes on with the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from time import monotonic

from mimo_magics.core.events import Event
from mimo_magics.core.i18n import say
from mimo_magics.display.progress import Progress


class Tally:
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
        self.failed = 0
        self._at_once = at_once or len(titles)
        self._now = now
        self._start = now()
        self._progress: list[Progress] = []
        """Of those that were asked; it is done in their order."""
        self._ends: dict[int, str] = {}
        """What there is to say of those that are over."""
        self._ask()

    def feed(self, number: int, event: Event) -> None:
        """Take an event of one of them in."""
        self._ask(number + 1)
        self._progress[number].feed(event)

    def end(self, number: int, note: str = "") -> None:
        """Note that one of them is over; `note` says why it failed, if it did."""
        self._ask(number + 1)
        self.failed += bool(note)
        self._ends[number] = (
            f"⚠ {note}" if note else say("Answered · {figures}", figures=self._progress[number].figures)
        )
        self._ask()

    @property
    def over(self) -> Collection[int]:
        """Numbers of those that are."""
        return self._ends.keys()

    @property
    def words(self) -> str:
        """How many of them are."""
        failed = say(", {failed} failed", failed=self.failed) if self.failed else ""
        return say(
            "{count} of {all} answered{failed}",
            count=len(self.over) - self.failed,
            all=len(self.titles),
            failed=failed,
        )

    @property
    def seconds(self) -> int:
        """Whole seconds since the first was asked."""
        return int(self._now() - self._start)

    @property
    def line(self) -> str:
        """All of it."""
        return say("{words} · {seconds} s", words=self.words, seconds=self.seconds)

    def told(self, number: int) -> str:
        """Return what there is to say of one of them."""
        if number in self._ends:
            return self._ends[number]
        return self._progress[number].line if number < len(self._progress) else say("Waits for its turn")

    def _ask(self, least: int = 0) -> None:
        """Begin to count the time of those whose turn it is: an end makes room for one more."""
        asked = max(least, min(len(self.titles), self._at_once + len(self.over)))
        while len(self._progress) < asked:
            self._progress.append(Progress(self._now))
