"""IPython in a terminal: the words as they come.

A terminal obeys control characters, so none of a model's reaches it.
"""

from __future__ import annotations

import sys
from typing import Any

from mimo_magics.core.events import Event, Noted, Preparing, ReasoningDelta, Retrying, TextDelta, Told
from mimo_magics.core.i18n import say
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import replace_control_characters

DIM, PLAIN = "\x1b[2m", "\x1b[0m"


class TerminalSurface:
    """Prints what comes, the reasoning dimmed."""

    def __init__(self) -> None:
        self._last: type[Event] | None = None

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Print what is new."""
        match event:
            case TextDelta(text):
                self._print(TextDelta, replace_control_characters(text))
            case ReasoningDelta(text):
                self._print(ReasoningDelta, f"{DIM}{replace_control_characters(text)}{PLAIN}")
            case Retrying():
                self._print(Retrying, f"{replace_control_characters(say(str(event)))}\n")
            case Preparing(what, done, total) if done == total:
                self._print(Preparing, f"{say(what)} …\n")
            case Noted(text):
                self._print(Noted, f"⚠ {replace_control_characters(say(text))}\n")
            case Told(text):
                self._print(Told, f"{DIM}{replace_control_characters(say(text))}{PLAIN}\n")

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """End the last line."""
        self._print(type(None), "")

    def clear(self) -> None:
        """End the last line; what was printed stays."""
        self._print(type(None), "")

    def _print(self, kind: Any, text: str) -> None:
        between = "\n" if self._last in (TextDelta, ReasoningDelta) and kind is not self._last else ""
        self._last = kind
        sys.stdout.write(between + text)
        sys.stdout.flush()
