"""Reasoning and tool calls on their way: one group, open while the model works, folded when the answer begins."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from mimo_magics.core.events import (
    Accumulator,
    Event,
    PendingApproval,
    ReasoningDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.i18n import Words, say
from mimo_magics.core.messages import Reply, Timing, ToolCall
from mimo_magics.core.text import escape_html, escape_invisible_characters
from mimo_magics.display.live.streaming_markdown import Growing
from mimo_magics.display.live.widgets import Parts
from mimo_magics.document import steps

STATES = {
    "waiting": Words("waits for your approval"),
    "approved": Words("approved"),
    "running": Words("running"),
}


class Steps:
    """One run of reasoning and tool calls."""

    def __init__(self, parts: Parts, now: Callable[[], float] = monotonic) -> None:
        self._parts = parts
        self._now = now
        self._began = now()
        self._thought = 0.0
        """Seconds from the beginning to the last piece of reasoning."""
        self._accumulator = Accumulator()
        self._reasoning: Growing | None = None
        self._cards: dict[int, Card] = {}
        self._inner = parts.box()
        self._panel = parts.box(self._inner, names="mimo-steps")
        self._heading = parts.fold(self._line(), self._panel, is_open=True)
        self._heading.observe(self._turned, "value")
        self._folding = False
        self.by_hand = False
        """Whether the person folded or unfolded it; then it stays as it is."""
        self.box = parts.box(self._heading, self._panel)

    @property
    def is_open(self) -> bool:
        """Whether it is unfolded."""
        return bool(self._heading.value)

    def feed(self, event: Event) -> None:
        """Take an event in."""
        self._accumulator.feed(event)
        match event:
            case ReasoningDelta(text):
                self._reason(text)
            case ToolCallStart(index) | ToolCallDelta(index):
                self._card(index).feed(event)
            case ToolProgress(index) if index in self._cards:
                self._cards[index].feed(event)
                self._cards[index].paint()

    def paint(self) -> None:
        """Send what is new."""
        self._heading.description = self._line()
        if self._reasoning:
            self._reasoning.paint()
        for card in self._cards.values():
            card.paint()

    def end(self) -> None:
        """The answer begins, or nothing more comes: tell in a line what was done."""
        if self._reasoning:
            self._reasoning.end()
        for card in self._cards.values():
            card.paint()
        self._heading.description = self._summary()
        if not self.by_hand:
            self._folding = True
            self._heading.value = False
            self._folding = False

    def _turned(self, _: object) -> None:
        self.by_hand = self.by_hand or not self._folding

    def _reason(self, text: str) -> None:
        self._thought = self._now() - self._began
        if self._reasoning is None:
            self._reasoning = Growing(self._parts, reachable=True)
            self._inner.children = (*self._inner.children, self._reasoning.box)
        self._reasoning.feed(text)

    def _card(self, index: int) -> Card:
        if index not in self._cards:
            if self._reasoning:
                self._reasoning.end()
                self._reasoning = None
            self._cards[index] = Card(self._parts, self._now)
            self._inner.children = (*self._inner.children, self._cards[index].box)
        return self._cards[index]

    def _line(self) -> str:
        doing = next((card.doing for card in self._cards.values() if card.doing), say("Thinking"))
        return say(
            "{doing}… {seconds} s",
            doing=escape_invisible_characters(doing),
            seconds=int(self._now() - self._began),
        )

    def _summary(self) -> str:
        message = self._accumulator.reply.message
        timing = Timing(reasoning=round(self._thought, 3)) if message.reasoning else None
        return steps.summary(message.parts, Reply(message, timing=timing))


class Card:
    """One tool call: what is called, how far it is, and, unfolded, its arguments and its result."""

    def __init__(self, parts: Parts, now: Callable[[], float]) -> None:
        self._id = ""
        self._parts = parts
        self._now = now
        self._running: float | None = None
        self._name = ""
        self._pieces: list[str] = []
        self._last: ToolProgress | None = None
        self._body = parts.html()
        self._heading = parts.fold("…", self._body, is_open=False)
        self._state = parts.html()
        head = parts.box(self._heading, self._state, row=True, names="mimo-card")
        self.box = parts.box(head, self._body)

    @property
    def doing(self) -> str:
        """What goes on with it just now; empty when it is over."""
        if self._last and self._last.result:
            return ""
        if self._last and self._last.state == "waiting":
            return say("Waiting for your approval")
        return say("Calling {name}", name=self._name)

    def feed(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case ToolCallStart(_, id_, name):
                self._id, self._name = self._id or id_, self._name or name
            case ToolCallDelta(_, arguments):
                self._pieces.append(arguments)
            case ToolProgress(_, state):
                self._last = event
                self._running = self._now() if state == "running" else self._running
                self._ask(event.approval) if event.approval else self._asked()

    def _ask(self, pending: PendingApproval) -> None:
        """Show what is to be run, and let the user decide."""
        self._heading.value = True
        reason = self._parts.text(say("Why not? The model is told."))

        buttons = (
            self._parts.button(say("Approve"), "check", pending.approve, say("Run this call")),
            self._parts.button(
                say("Approve for this session"),
                "check",
                lambda: pending.approve(for_session=True),
                say("Run it, and ask no more for this tool"),
            ),
            self._parts.button(
                say("Refuse"), "times", lambda: pending.refuse(reason.value), say("Do not run it")
            ),
        )
        self.box.children = (
            *self.box.children[:2],
            self._parts.box(*buttons, reason, row=True, names="mimo-ask"),
        )

    def _asked(self) -> None:
        """Take the buttons away: it is decided."""
        if len(self.box.children) > 2:
            self.box.children = self.box.children[:2]
            self._heading.value = False

    def paint(self) -> None:
        """Send what is new."""
        call = ToolCall(self._id, self._name, "".join(self._pieces))
        self._heading.description = steps.call_line(call)
        self._state.value = f"<small>{escape_html(self._told())}</small>"
        if self._last:  # until then the arguments may not be whole
            result = self._last.result
            shown = steps.arguments_html(call.arguments) + (steps.result_html(result) if result else "")
            self._body.value = shown

    def _told(self) -> str:
        if self._last is None:
            return ""
        if self._last.result:
            return steps.outcome(self._last.result)
        told = say(STATES.get(self._last.state, self._last.state))
        return (
            say("{told} · {seconds:.0f} s", told=told, seconds=self._now() - self._running)
            if self._running
            else told
        )
