"""The line that is shown while a speech model works. The value of the cell replaces it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from mimo_magics.core.audio import measure_samples
from mimo_magics.core.events import AudioDelta, Event, Retrying
from mimo_magics.core.i18n import Translatable
from mimo_magics.display.output import Output
from mimo_magics.document.paragraphs import paragraphs_bundle

FRAME_INTERVAL = 0.5
"""Minimum seconds between two updates."""


class SpeechProgress:
    """The progress of one call.

    Args:
        output: the output of the cell that shows it.
        label: what the model does.
        is_streamed: whether the audio arrives in pieces.
        now: the clock.
    """

    def __init__(
        self, output: Output, label: str, *, is_streamed: bool = False, now: Callable[[], float] = monotonic
    ) -> None:
        self._output = output
        self._label = label
        self._is_streamed = is_streamed
        self._now = now
        self._next_frame_at = 0.0
        self._char_count = 0
        """Characters of base64."""

    def start(self) -> None:
        """Show what the model does."""
        self._output.update(paragraphs_bundle(self._label))

    def show(self, event: Event) -> None:
        """Show an event: a retry, or more audio."""
        if isinstance(event, Retrying):
            self._output.update(paragraphs_bundle(str(event)))
        elif isinstance(event, AudioDelta) and self._is_streamed:
            self._char_count += len(event.data)
            self._show_duration()

    def _show_duration(self) -> None:
        if self._now() < self._next_frame_at:
            return
        self._next_frame_at = self._now() + FRAME_INTERVAL
        seconds = measure_samples(self._char_count * 3 // 4)
        self._output.update(
            paragraphs_bundle(Translatable("Received {seconds:.1f} s of speech …", seconds=seconds))
        )
