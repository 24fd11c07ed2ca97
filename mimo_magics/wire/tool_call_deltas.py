"""Assignment of deltas to tool calls. Servers send one index for all calls, no index, and ids that repeat or change.

A new call begins with another id and a name, with another name, or where a complete arguments object is followed by
another one. (ai-dynamo/dynamo#4723, su-kaka/gcli2api#406, microsoft/autogen#7549)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mimo_magics.core.events import Event, ToolCallDelta, ToolCallStart

MAX_HELD_CHARS = 1_000
"""Maximum length of arguments that are held back because they may be a placeholder."""
EMPTY_ARGUMENTS = ("", "{", "{}")
"""Placeholders, and their beginnings, that real arguments may follow; without white space."""
STRUCTURE = re.compile(r'[{}\[\]"]')
NOT_BLANK = re.compile(r"\S")
STRING_END = re.compile(r'["\\]')


class ToolCallDeltas:
    """Numbers the calls of one response from 0, and yields the events of each."""

    def __init__(self) -> None:
        self._calls: list[_OpenCall] = []
        self._call_by_index: dict[int, _OpenCall] = {}
        self._call_by_id: dict[tuple[int, str], _OpenCall] = {}
        self._last_call_by_id: dict[str, _OpenCall] = {}
        self._last_index = 0

    def open(self, index: int | None, id_: str, name: str, initial_arguments: str = "") -> Iterator[Event]:
        """Begin a call, or fill in the empty fields of the call at this index. No index means the last index.

        `initial_arguments` are used unless other arguments follow.
        """
        call = self._find_call(index, id_, name)
        index = self._resolve_index(index)
        if call is None or call.is_other(id_, name):
            call = self._add_call(index, id_, name)
            yield ToolCallStart(call.number, id_, name)
        elif call.fill_in(id_, name):
            yield ToolCallStart(call.number, call.id, call.name)
        call.initial_arguments = call.initial_arguments or initial_arguments
        self._register(index, call)

    def extend(self, index: int | None, arguments: str) -> Iterator[Event]:
        """Append to the arguments of a call."""
        index = self._resolve_index(index)
        call = self._call_by_index.get(index) or self._add_call(index, "", "")
        first, *others = call.scanner.split(arguments)
        yield from call.extend(first)
        for other in others:
            if not call.drop_placeholder():
                following = self._add_call(index, call.next_id, call.name)
                # The scanner has already read the following text.
                following.scanner = call.scanner
                call = following
                yield ToolCallStart(call.number, call.id, call.name)
            yield from call.extend(other)

    def flush(self) -> Iterator[Event]:
        """Return the events that were held back, at the end of the stream."""
        for call in self._calls:
            yield from call.flush()

    def _find_call(self, index: int | None, id_: str, name: str) -> _OpenCall | None:
        """Return the call that continues: the call at the index, or else the last call with this id."""
        if index is None and id_ in self._last_call_by_id:
            return self._last_call_by_id[id_]
        index = self._resolve_index(index)
        call = self._call_by_id.get((index, id_)) or self._call_by_index.get(index)
        return call or (None if name else self._last_call_by_id.get(id_))

    def _resolve_index(self, index: int | None) -> int:
        if index is not None:
            self._last_index = index
        return self._last_index

    def _add_call(self, index: int, id_: str, name: str) -> _OpenCall:
        call = _OpenCall(len(self._calls), id_, name)
        self._calls.append(call)
        self._register(index, call)
        return call

    def _register(self, index: int, call: _OpenCall) -> None:
        self._call_by_index[index] = call
        if call.id:
            self._call_by_id[index, call.id] = self._last_call_by_id[call.id] = call


class _OpenCall:
    """A call that may still get more arguments."""

    def __init__(self, number: int, id_: str, name: str) -> None:
        self.number, self.id, self.name = number, id_, name
        self.next_id = ""
        """The id that arrived without a name while the call was open."""
        self.initial_arguments = ""
        self._held: str | None = ""
        """Arguments that are held back as they may be a placeholder; `None` once they are real."""
        self.scanner = _ObjectScanner()

    def is_other(self, id_: str, name: str) -> bool:
        """Return whether a start with this id and name belongs to another call."""
        has_other_id = bool(id_ and self.id and id_ != self.id)
        return bool(name) and (has_other_id or bool(self.name and name != self.name))

    def fill_in(self, id_: str, name: str) -> bool:
        """Set a missing id and name; return whether one was set."""
        if id_ and id_ != self.id:
            self.next_id = id_
        is_filled = bool((id_ and not self.id) or (name and not self.name))
        self.id, self.name = self.id or id_, self.name or name
        return is_filled

    def extend(self, text: str) -> Iterator[Event]:
        if self._held is not None:
            text, self._held = self._held + text, None
            if "".join(text.split()) in EMPTY_ARGUMENTS and len(text) <= MAX_HELD_CHARS:
                self._held = text
                return
        if text:
            yield ToolCallDelta(self.number, text)

    def drop_placeholder(self) -> bool:
        """Drop placeholder arguments, as others follow; return whether there were some."""
        is_placeholder = self._held is not None
        self._held = "" if is_placeholder else None
        return is_placeholder

    def flush(self) -> Iterator[Event]:
        if self._held is None:
            return
        is_empty = "".join(self._held.split()) in ("", "{}")
        text = self.initial_arguments if self.initial_arguments and is_empty else self._held
        self._held = None
        if text:
            yield ToolCallDelta(self.number, text)


class _ObjectScanner:
    """Finds the end of a JSON object in text that arrives in pieces."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_in_string = self._is_escaped = False
        self._is_complete = False

    def split(self, text: str) -> list[str]:
        """Split a piece where a new object follows a complete one. The first part belongs to the current object."""
        parts, start, position = [], 0, 0
        while position < len(text):
            if self._is_complete:
                following = NOT_BLANK.search(text, position)
                if following is None:
                    break
                position, self._is_complete = following.start(), False
                if following[0] == "{":
                    parts.append(text[start:position])
                    start = position
                else:
                    # Other text follows: stop splitting.
                    self._depth = -1
            elif self._depth < 0:
                break
            else:
                position = self._scan(text, position)
        return [*parts, text[start:]]

    def _scan(self, text: str, position: int) -> int:
        """Scan up to the next structural character; return the position after it."""
        if self._is_escaped:
            self._is_escaped = False
            return position + 1
        match = (STRING_END if self._is_in_string else STRUCTURE).search(text, position)
        if match is None:
            return len(text)
        character = match[0]
        if character == "\\":
            self._is_escaped = True
        elif character == '"':
            self._is_in_string = not self._is_in_string
        else:
            self._depth += 1 if character in "{[" else -1
            self._is_complete = self._depth == 0 and character == "}"
        return match.end()
