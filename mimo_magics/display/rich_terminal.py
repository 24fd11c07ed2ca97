"""The renderer for IPython in a terminal where `rich` is installed."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from mimo_magics.core.events import (
    Accumulator,
    Event,
    ModelPreparation,
    PromptContext,
    ResultExpected,
    ResultItem,
    Retrying,
    ToolProgress,
)
from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import Reply
from mimo_magics.core.renderer_protocol import Document, SilentRenderer
from mimo_magics.core.settings import Format
from mimo_magics.core.text import escape_invisible_characters
from mimo_magics.document.context_html import context_line
from mimo_magics.document.growing_result import GrowingResult
from mimo_magics.document.markdown import iter_tokens, keep_code
from mimo_magics.document.reply import shows_result
from mimo_magics.document.result_table import result_text

MAX_SHOWN_CHARS = 10_000
"""Characters that are painted while the reply grows: more than a window holds."""
FRAME_INTERVAL = 0.125
"""Minimum seconds between two frames."""


class RichTerminalRenderer(SilentRenderer):
    """Shows the end of the growing reply, as much as fits the window, and the formatted reply at the end."""

    def __init__(self, reply_format: Format = "markdown", console: Console | None = None) -> None:
        self._format = reply_format
        self._accumulator = Accumulator()
        self._live = _new_live(console)
        self._status = ""
        self._result: GrowingResult | None = None
        """The items of a reply with a schema, shown in place of its text."""
        self._has_changes = False
        self._next_frame_at = 0.0

    def show(self, event: Event, number: int = 0) -> None:
        """Add an event, and paint when a frame is due."""
        self._accumulator.feed(event)
        self._has_changes = True
        match event:
            case ToolProgress(state="waiting"):
                # `input` must not be called while rich paints. A restarted display would paint over the question.
                self._live.stop()
                self._live = _new_live(self._live.console)
                return
            case PromptContext(items):
                line = escape_invisible_characters(context_line(items))
                self._live.console.print(Text(line, style="dim"))
            case ResultExpected(schema):
                self._result = GrowingResult(schema)
            case ResultItem(value) if self._result:
                self._result.add(value)
            case Retrying():
                self._status = translate(str(event))
            case ModelPreparation(what):
                self._status = f"{translate(what)} …"
            case _:
                self._status = ""
        self.tick()

    def tick(self) -> None:
        """Paint the changes when a frame is due."""
        if self._has_changes and monotonic() >= self._next_frame_at:
            self._paint()

    def finish(self, document: Document, metadata: dict[str, Any]) -> None:
        """Print the whole reply."""
        self._live.stop()
        reply_format = "text" if document.is_plain else self._format
        for reply in document.replies:
            self._live.console.print(render_reply(reply, reply_format, document.notices))

    def clear(self) -> None:
        """Remove the display."""
        self._live.stop()

    def _paint(self) -> None:
        self._next_frame_at = monotonic() + FRAME_INTERVAL
        self._has_changes = False
        self._live.start()
        reply = self._accumulator.reply
        body = self._result.text if self._result and reply.text else reply.text
        text = escape_invisible_characters((self._status or body or reply.reasoning)[-MAX_SHOWN_CHARS:])
        lines = Text(text, style="" if reply.text and not self._status else "dim").wrap(
            self._live.console, self._live.console.width
        )
        self._live.update(Group(*lines[-(self._live.console.height - 2) :]), refresh=True)


def _new_live(console: Console | None) -> Live:
    return Live(console=console, auto_refresh=False, transient=True)


def render_reply(
    reply: Reply, reply_format: Format = "markdown", notices: Sequence[str] = ()
) -> RenderableType:
    """Return notes, notices, reasoning and text for rich. Links show their address."""
    notes = [Text(f"⚠ {escape_invisible_characters(translate(note))}") for note in reply.notes]
    quiet_lines = [Text(escape_invisible_characters(translate(line)), style="dim") for line in notices]
    reasoning = [Text(escape_invisible_characters(reply.reasoning), style="dim")] if reply.reasoning else []
    if shows_result(reply, reply_format):
        return Group(*notes, *quiet_lines, *reasoning, Text(result_text(reply)))
    text = escape_invisible_characters(reply.text)
    if reply_format == "code":
        text = keep_code(text)
    body = _render_markdown(text) if reply_format in ("markdown", "code") else Text(text)
    return Group(*notes, *quiet_lines, *reasoning, body)


def _render_markdown(text: str) -> Markdown:
    """Return Markdown. Its texts are cleaned after parsing, because the parser decodes entities and percent signs."""
    markdown = Markdown(text, hyperlinks=False)
    for token in iter_tokens(markdown.parsed):
        token.content = escape_invisible_characters(token.content)
        token.attrs = {
            name: escape_invisible_characters(value) if isinstance(value, str) else value
            for name, value in token.attrs.items()
        }
    return markdown
