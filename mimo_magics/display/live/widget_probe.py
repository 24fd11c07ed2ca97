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

PROBE_TRAIT, PROBE_VALUE = "description_width", "1px"
"""Of the smallest widgets there are; nobody sees them."""
PROBE_DELAYS_SECONDS = (0.0, 0.5, 2.0)
"""Seconds before each question. One need not be enough: JupyterLab opens the channel on which ipykernel 7.0 to 7.3 hear
it in the middle of a cell when it sees the first widget, and what it says until then waits for the end of the cell."""

FINAL_WAIT_SECONDS = 0.5
"""Seconds after the last question until which an answer is waited for where something depends on it."""


class WidgetProbe:
    """Asks, once it was begun, until an answer comes, or long enough."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._source: Any = None
        self._targets: list[Any] = []
        self._links: list[Any] = []
        self._last_probe_at = 0.0

    def start(self) -> None:
        """Ask for the first time, unless that was done. What is over before then needs no widgets, and sends none."""
        if self._source is None:
            self._source = DescriptionStyle(description_width=PROBE_VALUE)
            self._send_probe()

    def poll(self) -> bool:
        """Tell whether the page works with widgets while this cell runs; ask again when it is time."""
        if any(target.description_width == PROBE_VALUE for target in self._targets):
            return True
        if (
            0 < len(self._targets) < len(PROBE_DELAYS_SECONDS)
            and self._now() - self._last_probe_at >= PROBE_DELAYS_SECONDS[len(self._targets)]
        ):
            self._send_probe()
        return False

    @property
    def is_pending(self) -> bool:
        """Whether an answer may still come soon."""
        return (
            len(self._targets) < len(PROBE_DELAYS_SECONDS)
            or self._now() - self._last_probe_at < FINAL_WAIT_SECONDS
        )

    def close(self) -> None:
        """Take the questions back."""
        for widget in filter(None, (self._source, *self._targets, *self._links)):
            widget.close()

    def _send_probe(self) -> None:
        self._last_probe_at = self._now()
        self._targets.append(DescriptionStyle())
        self._links.append(jsdlink((self._source, PROBE_TRAIT), (self._targets[-1], PROBE_TRAIT)))
