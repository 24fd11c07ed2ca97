"""The growing content of a reply: groups of steps and texts, one below the other, and notes below them.

Steps are reasoning and tool calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mimo_magics.core.events import (
    Event,
    Note,
    Notice,
    PromptContext,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    ResultExpected,
    ResultItem,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.i18n import translate
from mimo_magics.core.text import escape_html
from mimo_magics.display.live.code_cells import CodeCells
from mimo_magics.display.live.live_result import LiveResult
from mimo_magics.display.live.streaming_markdown import StreamingMarkdown
from mimo_magics.display.live.tool_cards import StepGroup
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document.context_html import context_html
from mimo_magics.document.reply import DisplayOptions

Section = TypeVar("Section", StepGroup, StreamingMarkdown, LiveResult)


class ReplyBody:
    """The widgets of one reply.

    Args:
        factory: creates them.
        display_options: how to show the reply.
        code_cells: the choice of a code block, if the user has it.
    """

    def __init__(
        self, factory: WidgetFactory, display_options: DisplayOptions, code_cells: CodeCells | None = None
    ) -> None:
        self._factory = factory
        self._display_options = display_options
        self._code_cells = code_cells
        self._sections: list[StepGroup | StreamingMarkdown | LiveResult] = []
        self._context: list[Any] = []
        """The context of the prompt, above the sections."""
        self._notes: list[Any] = []
        self._notices: list[Any] = []
        """Both are below the sections, as in the document: nothing moves when it replaces the view."""
        self._result_schema: Mapping[str, Any] | None = None
        """The schema of the value, if the reply is to fit one: its items are shown in place of its text."""
        self._response_start = 0
        """Number of sections before the current response."""
        self.box = factory.box()

    @property
    def open_groups(self) -> frozenset[int]:
        """Numbers of the groups of steps that the user unfolded."""
        return frozenset(n for n, steps in enumerate(self._groups) if steps.is_user_toggled and steps.is_open)

    def show(self, event: Event) -> None:
        """Add an event."""
        match event:
            case ResponseStarted():
                self._response_start = len(self._sections)
            case ResponseRestarted():
                self._drop_response()
            case ResultExpected() | ResultItem() | TextDelta():
                self._show_text(event)
            case ReasoningDelta(text) if text:
                self._current_steps().feed(event)
            case ToolCallStart() | ToolCallDelta():
                self._current_steps().feed(event)
            case ToolProgress():
                for group in self._groups:
                    group.feed(event)
            case Note() | Notice():
                self._add_note(event)
            case PromptContext(items):
                self._context = [self._factory.html(context_html(items))]
                self._update_children()

    def _show_text(self, event: ResultExpected | ResultItem | TextDelta) -> None:
        """Add text of the reply. With a schema its items are shown instead."""
        schema = self._result_schema
        match event:
            case ResultExpected():
                self._result_schema = event.schema
            case ResultItem(value) if schema is not None:
                self._current_result(schema).add(value)
            case TextDelta(text) if text and schema is not None:
                self._current_result(schema)
            case TextDelta(text) if text:
                self._current_text().feed(text)

    def paint(self) -> None:
        """Send the changes to the page."""
        if self._last_section:
            self._last_section.paint()

    def end(self) -> None:
        """Send the rest, because no event follows."""
        if self._last_section:
            self._last_section.end()

    @property
    def _groups(self) -> list[StepGroup]:
        return [section for section in self._sections if isinstance(section, StepGroup)]

    @property
    def _last_section(self) -> StepGroup | StreamingMarkdown | LiveResult | None:
        return self._sections[-1] if self._sections else None

    def _drop_response(self) -> None:
        """Remove the current response. Steps in a group of an earlier response stay until the end."""
        dropped = self._sections[self._response_start :]
        del self._sections[self._response_start :]
        self._update_children()
        if self._code_cells:
            self._code_cells.forget([button for text in _texts(dropped) for button in text.buttons])

    def _add_note(self, event: Note | Notice) -> None:
        text = escape_html(translate(event.text))
        content = f"⚠ {text}" if isinstance(event, Note) else f"<small>{text}</small>"
        widgets = self._notes if isinstance(event, Note) else self._notices
        widgets.append(self._factory.html(f'<p dir="auto">{content}</p>'))
        self._update_children()

    def _current_text(self) -> StreamingMarkdown:
        last = self._last_section
        if isinstance(last, StreamingMarkdown):
            return last
        self.end()
        number = 1 + sum(len(text.code_blocks) for text in _texts(self._sections))
        return self._add_section(
            StreamingMarkdown(
                self._factory, self._display_options, first_number=number, code_cells=self._code_cells
            )
        )

    def _current_result(self, schema: Mapping[str, Any]) -> LiveResult:
        last = self._sections[-1] if len(self._sections) > self._response_start else None
        if isinstance(last, LiveResult):
            return last
        self.end()
        return self._add_section(LiveResult(self._factory, schema))

    def _current_steps(self) -> StepGroup:
        last = self._last_section
        if isinstance(last, StepGroup):
            return last
        self.end()
        return self._add_section(StepGroup(self._factory))

    def _add_section(self, section: Section) -> Section:
        self._sections.append(section)
        self._update_children()
        return section

    def _update_children(self) -> None:
        boxes = (section.box for section in self._sections)
        self.box.children = (*self._context, *boxes, *self._notes, *self._notices)


def _texts(sections: Sequence[StepGroup | StreamingMarkdown | LiveResult]) -> list[StreamingMarkdown]:
    return [section for section in sections if isinstance(section, StreamingMarkdown)]
