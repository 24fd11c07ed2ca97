"""A question to the page: does it show widgets, and does the kernel hear of it while a cell runs?

Nothing that a kernel knows answers that: versions, settings and extensions of a front end all have a part in it. So
the page is asked to do what every front end with widgets does by itself when it gets a link between two of them: it
sets the second to the first's value and tells the kernel so.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from ipywidgets import jsdlink
from ipywidgets.widgets.widget_description import DescriptionStyle

TRAIT, WORD = "description_width", "1px"
"""Of the smallest widgets there are; nobody sees them."""
PAUSES = (0.0, 0.5, 2.0)
"""Seconds before each question. One need not be enough: JupyterLab opens the channel on which ipykernel 7.0 to 7.3 hear
it in the middle of a cell when it sees the first widget, and what it says until then waits for the end of the cell."""

LAST_WAIT = 0.5
"""Seconds after the last question until which an answer is waited for where something depends on it."""


class Probe:
    """Asks, once it was begun, until an answer comes, or long enough."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._said: Any = None
        self._heard: list[Any] = []
        self._links: list[Any] = []
        self._last = 0.0

    def begin(self) -> None:
        """Ask for the first time, unless that was done. What is over before then needs no widgets, and sends none."""
        if self._said is None:
            self._said = DescriptionStyle(description_width=WORD)
            self._ask()

    def answered(self) -> bool:
        """Tell whether the page works with widgets while this cell runs; ask again when it is time."""
        if any(heard.description_width == WORD for heard in self._heard):
            return True
        if 0 < len(self._heard) < len(PAUSES) and self._now() - self._last >= PAUSES[len(self._heard)]:
            self._ask()
        return False

    @property
    def waits(self) -> bool:
        """Whether an answer may still come soon."""
        return len(self._heard) < len(PAUSES) or self._now() - self._last < LAST_WAIT

    def close(self) -> None:
        """Take the questions back."""
        for widget in filter(None, (self._said, *self._heard, *self._links)):
            widget.close()

    def _ask(self) -> None:
        self._last = self._now()
        self._heard.append(DescriptionStyle())
        self._links.append(jsdlink((self._said, TRAIT), (self._heard[-1], TRAIT)))
