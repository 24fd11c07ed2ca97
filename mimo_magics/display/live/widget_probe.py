"""The widget probe: it finds out whether the page shows widgets and the kernel handles their messages during a cell.

The kernel cannot know this: it depends on versions, settings and extensions of the front end. So the probe sends two
widgets and a link between them. Every front end with widgets then copies the value of the first to the second, and
reports the change to the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from ipywidgets import jsdlink
from ipywidgets.widgets.widget_description import DescriptionStyle

PROBE_TRAIT, PROBE_VALUE = "description_width", "1px"
"""A trait of the smallest widgets that exist. They are invisible."""
PROBE_DELAYS_SECONDS = (0.0, 0.5, 2.0)
"""Seconds before each probe. One may not be enough: for ipykernel 7.0 to 7.3, JupyterLab opens the channel for messages
during a cell when it sees the first widget. Earlier messages wait for the end of the cell."""

FINAL_WAIT_SECONDS = 0.5
"""Seconds to wait for a response after the last probe."""


class WidgetProbe:
    """Sends probes until the page answers, at most one for each delay."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._source: Any = None
        self._targets: list[Any] = []
        self._links: list[Any] = []
        self._last_probe_at = 0.0

    def start(self) -> None:
        """Send the first probe, once. A reply that is complete before that needs no widgets."""
        if self._source is None:
            self._source = DescriptionStyle(description_width=PROBE_VALUE)
            self._send_probe()

    def poll(self) -> bool:
        """Return whether the page has answered. Send the next probe when it is due."""
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
        """Whether a response may still arrive."""
        return (
            len(self._targets) < len(PROBE_DELAYS_SECONDS)
            or self._now() - self._last_probe_at < FINAL_WAIT_SECONDS
        )

    def close(self) -> None:
        """Remove the widgets of the probes."""
        for widget in filter(None, (self._source, *self._targets, *self._links)):
            widget.close()

    def _send_probe(self) -> None:
        self._last_probe_at = self._now()
        self._targets.append(DescriptionStyle())
        self._links.append(jsdlink((self._source, PROBE_TRAIT), (self._targets[-1], PROBE_TRAIT)))
