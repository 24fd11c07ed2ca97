"""What grows of a reply: its groups of steps, its texts and remarks, one below the other."""

from __future__ import annotations

from typing import TypeVar

from mimo_magics.core.events import (
    Event,
    Noted,
    ReasoningDelta,
    TextDelta,
    Told,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.i18n import say
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.streaming_markdown import Growing
from mimo_magics.display.live.tool_cards import Steps
from mimo_magics.display.live.widgets import Parts
from mimo_magics.document.reply import Look

Section = TypeVar("Section", Steps, Growing)


class Body:
    """The widgets of one reply.

    Args:
        parts: makes them.
        look: how to show the reply.
    """

    def __init__(self, parts: Parts, look: Look) -> None:
        self._parts = parts
        self._look = look
        self._sections: list[Steps | Growing] = []
        self.box = parts.box()

    @property
    def opened(self) -> frozenset[int]:
        """Numbers of the groups of steps that the person unfolded."""
        groups = [section for section in self._sections if isinstance(section, Steps)]
        return frozenset(n for n, steps in enumerate(groups) if steps.by_hand and steps.is_open)

    @property
    def codes(self) -> list[str]:
        """The code blocks of its texts that are finished."""
        texts = [section for section in self._sections if isinstance(section, Growing)]
        return [code for text in texts for code in text.codes]

    @property
    def shows_code(self) -> bool:
        """Whether the text that grows just now has such blocks."""
        last = self._last
        return isinstance(last, Growing) and bool(last.codes)

    def show(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case TextDelta(text) if text:
                self._text().feed(text)
            case ReasoningDelta(text) if text:
                self._steps().feed(event)
            case ToolCallStart() | ToolCallDelta():
                self._steps().feed(event)
            case ToolProgress():
                for section in self._sections:
                    if isinstance(section, Steps):
                        section.feed(event)
            case Noted(text):
                self._remark(f'<p dir="auto">⚠ {escape_html(say(text))}</p>')
            case Told(text):
                self._remark(f'<p dir="auto"><small>{escape_html(say(text))}</small></p>')

    def paint(self) -> None:
        """Send what is new."""
        if self._last:
            self._last.paint()

    def end(self) -> None:
        """Send what is left, as nothing more comes."""
        if self._last:
            self._last.end()

    @property
    def _last(self) -> Steps | Growing | None:
        return self._sections[-1] if self._sections else None

    def _remark(self, html: str) -> None:
        self.box.children = (*self.box.children, self._parts.html(html))

    def _text(self) -> Growing:
        last = self._last
        return last if isinstance(last, Growing) else self._begin(Growing(self._parts, self._look))

    def _steps(self) -> Steps:
        last = self._last
        return last if isinstance(last, Steps) else self._begin(Steps(self._parts))

    def _begin(self, section: Section) -> Section:
        self.end()
        self._sections.append(section)
        self.box.children = (*self.box.children, section.box)
        return section
