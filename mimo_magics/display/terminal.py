"""IPython in a terminal: the words as they come.

A terminal obeys control characters, so none of a model's reaches it.
"""

from __future__ import annotations

import sys
from typing import Any

from mimo_magics.core.events import Event, ModelPreparation, Note, Notice, ReasoningDelta, Retrying, TextDelta
from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import replace_control_characters

ANSI_DIM, ANSI_RESET = "\x1b[2m", "\x1b[0m"


class TerminalRenderer:
    """Prints what comes, the reasoning dimmed."""

    def __init__(self) -> None:
        self._last_event_type: type[Event] | None = None

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Print what is new."""
        match event:
            case TextDelta(text):
                self._print(TextDelta, replace_control_characters(text))
            case ReasoningDelta(text):
                self._print(ReasoningDelta, f"{ANSI_DIM}{replace_control_characters(text)}{ANSI_RESET}")
            case Retrying():
                self._print(Retrying, f"{replace_control_characters(translate(str(event)))}\n")
            case ModelPreparation(what, done, total) if done == total:
                self._print(ModelPreparation, f"{translate(what)} …\n")
            case Note(text):
                self._print(Note, f"⚠ {replace_control_characters(translate(text))}\n")
            case Notice(text):
                self._print(Notice, f"{ANSI_DIM}{replace_control_characters(translate(text))}{ANSI_RESET}\n")

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(self, reply: Reply, record: dict[str, Any]) -> None:
        """End the last line."""
        self._print(type(None), "")

    def clear(self) -> None:
        """End the last line; what was printed stays."""
        self._print(type(None), "")

    def _print(self, kind: Any, text: str) -> None:
        separator = (
            "\n"
            if self._last_event_type in (TextDelta, ReasoningDelta) and kind is not self._last_event_type
            else ""
        )
        self._last_event_type = kind
        sys.stdout.write(separator + text)
        sys.stdout.flush()
