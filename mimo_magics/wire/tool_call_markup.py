"""Tool calls that a model wrote as text, taken out of it: events in, events out.

MiMo's native markup leaks into the answer or the reasoning (section 7.2 of the API notes, no. 8):
`<tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>`. Models of its kind also write
`<tool_call>{"name": …, "arguments": {…}}</tool_call>`. No person wants to see it. It becomes real calls only where
the server told none, as some servers tell the same call both ways.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from mimo_magics.core.events import Event, ReasoningDelta, Stopped, TextDelta, ToolCallDelta, ToolCallStart

LONGEST = 1_000_000
"""Characters of one piece of markup that are held back at most; they are text if it goes on."""
OWN_ENDS = ("end", "stop", "tool_calls")
"""Reasons for which a model stops by itself. At any other, a call without its end tag was cut."""

TAGS = OPEN, INNER, CLOSE = "<tool_call>", "<function=", "</tool_call>"
BEGUN = {tag: "|".join(tag[:end] for end in range(1, len(tag))) for tag in TAGS}
# markup (group 1), or what may become it with what is still to come
START = re.compile(rf"{OPEN}\s{{0,99}}(?:({INNER}|{{)|(?:{BEGUN[INNER]})?\Z)|(?:{BEGUN[OPEN]})\Z")
END = re.compile(rf"{CLOSE}|(?:{BEGUN[CLOSE]})\Z")
FENCE = re.compile(r"\A[\s>*+\-\d.)]*(`{3,}(?=[^`]*\Z)|~{3,})(.*)")  # in lists and quotations too
FUNCTION = re.compile(r"<function=([^<>]*)>(.*?)(</function>|\Z)", re.DOTALL)
# a value whose end tag was forgotten ends at the next parameter, as for the parsers of servers
PARAMETER = re.compile(r"<parameter=([^<>]*)>(.*?)(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
_dump = partial(json.dumps, ensure_ascii=False, allow_nan=False)


class Markup:
    """Takes the native markup of tool calls out of one answer's events."""

    def __init__(self, first: int = 0) -> None:
        """Recovered calls are named from `call_native_{first}` on: ids must differ within a conversation."""
        self._first = first
        self._blocks: list[tuple[str, bool]] = []  # without their last tags; whether those came
        self._reasoning, self._text = _Stream(self._blocks), _Stream(self._blocks)
        self._free = 0  # the index above all that the server used
        self._recovers = True

    def feed(self, event: Event) -> Iterator[Event]:
        """Pass an event on without its markup; hold back what is, or may become, markup."""
        match event:
            case TextDelta(text):
                yield from _changed(event, self._text.feed(text))
            case ReasoningDelta(text, signature):  # a signature ends a part, and what is open in it
                rest = self._reasoning.feed(text) + (self._reasoning.close() if signature else "")
                yield from _changed(event, rest)
            case Stopped(reason):
                last = list(self.end(reason))
                called = any(isinstance(each, ToolCallStart) for each in last) and reason in OWN_ENDS
                yield from (*last, Stopped("tool_calls") if called else event)
            case _:
                self._note(event)
                yield event

    def end(self, reason: str = "end") -> Iterator[Event]:
        """End the answer: the text that was held back, and the calls if no `Stopped` has brought them."""
        if text := self._reasoning.close():
            yield ReasoningDelta(text)
        if text := self._text.close():
            yield TextDelta(text)
        blocks, self._recovers = self._blocks if self._recovers else [], False
        calls = (call for body, closed in blocks for call in _calls(body, closed or reason in OWN_ENDS))
        for place, (name, arguments) in enumerate(calls):
            yield ToolCallStart(self._free + place, f"call_native_{self._first + place}", name)
            yield ToolCallDelta(self._free + place, arguments)

    def _note(self, event: Event) -> None:
        if isinstance(event, ToolCallStart | ToolCallDelta):
            self._free = max(self._free, event.index + 1)
            self._recovers &= not (isinstance(event, ToolCallStart) and event.name)


def _changed(event: TextDelta | ReasoningDelta, text: str) -> Iterator[Event]:
    if text == event.text:
        yield event
    elif text or (isinstance(event, ReasoningDelta) and event.signature):
        yield replace(event, text=text)


