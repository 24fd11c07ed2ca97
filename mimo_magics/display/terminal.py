"""The renderers for IPython in a terminal.

A terminal obeys control characters, so the control characters of a model are replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    Note,
    Notice,
    PromptContext,
    ReasoningDelta,
    ReplyEnded,
    ResponseRestarted,
    ResultExpected,
    ResultItem,
    Retrying,
    TextDelta,
)
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Document, SilentRenderer, TurnMeter
from mimo_magics.core.text import (
    escape_invisible_characters,
    replace_control_characters,
    replace_unencodable_characters,
    split_unfinished_sequence,
)
from mimo_magics.display.comparison_progress import ComparisonProgress
from mimo_magics.document.context_html import context_line
from mimo_magics.document.growing_result import GrowingResult, item_line
from mimo_magics.document.result_table import count_items, iter_error_lines, result_text

ANSI_DIM, ANSI_RESET = "\x1b[2m", "\x1b[0m"


class TerminalRenderer(SilentRenderer):
    """Prints each delta, the reasoning dimmed."""

    def __init__(self) -> None:
        self._last_event_type: type[Event] | None = None
        self._unfinished = ""
        """The end of the last delta, if it may combine with the next one into one character."""
        self._result: GrowingResult | None = None
        """The items of a reply with a schema, printed in place of its text."""

    def show(self, event: Event, number: int = 0) -> None:
        """Print the event."""
        match event:
            case ResultExpected(schema):
                self._result = GrowingResult(schema)
            case ResultItem(value):
                self._print_item(value)
            case TextDelta(text) | ReasoningDelta(text):
                self._print_piece(type(event), text)
            case ResponseRestarted():
                line = translate(Translatable("The server restarted the reply. Ignore the text before."))
                self._print(ResponseRestarted, f"{ANSI_DIM}{line}{ANSI_RESET}\n")
            case Retrying():
                self._print(Retrying, f"{escape_invisible_characters(translate(str(event)))}\n")
            case ModelPreparation(what, done, total) if done == total:
                self._print(ModelPreparation, f"{translate(what)} …\n")
            case Note(text):
                self._print(Note, f"⚠ {escape_invisible_characters(translate(text))}\n")
            case Notice(text):
                self._print(Notice, f"{ANSI_DIM}{escape_invisible_characters(translate(text))}{ANSI_RESET}\n")
            case PromptContext(items):
                line = escape_invisible_characters(context_line(items))
                self._print(PromptContext, f"{ANSI_DIM}{line}{ANSI_RESET}\n")

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """End the last line, and print what is not printed yet of a result."""
        self._print(type(None), "")
        for reply in document.replies:
            if reply.result:
                _write("".join(f"{line}\n" for line in self._iter_missing_lines(reply)))

    def _print_item(self, value: object) -> None:
        """Print a complete item of a list. The fields of one object are printed at the end."""
        if self._result and self._result.is_list:
            self._result.add(value)
            line = escape_invisible_characters(f"{self._result.count}. {item_line(value)}")
            self._print(ResultItem, f"{line}\n")

    def _iter_missing_lines(self, reply: Reply) -> Iterator[str]:
        """Yield the errors if each item is printed, else the whole result."""
        is_printed = self._result and self._result.is_list and self._result.count == count_items(reply)
        yield from iter_error_lines(reply) if is_printed else result_text(reply).split("\n")

    def clear(self) -> None:
        """End the last line."""
        self._print(type(None), "")

    def _print_piece(self, kind: type[TextDelta | ReasoningDelta], text: str) -> None:
        """Print a piece of text or reasoning. The text of a reply with a schema is printed as items."""
        if self._result and kind is TextDelta:
            return
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
        """Print the end of the last delta, because nothing follows that may combine with it."""
        _write(_style(self._last_event_type, self._unfinished))
        self._unfinished = ""


class TerminalComparisonRenderer(SilentRenderer):
    """Prints a line when a reply is over, and all replies at the end."""

    def __init__(self, progress: ComparisonProgress) -> None:
        self._progress = progress

    def start(self, meters: Mapping[int, TurnMeter]) -> None:
        """Receive the meters of the replies, by their numbers."""
        self._progress.start(meters)

    def show(self, event: Event, number: int = 0) -> None:
        """Print a line when the reply is over."""
        self._progress.feed(event, number)
        if isinstance(event, PromptContext) and not number:
            _write(f"{ANSI_DIM}{escape_invisible_characters(context_line(event.items))}{ANSI_RESET}\n")
        if isinstance(event, ReplyEnded):
            label = ": ".join(filter(None, (self._progress.titles[number], translate(event.failure))))
            line = f"{self._progress.summary}: {' '.join(label.split())}"
            _write(f"{replace_control_characters(line)}\n")
            sys.stdout.flush()

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Print the document."""
        _write(f"\n{document.to_bundle()['text/plain']}\n")


def _write(text: str) -> None:
    sys.stdout.write(replace_unencodable_characters(text))


def _style(kind: Any, text: str) -> str:
    shown = escape_invisible_characters(text)
    return f"{ANSI_DIM}{shown}{ANSI_RESET}" if shown and kind is ReasoningDelta else shown
