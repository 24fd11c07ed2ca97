"""What a person sees of a comparison: a renderer tells how far it is and leaves a document behind."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from mimo_magics.core.events import Event
from mimo_magics.core.text import escape_html, replace_control_characters, replace_unencodable_characters
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.display.output import Output, display_bundle


class SilentComparisonRenderer:
    """Shows nothing at all (`--quiet`)."""

    def show(self, number: int, event: Event) -> None:
        """Let the event pass."""

    def end_reply(self, number: int, note: str = "") -> None:
        """Tell nobody."""

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Leave nothing."""

    def clear(self) -> None:
        """Nothing was shown."""


class FinalComparisonRenderer(SilentComparisonRenderer):
    """Shows one output when all is over: for runs that nobody watches."""

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Show the document."""
        display_bundle(bundle, metadata)


class TerminalComparisonRenderer(SilentComparisonRenderer):
    """Prints a line when a reply is over, and all of them at the end."""

    def __init__(self, progress: ComparisonProgress) -> None:
        self._progress = progress

    def end_reply(self, number: int, note: str = "") -> None:
        """Say so."""
        self._progress.end(number, note)
        label = ": ".join(filter(None, (self._progress.titles[number], note)))
        _print_line(f"{self._progress.summary}: {' '.join(label.split())}")
        sys.stdout.flush()

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Print the document."""
        sys.stdout.write(replace_unencodable_characters(f"\n{bundle['text/plain']}\n"))


def _print_line(line: str) -> None:
    sys.stdout.write(replace_unencodable_characters(replace_control_characters(line)) + "\n")


class StaticComparisonRenderer:
    """Shows a line that tells how far it is, until the document takes its place."""

    def __init__(self, progress: ComparisonProgress) -> None:
        self.output = Output()
        """Where the line stands, and the document will be."""
        self._progress = progress
        self._shown_line = ""

    def show(self, number: int, event: Event) -> None:
        """Let the event pass: a line has no room for it."""

    def end_reply(self, number: int, note: str = "") -> None:
        """Say so."""
        self._progress.end(number, note)
        self.tick()

    def tick(self) -> None:
        """Show the line anew when it changes, which it does once a second."""
        line = self._progress.line
        if line != self._shown_line:
            self._shown_line = line
            self.output.update(
                {"text/html": f"<p><small>{escape_html(line)}</small></p>", "text/plain": line}
            )

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Replace the line by the document."""
        self.output.update(dict(bundle), metadata)

    def clear(self) -> None:
        """Take the line back."""
        self.output.clear()
