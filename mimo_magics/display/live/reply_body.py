"""What grows of a reply: its groups of steps, its texts and remarks, one below the other."""

from __future__ import annotations

from typing import TypeVar

from mimo_magics.core.events import (
    Event,
    Note,
    Notice,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.streaming_markdown import StreamingMarkdown
from mimo_magics.display.live.tool_cards import StepGroup
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document.reply import DisplayOptions

Section = TypeVar("Section", StepGroup, StreamingMarkdown)


class ReplyBody:
    """The widgets of one reply.

    Args:
        factory: makes them.
        display_options: how to show the reply.
    """

    def __init__(self, factory: WidgetFactory, display_options: DisplayOptions) -> None:
        self._factory = factory
        self._display_options = display_options
        self._sections: list[StepGroup | StreamingMarkdown] = []
        self.box = factory.box()

    @property
    def open_groups(self) -> frozenset[int]:
        """Numbers of the groups of steps that the person unfolded."""
        groups = [section for section in self._sections if isinstance(section, StepGroup)]
        return frozenset(n for n, steps in enumerate(groups) if steps.is_user_toggled and steps.is_open)

    @property
    def code_blocks(self) -> list[str]:
        """The code blocks of its texts that are finished."""
        texts = [section for section in self._sections if isinstance(section, StreamingMarkdown)]
        return [code for text in texts for code in text.code_blocks]

    @property
    def has_code(self) -> bool:
        """Whether the text that grows just now has such blocks."""
        last = self._last_section
        return isinstance(last, StreamingMarkdown) and bool(last.code_blocks)

    def show(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case TextDelta(text) if text:
                self._current_text().feed(text)
            case ReasoningDelta(text) if text:
                self._current_steps().feed(event)
            case ToolCallStart() | ToolCallDelta():
                self._current_steps().feed(event)
            case ToolProgress():
                for section in self._sections:
                    if isinstance(section, StepGroup):
                        section.feed(event)
            case Note(text):
                self._add_note(f'<p dir="auto">⚠ {escape_html(translate(text))}</p>')
            case Notice(text):
                self._add_note(f'<p dir="auto"><small>{escape_html(translate(text))}</small></p>')

    def paint(self) -> None:
        """Send what is new."""
        if self._last_section:
            self._last_section.paint()

    def end(self) -> None:
        """Send what is left, as nothing more comes."""
        if self._last_section:
            self._last_section.end()

    @property
    def _last_section(self) -> StepGroup | StreamingMarkdown | None:
        return self._sections[-1] if self._sections else None

    def _add_note(self, html: str) -> None:
        self.box.children = (*self.box.children, self._factory.html(html))

    def _current_text(self) -> StreamingMarkdown:
        last = self._last_section
        return (
            last
            if isinstance(last, StreamingMarkdown)
            else self._add_section(StreamingMarkdown(self._factory, self._display_options))
        )

    def _current_steps(self) -> StepGroup:
        last = self._last_section
        return last if isinstance(last, StepGroup) else self._add_section(StepGroup(self._factory))

    def _add_section(self, section: Section) -> Section:
        self.end()
        self._sections.append(section)
        self.box.children = (*self.box.children, section.box)
        return section
