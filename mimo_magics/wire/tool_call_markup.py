"""Tool calls that a model wrote as text: events in, events out.

MiMo's native markup leaks into the text or the reasoning (section 7.2 of the API notes, no. 8):
`<tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>`. Similar models also write
`<tool_call>{"name": …, "arguments": {…}}</tool_call>`. The markup is removed. It becomes real calls only if the server
sent none, as some servers send the same call in both forms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    ResponseRestarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
)
from mimo_magics.core.messages import Tool
from mimo_magics.wire.json_values import read_object

MAX_MARKUP_CHARS = 1_000_000
"""Maximum length of markup that is held back; longer markup is text."""
NATURAL_STOP_REASONS = ("end", "stop", "tool_calls")
"""Stop reasons of a model that ended by itself. With another reason, a call without its end tag is incomplete."""

TAGS = OPEN_TAG, FUNCTION_TAG, CLOSE_TAG = "<tool_call>", "<function=", "</tool_call>"
TAG_PREFIXES = {tag: "|".join(tag[:end] for end in range(1, len(tag))) for tag in TAGS}
# Markup (group 1), or the beginning of a tag at the end of the text.
START = re.compile(
    rf"{OPEN_TAG}\s{{0,99}}(?:({FUNCTION_TAG}|{{)|(?:{TAG_PREFIXES[FUNCTION_TAG]})?\Z)|(?:{TAG_PREFIXES[OPEN_TAG]})\Z"
)
END = re.compile(rf"{CLOSE_TAG}|(?:{TAG_PREFIXES[CLOSE_TAG]})\Z")
# Code fences, also in lists and block quotes.
FENCE = re.compile(r"\A[\s>*+\-\d.)]*(`{3,}(?=[^`]*\Z)|~{3,})(.*)")
FUNCTION = re.compile(r"<function=([^<>]*)>(.*?)(</function>|\Z)", re.DOTALL)
# A value without its end tag ends at the next parameter, as in the parsers of servers.
PARAMETER = re.compile(r"<parameter=([^<>]*)>(.*?)(?:(</parameter>)|(?=<parameter=)|\Z)", re.DOTALL)
TAGS_ON_LINES = re.compile(rf"{OPEN_TAG}\s*\n\s*<function=[^<>]*>[ \t\r]*\n")
VALUE_ON_LINES = re.compile(r"[ \t\r]*\n(.*?)(?:\r?\n[ \t]*)?", re.DOTALL)
_dump = partial(json.dumps, ensure_ascii=False, allow_nan=False)


class ToolCallMarkupFilter:
    """Extracts the native markup of tool calls from the events of one reply."""

    def __init__(self, first_number: int = 0, tools: Iterable[Tool] = ()) -> None:
        """Create a filter.

        Args:
            first_number: number of the first id, `call_native_{number}`, as ids must differ within a session.
            tools: the available tools. Their schemas distinguish strings from other values, and give the name of a
                single parameter, which models omit.
        """
        self._first_number = first_number
        self._tools = {tool.name: tool for tool in tools}
        self._begin()

    def _begin(self) -> None:
        # Markup without the end tag, and whether there was an end tag.
        self._blocks: list[tuple[str, bool]] = []
        self._reasoning, self._text = _MarkupScanner(self._blocks), _MarkupScanner(self._blocks)
        # One more than the highest index of the server.
        self._next_index = 0
        self._should_recover = True

    def feed(self, event: Event) -> Iterator[Event]:
        """Forward an event without markup; hold back text that is or may become markup."""
        match event:
            case TextDelta(text):
                yield from _replace_text(event, self._text.feed(text))
            # A signature ends a part and the markup in it.
            case ReasoningDelta(text, signature):
                rest = self._reasoning.feed(text) + (self._reasoning.close() if signature else "")
                yield from _replace_text(event, rest)
            case Stopped(reason):
                events = list(self.flush(reason))
                has_calls = (
                    any(isinstance(each, ToolCallStart) for each in events) and reason in NATURAL_STOP_REASONS
                )
                yield from (*events, Stopped("tool_calls") if has_calls else event)
            case ResponseRestarted():
                self._begin()
                yield event
            case _:
                self._track_calls(event)
                yield event

    def flush(self, reason: str = "end") -> Iterator[Event]:
        """End the reply: return the text that was held back, and the calls unless `Stopped` has returned them."""
        if text := self._reasoning.close():
            yield ReasoningDelta(text)
        if text := self._text.close():
            yield TextDelta(text)
        blocks, self._should_recover = self._blocks if self._should_recover else [], False
        calls = (
            call
            for body, closed in blocks
            for call in _parse_calls(body, closed or reason in NATURAL_STOP_REASONS, self._tools)
        )
        for number, (name, arguments) in enumerate(calls):
            yield ToolCallStart(self._next_index + number, f"call_native_{self._first_number + number}", name)
            yield ToolCallDelta(self._next_index + number, arguments)

    def _track_calls(self, event: Event) -> None:
        if isinstance(event, ToolCallStart | ToolCallDelta):
            self._next_index = max(self._next_index, event.index + 1)
            self._should_recover &= not (isinstance(event, ToolCallStart) and event.name)


def _replace_text(event: TextDelta | ReasoningDelta, text: str) -> Iterator[Event]:
    if text == event.text:
        yield event
    elif text or (isinstance(event, ReasoningDelta) and event.signature):
        yield replace(event, text=text)


class _MarkupScanner:
    """Scans text or reasoning that arrives in pieces. Only a partial tag at the end of a piece is scanned twice."""

    def __init__(self, blocks: list[tuple[str, bool]]) -> None:
        self._blocks = blocks
        self._output: list[str] = []
        self._markup: list[str] = []
        self._pending, self._remaining_chars = "", 0
        self._line: list[str] = []
        self._backticks, self._fence = 0, ""

    def feed(self, text: str) -> str:
        """Scan a piece of text. Return the text outside of markup; a possible start of markup is held back."""
        text, self._pending = self._pending + text, ""
        position = 0
        while position < len(text):
            position = (
                self._collect_markup(text, position) if self._markup else self._scan_text(text, position)
            )
        output, self._output = "".join(self._output), []
        return output

    def close(self) -> str:
        """End the text: return what was held back, unless it contains a complete opening tag."""
        rest, self._pending = self._pending, ""
        if self._markup or rest.startswith(OPEN_TAG):
            self._close_block(rest, is_closed=False)
            return ""
        return rest

    def _scan_text(self, text: str, position: int) -> int:
        """Output the text before markup outside of code; return the position after the scanned text."""
        match = START.search(text, position)
        self._emit(text[position : match.start() if match else None])
        if not match:
            return len(text)
        if self._fence or self._backticks % 2:
            self._emit("<")
            return match.start() + 1
        if match[1]:
            self._markup, self._remaining_chars = [match[0]], MAX_MARKUP_CHARS - len(match[0])
        else:
            self._pending = match[0]
        return match.end()

    def _collect_markup(self, text: str, position: int) -> int:
        """Collect markup up to its end tag; return the position after the scanned text."""
        limit = position + self._remaining_chars
        match = END.search(text, position, limit)
        if match and match[0] == CLOSE_TAG:
            self._close_block(text[position : match.start()], is_closed=True)
            return match.end()
        if limit <= len(text):
            self._emit("".join([*self._markup, text[position:limit]]))
            self._markup = []
            return limit
        start = match.start() if match else len(text)
        self._markup.append(text[position:start])
        self._remaining_chars, self._pending = limit - start, text[start:]
        return len(text)

    def _close_block(self, text: str, *, is_closed: bool) -> None:
        self._blocks.append(("".join([*self._markup, text]), is_closed))
        self._markup = []

    def _emit(self, text: str) -> None:
        """Output text, and track whether it ends within code: in a fence, or after a backtick of the same line."""
        self._output.append(text)
        *lines, last = text.split("\n")
        for line in lines:
            for mark, rest in FENCE.findall("".join([*self._line, line])):
                is_closing = self._fence and mark.startswith(self._fence) and not rest.strip()
                self._fence = "" if is_closing else self._fence or mark
            self._line, self._backticks = [], 0
        self._line.append(last)
        self._backticks += last.count("`")


def _parse_calls(body: str, is_complete: bool, tools: Mapping[str, Tool]) -> Iterator[tuple[str, str]]:
    """Return names and arguments. In incomplete markup only functions with an end tag count."""
    is_json = body[len(OPEN_TAG) :].lstrip().startswith("{")
    calls = _parse_json_calls(body) if is_json else _parse_tagged_calls(body, is_complete, tools)
    return ((name.strip(), arguments) for name, arguments in calls if name.strip())


def _parse_tagged_calls(body: str, is_complete: bool, tools: Mapping[str, Tool]) -> Iterator[tuple[str, str]]:
    for name, inner, end in FUNCTION.findall(body):
        if not (is_complete or end):
            continue
        # If each tag has its own line, the newlines around a value belong to the markup, not to the value.
        is_on_lines = bool(TAGS_ON_LINES.match(body))
        pairs, tool = PARAMETER.findall(inner), tools.get(name.strip())
        if pairs or not inner.strip():
            values = {
                key.strip(): _parameter_to_json(
                    text if end_tag else text.rstrip(), is_on_lines, is_text=_is_text(tool, key.strip())
                )
                for key, text, end_tag in pairs
            }
            yield name, "{" + ", ".join(f"{_dump(key)}: {values[key]}" for key in values if key) + "}"
        else:
            yield name, _bare_body_to_json(inner, tool, is_on_lines)


def _bare_body_to_json(inner: str, tool: Tool | None, is_on_lines: bool) -> str:
    """Return arguments without parameter tags: a JSON object, or the value of the only parameter."""
    body = inner.removesuffix("</parameter>")
    only_parameter = _find_only_parameter(tool) if tool else None
    if only_parameter is None or body.lstrip().startswith("{"):
        return body.strip()
    return _dump({only_parameter: _strip_lines(body) if is_on_lines else body})


def _find_only_parameter(tool: Tool) -> str | None:
    """Return the name of the only required parameter of a tool if it is a string."""
    required = tool.parameters.get("required")
    if not isinstance(required, list | tuple) or len(required) != 1:
        return None
    return str(required[0]) if _is_text(tool, str(required[0])) else None


def _is_text(tool: Tool | None, parameter: str) -> bool:
    """Return whether the schema says that a parameter is a string, even if its value is valid JSON."""
    properties = read_object(tool.parameters.get("properties")) if tool else {}
    return bool(read_object(properties.get(parameter)).get("type") == "string")


def _parse_json_calls(body: str) -> Iterator[tuple[str, str]]:
    position = body.find("{")
    try:
        while position >= 0:
            call, position = json.JSONDecoder().raw_decode(body, position)
            arguments = call.get("arguments") or {}
            yield str(call.get("name") or ""), arguments if isinstance(arguments, str) else _dump(arguments)
            position = body.find("{", position)
    except (ValueError, RecursionError):
        return  # The rest is invalid or incomplete.


def _parameter_to_json(text: str, is_on_lines: bool, *, is_text: bool) -> str:
    """Return a value as JSON: unchanged if it is JSON other than a string, else as a JSON string."""
    try:
        if not is_text and not _dump(json.loads(text)).startswith('"'):
            return text.strip()
    except (ValueError, RecursionError):
        # `NaN` and `1e999` are not JSON numbers either.
        pass
    return _dump(_strip_lines(text) if is_on_lines else text)


def _strip_lines(text: str) -> str:
    """Remove the newlines between a value and its tags."""
    match = VALUE_ON_LINES.fullmatch(text)
    return match[1] if match else text
