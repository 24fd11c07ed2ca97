"""What a person sees of a comparison: a surface tells how far it is and leaves a document behind."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from IPython.display import display

from mimo_magics.core.events import Event
from mimo_magics.core.text import escape_html, replace_control_characters
from mimo_magics.display.comparison_progress import Tally
from mimo_magics.display.output import Slot


class ComparingSilently:
    """Shows nothing at all (`--quiet`)."""

    def show(self, number: int, event: Event) -> None:
        """Let the event pass."""

    def over(self, number: int, note: str = "") -> None:
        """Tell nobody."""

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Leave nothing."""

    def clear(self) -> None:
        """Nothing was shown."""


class ComparingAtTheEnd(ComparingSilently):
    """Shows one output when all is over: for runs that nobody watches."""

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Show the document."""
        display(dict(bundle), raw=True, metadata=metadata)


class ComparingInTerminal(ComparingSilently):
    """Prints a line when a reply is over, and all of them at the end."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def over(self, number: int, note: str = "") -> None:
        """Say so."""
        self._tally.end(number, note)
        which = ": ".join(filter(None, (self._tally.titles[number], note)))
        sys.stdout.write(replace_control_characters(f"{self._tally.words}: {' '.join(which.split())}") + "\n")
        sys.stdout.flush()

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Print the document."""
        sys.stdout.write(f"\n{bundle['text/plain']}\n")


class ComparingInPlace:
    """Shows a line that tells how far it is, until the document takes its place."""

    def __init__(self, tally: Tally) -> None:
        self.slot = Slot()
        """Where the line stands, and the document will be."""
        self._tally = tally
        self._shown = ""

    def show(self, number: int, event: Event) -> None:
        """Let the event pass: a line has no room for it."""

    def over(self, number: int, note: str = "") -> None:
        """Say so."""
        self._tally.end(number, note)
        self.tick()

    def tick(self) -> None:
        """Show the line anew when it changes, which it does once a second."""
        line = self._tally.line
        if line != self._shown:
            self._shown = line
            self.slot.put({"text/html": f"<p><small>{escape_html(line)}</small></p>", "text/plain": line})

    def finish(self, bundle: Mapping[str, str], metadata: dict[str, Any]) -> None:
        """Replace the line by the document."""
        self.slot.put(dict(bundle), metadata)

    def clear(self) -> None:
        """Take the line back."""
        self.slot.empty()
