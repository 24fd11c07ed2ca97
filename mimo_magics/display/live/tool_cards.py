"""Groups of reasoning and tool calls: unfolded while the model works on them, folded when the text begins.

The cards of tool calls have the buttons for approvals.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from mimo_magics.core.events import (
    Accumulator,
    Event,
    PendingApproval,
    ReasoningDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.i18n import Translatable, translate
from mimo_magics.core.messages import Reply, Timing, ToolCall
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.display.live.streaming_markdown import StreamingMarkdown
from mimo_magics.display.live.widgets import WidgetFactory
from mimo_magics.document import steps
from mimo_magics.document.approval_text import arguments_text, more_text, name_text, split_pages
from mimo_magics.document.call_line import call_line

APPROVAL_STYLE = "white-space: pre-wrap; overflow-wrap: anywhere; overflow: visible"
"""A page of arguments is shown whole, without a scroll bar."""
RIGHT_TO_LEFT_RUN = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]+"
)
"""A word of Hebrew, Arabic or another right-to-left script. Two such words with a sign between them would be shown in
reverse order, unless each is isolated."""
STATE_TEXTS = {
    "waiting": Translatable("waiting for your approval"),
    "approved": Translatable("approved"),
    "running": Translatable("running"),
}


class StepGroup:
    """A group of consecutive reasoning and tool calls."""

    def __init__(self, factory: WidgetFactory, now: Callable[[], float] = monotonic) -> None:
        self._factory = factory
        self._now = now
        self._started_at = now()
        self._reasoning_seconds = 0.0
        """Seconds from the start of the group to its last reasoning delta."""
        self._accumulator = Accumulator()
        self._reasoning: StreamingMarkdown | None = None
        self._cards: dict[int, ToolCard] = {}
        self._step_box = factory.box()
        self._scroll_box = factory.box(self._step_box, css_classes="mimo-steps")
        self._heading = factory.fold_button(self._status_line(), self._scroll_box, is_open=True)
        self._heading.observe(self._on_toggle, "value")
        self._is_auto_folding = False
        self.is_user_toggled = False
        """Whether the user folded or unfolded the group. Then it stays so."""
        self.box = factory.box(self._heading, self._scroll_box)

    @property
    def is_open(self) -> bool:
        """Whether the group is unfolded."""
        return bool(self._heading.value)

    def feed(self, event: Event) -> None:
        """Add an event."""
        self._accumulator.feed(event)
        match event:
            case ReasoningDelta(text):
                self._feed_reasoning(text)
            case ToolCallStart(index) | ToolCallDelta(index):
                self._get_card(index).feed(event)
            case ToolProgress(index) if index in self._cards:
                self._cards[index].feed(event)
                self._cards[index].paint()
                self._fit_to_waiting_cards()

    def paint(self) -> None:
        """Send the changes to the page."""
        self._heading.description = self._status_line()
        if self._reasoning:
            self._reasoning.paint()
        for card in self._cards.values():
            card.paint()

    def end(self) -> None:
        """Fold the group and show its summary, because text follows or the reply is over."""
        if self._reasoning:
            self._reasoning.end()
        for card in self._cards.values():
            card.paint()
        self._heading.description = self._summary()
        if not self.is_user_toggled:
            self._is_auto_folding = True
            self._heading.value = False
            self._is_auto_folding = False

    def _fit_to_waiting_cards(self) -> None:
        """Show the cards in full height while a call waits for approval."""
        if any(card.is_waiting for card in self._cards.values()):
            self._scroll_box.add_class("mimo-waiting")
        else:
            self._scroll_box.remove_class("mimo-waiting")

    def _on_toggle(self, _: object) -> None:
        self.is_user_toggled = self.is_user_toggled or not self._is_auto_folding

    def _feed_reasoning(self, text: str) -> None:
        self._reasoning_seconds = self._now() - self._started_at
        if self._reasoning is None:
            self._reasoning = StreamingMarkdown(self._factory, tabbable=True)
            self._step_box.children = (*self._step_box.children, self._reasoning.box)
        self._reasoning.feed(text)

    def _get_card(self, index: int) -> ToolCard:
        if index not in self._cards:
            if self._reasoning:
                self._reasoning.end()
                self._reasoning = None
            self._cards[index] = ToolCard(self._factory, self._now)
            self._step_box.children = (*self._step_box.children, self._cards[index].box)
        return self._cards[index]

    def _status_line(self) -> str:
        activity = next(
            (card.activity for card in self._cards.values() if card.activity), translate("Thinking")
        )
        return translate(
            "{activity}… {seconds} s",
            activity=escape_invisible_characters(activity),
            seconds=int(self._now() - self._started_at),
        )

    def _summary(self) -> str:
        message = self._accumulator.reply.message
        timing = Timing(reasoning=round(self._reasoning_seconds, 3)) if message.reasoning else None
        return steps.summary_line(message.parts, Reply(message, timing=timing))


class ToolCard:
    """One tool call: its name and its state, and, unfolded, its arguments and its result."""

    def __init__(self, factory: WidgetFactory, now: Callable[[], float]) -> None:
        self._call_id = ""
        self._factory = factory
        self._now = now
        self._running_since: float | None = None
        self._tool_name = ""
        self._argument_chunks: list[str] = []
        self._last_progress: ToolProgress | None = None
        self._waiting_call: ToolCall | None = None
        """The call while it waits for approval."""
        self._waiting_text = ""
        """The shown part of its arguments."""
        self._body = factory.html()
        self._heading = factory.fold_button("…", self._body, is_open=False)
        self._state = factory.html()
        header = factory.box(self._heading, self._state, is_row=True, css_classes="mimo-card")
        self.box = factory.box(header, self._body)

    @property
    def activity(self) -> str:
        """What the call does now; empty when it is over."""
        if self._last_progress and self._last_progress.result:
            return ""
        if self._last_progress and self._last_progress.state == "waiting":
            return translate("Waiting for your approval")
        return translate("Calling {name}", name=self._tool_name)

    def feed(self, event: Event) -> None:
        """Add an event."""
        match event:
            case ToolCallStart(_, id_, name):
                self._call_id, self._tool_name = self._call_id or id_, self._tool_name or name
            case ToolCallDelta(_, arguments):
                self._argument_chunks.append(arguments)
            case ToolProgress(_, state):
                self._last_progress = event
                self._running_since = self._now() if state == "running" else self._running_since
                self._show_approval_buttons(
                    event.approval
                ) if event.approval else self._hide_approval_buttons()

    def _show_approval_buttons(self, pending: PendingApproval) -> None:
        """Show the call and the buttons. The user can approve only after all arguments were shown."""
        self._heading.value = True
        reason = self._factory.text_field(translate("Reason (sent to the model)"))
        approve_buttons = (
            self._factory.button(translate("Approve"), "check", pending.approve, translate("Run this call")),
            self._factory.button(
                translate("Approve for this session"),
                "check",
                lambda: pending.approve(for_session=True),
                translate("Run it, and later calls of this tool without asking"),
            ),
        )
        refuse_button = self._factory.button(
            translate("Refuse"),
            "times",
            lambda: pending.refuse(reason.value),
            translate("Do not run this call"),
        )
        more_buttons = self._show_arguments(pending.call, approve_buttons)
        self.paint()
        row = (*more_buttons, *approve_buttons, refuse_button, reason)
        self.box.children = (
            *self.box.children[:2],
            self._factory.box(*row, is_row=True, css_classes="mimo-ask"),
        )

    def _show_arguments(self, call: ToolCall, approve_buttons: Sequence[Any]) -> tuple[Any, ...]:
        """Show the first page. If there are more, return a button that shows them and enables the approval."""
        text = arguments_text(call.arguments)
        first_page = split_pages(text)[0]
        self._waiting_call, self._waiting_text = call, first_page
        if first_page == text:
            return ()
        for button in approve_buttons:
            button.disabled = True

        def show_all() -> None:
            self._waiting_text = text
            # The arguments are shown before the buttons are enabled.
            self.paint()
            # The button stays in its place: a double click does not reach another button.
            more_button.disabled = True
            more_button.description = translate("{more} shown", more=more)
            for button in approve_buttons:
                button.disabled = False

        tooltip = translate("Show all arguments; then you can approve")
        more = more_text(text[len(first_page) :])
        more_button = self._factory.button(more, "eye", show_all, tooltip)
        return (more_button,)

    @property
    def is_waiting(self) -> bool:
        """Whether the call waits for the user's decision."""
        return self._waiting_call is not None

    def _hide_approval_buttons(self) -> None:
        """Remove the buttons after the decision."""
        self._waiting_call = None
        if len(self.box.children) > 2:
            self.box.children = self.box.children[:2]
            self._heading.value = False

    def paint(self) -> None:
        """Send the changes to the page."""
        self._state.value = f"<small>{escape_html(self._state_text())}</small>"
        if self._waiting_call:
            # A part of the arguments in this line could be mistaken for all of them.
            self._heading.description = f"{name_text(self._waiting_call)}(…)"
            self._body.value = _approval_html(self._waiting_text)
            return
        call = ToolCall(self._call_id, self._tool_name, "".join(self._argument_chunks))
        self._heading.description = call_line(call)
        # Before the call starts, its arguments may be incomplete.
        if self._last_progress:
            result = self._last_progress.result
            body_html = steps.arguments_html(call.arguments) + (steps.result_html(result) if result else "")
            self._body.value = body_html

    def _state_text(self) -> str:
        if self._last_progress is None:
            return ""
        if self._last_progress.result:
            return steps.outcome_text(self._last_progress.result)
        text = translate(STATE_TEXTS.get(self._last_progress.state, self._last_progress.state))
        return (
            translate("{state} · {seconds:.0f} s", state=text, seconds=self._now() - self._running_since)
            if self._running_since
            else text
        )


def _approval_html(text: str) -> str:
    """Return the text for an approval, with its words in the order that the tool receives."""
    words = RIGHT_TO_LEFT_RUN.sub(r"<bdi>\g<0></bdi>", html.escape(text))
    return f'<pre dir="ltr" style="{APPROVAL_STYLE}"><code>{words}</code></pre>'
