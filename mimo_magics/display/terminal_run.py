"""The renderer of a run over many rows in a terminal: the bar of tqdm, or a line now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.renderer_protocol import Document, SilentRenderer
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.core.text import replace_control_characters, replace_unencodable_characters
from mimo_magics.display.run_status import RunStatus

LINE_SECONDS = 5.0
"""Seconds between two lines without tqdm."""


class TerminalRunRenderer(SilentRenderer):
    """Prints the progress, and the document at the end.

    Args:
        has_bar: whether the output is a terminal that can repaint a line.
        now: returns the time in seconds.
    """

    def __init__(self, *, has_bar: bool, now: Callable[[], float] = monotonic) -> None:
        self._status = RunStatus()
        self._now = now
        self._next_line_at = now() + LINE_SECONDS
        self._bar: Any = _create_bar() if has_bar else None
        self._bar_key: object = None

    def show(self, event: Event, number: int = 0) -> None:
        """Update the bar, or print a line when one is due."""
        self._status.feed(event)
        if not isinstance(event, RunProgress):
            return
        if self._bar is not None:
            self._paint_bar(event)
        elif self._now() >= self._next_line_at:
            self._next_line_at = self._now() + LINE_SECONDS
            self._write(f"{_single_line(self._status.line)}\n")

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Print the document."""
        self.clear()
        self._write(f"{document.to_bundle()['text/plain']}\n")

    def clear(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()

    def _paint_bar(self, progress: RunProgress) -> None:
        self._bar.total = progress.total
        self._bar.set_description_str(_single_line(self._status.summary), refresh=False)
        self._bar.set_postfix_str(_single_line(self._status.cost_and_limits), refresh=False)
        self._bar.update(progress.done - self._bar.n)
        # Without a new row, tqdm does not repaint: a pause would not be shown.
        if self._status.text_key != self._bar_key:
            self._bar_key = self._status.text_key
            self._bar.refresh()

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(replace_unencodable_characters(replace_control_characters(text)))
        sys.stdout.flush()


def _single_line(text: str) -> str:
    """Return a text without line breaks and control characters."""
    return replace_unencodable_characters(replace_control_characters(" ".join(text.split())))


def _create_bar() -> Any:
    """Return a bar of tqdm; `None` if it is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(unit="row", leave=True, file=sys.stdout)
