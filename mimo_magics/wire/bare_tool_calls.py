"""Tool calls that a small model writes as its whole answer: a JSON object with a name and arguments, fenced or not.

The embedded models were trained to call functions so, and their server takes only some of it for calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from mimo_magics.core.events import Event, Stopped, TextDelta, ToolCallDelta, ToolCallStart

BEGINNING = re.compile(r"\s*(?:`{0,3}|```[a-z]*\s*(?:\{.*)?|\{.*)", re.DOTALL)
FENCE = re.compile(r"\s*(?:```(?:json)?\s*)?")
END = re.compile(r"\s*```")
DECODER = json.JSONDecoder()


class BareCalls:
    """Takes such calls out of one answer's events.

    Args:
        names: of the tools that were offered; nothing else is a call.
        first: number of the first call, as ids must differ within a conversation.
    """

    def __init__(self, names: Collection[str], first: int = 0) -> None:
        self._names = names
        self._first = first
        self._held = ""
        self._open = bool(names)
        """Whether all text so far may be a call."""

    def feed(self, event: Event) -> Iterator[Event]:
        """Pass an event on, unless it may be part of a call."""
        match event:
            case ToolCallStart():
                self._open = False
            case TextDelta(text) if self._open:
                self._held += text
                self._open = bool(BEGINNING.fullmatch(self._held))
                if self._open:
                    return
                yield TextDelta(self._held)
                self._held = ""
                return
            case Stopped() if self._held:
                calls = list(self.end())
                yield from calls
                called = any(isinstance(each, ToolCallStart) for each in calls)
                yield replace(event, reason="tool_calls") if called else event
                return
        yield event

    def end(self) -> Iterator[Event]:
        """Return what was held back: as calls, or as text."""
        held, self._held = self._held, ""
        calls = list(self._calls(held))
        for number, (name, arguments) in enumerate(calls):
            yield ToolCallStart(number, f"call_bare_{self._first + number}", name)
            yield ToolCallDelta(number, arguments)
        if held and not calls:
            yield TextDelta(held)

    def _calls(self, text: str) -> Iterator[tuple[str, str]]:
        place = 0
        while place < len(text):
            fence = FENCE.match(text, place)
            try:
                value, place = DECODER.raw_decode(text, fence.end() if fence else place)
            except (ValueError, RecursionError):
                return
            if not isinstance(value, dict) or value.get("name") not in self._names:
                return
            yield value["name"], json.dumps(value.get("arguments", {}), ensure_ascii=False)
            if end := END.match(text, place):
                place = end.end()
