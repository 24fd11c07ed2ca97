"""IPython in a terminal: the words as they come.

A terminal obeys control characters, so none of a model's reaches it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    Note,
    Notice,
    ReasoningDelta,
    ResponseRestarted,
    Retrying,
    TextDelta,
)
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.text import (
    escape_invisible_characters,
    replace_unencodable_characters,
    split_unfinished_sequence,
)

ANSI_DIM, ANSI_RESET = "\x1b[2m", "\x1b[0m"


class TerminalRenderer:
    """Prints what comes, the reasoning dimmed."""

    def __init__(self) -> None:
        self._last_event_type: type[Event] | None = None
        self._unfinished = ""
        """The end of the last piece, which the next one may make another character of."""

    async def has_buttons(self) -> bool:
        """Return `False`."""
        return False

    def show(self, event: Event) -> None:
        """Print what is new."""
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self._print_piece(type(event), text)
            case ResponseRestarted():
                line = translate(Translatable("The answer begins anew; what came of it before is void."))
                self._print(ResponseRestarted, f"{ANSI_DIM}{line}{ANSI_RESET}\n")
            case Retrying():
                self._print(Retrying, f"{escape_invisible_characters(translate(str(event)))}\n")
            case ModelPreparation(what, done, total) if done == total:
                self._print(ModelPreparation, f"{translate(what)} …\n")
            case Note(text):
                self._print(Note, f"⚠ {escape_invisible_characters(translate(text))}\n")
            case Notice(text):
                self._print(Notice, f"{ANSI_DIM}{escape_invisible_characters(translate(text))}{ANSI_RESET}\n")

    def tick(self) -> None:
        """Nothing waits to be shown."""

    def finish(
        self, reply: Reply, record: dict[str, Any], *, notices: Sequence[str] = (), is_plain: bool = False
    ) -> None:
        """End the last line."""
        self._print(type(None), "")

    def clear(self) -> None:
        """End the last line; what was printed stays."""
        self._print(type(None), "")

    def _print_piece(self, kind: type[TextDelta | ReasoningDelta], text: str) -> None:
        if kind is not self._last_event_type:
            self._flush()
        complete, unfinished = split_unfinished_sequence(self._unfinished + text)
        self._unfinished = ""
        self._print(kind, _style(kind, complete))
        self._unfinished = unfinished

    def _print(self, kind: Any, text: str) -> None:
        separator = ""
        if kind is not self._last_event_type:
            self._flush()
            separator = "\n" if self._last_event_type in (TextDelta, ReasoningDelta) else ""
        self._last_event_type = kind
        _write(separator + text)
        sys.stdout.flush()

    def _flush(self) -> None:
        """Print the end of the last piece, as no other one belongs to it."""
        _write(_style(self._last_event_type, self._unfinished))
        self._unfinished = ""


def _write(text: str) -> None:
    sys.stdout.write(replace_unencodable_characters(text))


def _style(kind: Any, text: str) -> str:
    shown = escape_invisible_characters(text)
    return f"{ANSI_DIM}{shown}{ANSI_RESET}" if shown and kind is ReasoningDelta else shown
