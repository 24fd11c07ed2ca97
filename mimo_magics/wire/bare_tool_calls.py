"""Tool calls that a small model writes as its whole reply: a JSON object with a name and arguments, fenced or not.

The embedded models were trained to call tools in this form, and their server recognizes only some of the calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from mimo_magics.core.events import (
    Event,
    ResponseRestarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)

CALL_PREFIX = re.compile(r"\s*(?:`{0,3}|```[a-z]*\s*(?:\{.*)?|\{.*)", re.DOTALL)
OPENING_FENCE = re.compile(r"\s*(?:```(?:json)?\s*)?")
CLOSING_FENCE = re.compile(r"\s*```")
JSON_DECODER = json.JSONDecoder()


class BareToolCallFilter:
    """Extracts such calls from the events of one reply.

    Args:
        names: names of the available tools. Other objects are not calls.
        first_number: number of the first call, as ids must differ within a session.
    """

    def __init__(self, names: Collection[str], first_number: int = 0) -> None:
        self._names = names
        self._first_number = first_number
        self._buffer = ""
        self._may_be_call = bool(names)
        """Whether the text so far may be a call."""

    def feed(self, event: Event) -> Iterator[Event]:
        """Forward an event, unless it may be part of a call."""
        match event:
            case ToolCallStart():
                self._may_be_call = False
            case ResponseRestarted():
                self._buffer, self._may_be_call = "", bool(self._names)
            case TextDelta(text) if self._may_be_call:
                self._buffer += text
                self._may_be_call = bool(CALL_PREFIX.fullmatch(self._buffer))
                if self._may_be_call:
                    return
                yield TextDelta(self._buffer)
                self._buffer = ""
                return
            case Stopped() if self._buffer:
                calls = list(self.flush())
                yield from calls
                has_calls = any(isinstance(each, ToolCallStart) for each in calls)
                yield replace(event, reason="tool_calls") if has_calls else event
                return
        yield event

    def flush(self) -> Iterator[Event]:
        """Return the text that was held back, as calls or as text."""
        text, self._buffer = self._buffer, ""
        calls = list(self._parse_calls(text))
        for number, (name, arguments) in enumerate(calls):
            yield ToolCallStart(number, f"call_bare_{self._first_number + number}", name)
            yield ToolCallDelta(number, arguments)
        if text and not calls:
            yield TextDelta(text)

    def _parse_calls(self, text: str) -> Iterator[tuple[str, str]]:
        position = 0
        while position < len(text):
            fence = OPENING_FENCE.match(text, position)
            try:
                value, position = JSON_DECODER.raw_decode(text, fence.end() if fence else position)
            except (ValueError, RecursionError):
                return
            if not isinstance(value, dict) or value.get("name") not in self._names:
                return
            yield value["name"], json.dumps(value.get("arguments", {}), ensure_ascii=False)
            if end := CLOSING_FENCE.match(text, position):
                position = end.end()