class _Stream:
    """All text of one kind, cut anywhere. Only the beginning of a tag at the end of a piece is read twice."""

    def __init__(self, blocks: list[tuple[str, bool]]) -> None:
        self._blocks = blocks
        self._passed: list[str] = []
        self._markup: list[str] = []
        self._held, self._room = "", 0
        self._line: list[str] = []
        self._ticks, self._fence = 0, ""

    def feed(self, text: str) -> str:
        """Take a piece in; return what is text, of it and of what was held back."""
        text, self._held = self._held + text, ""
        place = 0
        while place < len(text):
            place = self._collect(text, place) if self._markup else self._look(text, place)
        passed, self._passed = "".join(self._passed), []
        return passed

    def close(self) -> str:
        """End the text: return what was held back, unless a whole first tag is in it."""
        rest, self._held = self._held, ""
        if self._markup or rest.startswith(OPEN):
            self._finish(rest, closed=False)
            return ""
        return rest

    def _look(self, text: str, place: int) -> int:
        """Pass on what comes before markup outside of code; return how far the text is read."""
        found = START.search(text, place)
        self._pass(text[place : found.start() if found else None])
        if not found:
            return len(text)
        if self._fence or self._ticks % 2:
            self._pass("<")
            return found.start() + 1
        if found[1]:
            self._markup, self._room = [found[0]], LONGEST - len(found[0])
        else:
            self._held = found[0]
        return found.end()

    def _collect(self, text: str, place: int) -> int:
        """Keep markup up to its end tag; return how far the text is read."""
        limit = place + self._room
        found = END.search(text, place, limit)
        if found and found[0] == CLOSE:
            self._finish(text[place : found.start()], closed=True)
            return found.end()
        if limit <= len(text):
            self._pass("".join([*self._markup, text[place:limit]]))
            self._markup = []
            return limit
        start = found.start() if found else len(text)
        self._markup.append(text[place:start])
        self._room, self._held = limit - start, text[start:]
        return len(text)

    def _finish(self, piece: str, *, closed: bool) -> None:
        self._blocks.append(("".join([*self._markup, piece]), closed))
        self._markup = []

    def _pass(self, text: str) -> None:
        """Pass text on, and see whether it ends in code: in a fence, or after a backtick of the same line."""
        self._passed.append(text)
        *lines, last = text.split("\n")
        for line in lines:
            for mark, rest in FENCE.findall("".join([*self._line, line])):
                closes = self._fence and mark.startswith(self._fence) and not rest.strip()
                self._fence = "" if closes else self._fence or mark
            self._line, self._ticks = [], 0
        self._line.append(last)
        self._ticks += last.count("`")


def _calls(body: str, whole: bool) -> Iterator[tuple[str, str]]:
    """Return names and arguments; of markup that was cut, only of functions that have their end tag."""
    in_json = body[len(OPEN) :].lstrip().startswith("{")
    found = _in_json(body) if in_json else _in_tags(body, whole)
    return ((name.strip(), arguments) for name, arguments in found if name.strip())


def _in_tags(body: str, whole: bool) -> Iterator[tuple[str, str]]:
    for name, inner, end in FUNCTION.findall(body):
        if whole or end:
            values = {key.strip(): _value(text) for key, text in PARAMETER.findall(inner)}
            yield name, "{" + ", ".join(f"{_dump(key)}: {values[key]}" for key in values if key) + "}"


def _in_json(body: str) -> Iterator[tuple[str, str]]:
    place = body.find("{")
    try:
        while place >= 0:
            call, place = json.JSONDecoder().raw_decode(body, place)
            given = call.get("arguments") or {}
            yield str(call.get("name") or ""), given if isinstance(given, str) else _dump(given)
            place = body.find("{", place)
    except (ValueError, RecursionError):
        return  # the rest is broken or cut


def _value(text: str) -> str:
    """Return a value as JSON: as it stands if it is JSON and no string, else as a string without blank ends."""
    try:
        if not _dump(json.loads(text)).startswith('"'):
            return text.strip()
    except (ValueError, RecursionError):
        pass  # `NaN` and `1e999` are no numbers either
    start = text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1
    end = text.find("\n", len(text.rstrip()))
    return _dump(text[start : end if end >= 0 else None])
