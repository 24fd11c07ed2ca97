"""Read JSON as models write it: other quotes, comments, trailing commas, Python literals, backslashes that are no escapes.

No value is invented. What is not closed or is ambiguous becomes a `Flaw`. The time grows linearly with the text.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from mimo_magics.core.text import join_surrogates
from mimo_magics.session.structured.json_values import (
    Flaw,
    OpenList,
    build_object,
    read_number,
    shorten,
    write_json,
)

MAX_DEPTH = 200
ROOT_MEMBER_DEPTH = 2
"""The depth of the values in the outermost array or object. Any text may follow its end."""
Context = Literal["key", "object", "array"]
"""Where a string stands: a key, the value of a key, or an item of an array."""

DOUBLE_QUOTES, SINGLE_QUOTES = '“”„‟"', "‘’‚'"
CLOSING_QUOTES = {
    '"': '"',
    "'": "'",
    **dict.fromkeys("“”„‟", DOUBLE_QUOTES),
    **dict.fromkeys("‘’‚", SINGLE_QUOTES),
}
PLAIN_TEXT = {quote: re.compile(rf"[^\\{closing}]*") for quote, closing in CLOSING_QUOTES.items()}
ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}

SPACE = re.compile(r"[\s\ufeff\u200b]*")
COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|#[^\n]*", re.DOTALL)
ELISION = re.compile(r"\.\.\.+|…+")
ELISION_COMMENT = re.compile(r"\.\.\.|…|\b(?:more|rest|remaining|others?|omitted|etc)\b", re.IGNORECASE)
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
IDENTIFIER = re.compile(r"[\w$][\w$.-]*")
BARE_VALUE = re.compile(r"(?:(?!\s(?://|/\*|#))[^,}\]\n])+")
FLAT_OBJECT = re.compile(r"\{[^{}\[\]]*\}(?=\s*[,\]])")
SWALLOWED = re.compile(r"[\"'“”]\s*:\s|\}\s*,\s*\{|[\"“”][\s,:{}\[\]]*[\"“”]|\A[\"“”].*[\"“”]\Z", re.DOTALL)
"""The text of a string that may contain the end of another value, or whose own quotes are doubled."""

_GAP = r"\s{0,200}(?:(?://[^\n]{0,500}\n|/\*[^*]{0,500}\*/)\s{0,200}){0,3}"
_QUOTED_KEY = r"\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|[“”„][^“”\n]{0,200}[“”]|[‘’][^‘’\n]{0,200}[‘’]"
GAP = re.compile(_GAP)
KEY_START = re.compile(rf"\{{{_GAP}(?:{_QUOTED_KEY}|[\w$][\w$.-]{{0,100}})\s{{0,200}}:")
"""The beginning of an object with its first key."""
KEY_AHEAD = re.compile(
    rf",{_GAP}(?:\}}|//|/\*|#|\.\.\.|…|\Z|(?:{_QUOTED_KEY}|[\w$][\w$.-]{{0,100}})\s{{0,200}}:)"
)
VALUE_AHEAD = re.compile(
    rf",{_GAP}(?:[\"'“”„‘\[{{\]]|//|/\*|#|\.\.\.|…|\Z|-?\d|(?:true|false|null|True|False|None)\b)"
)


class NotJsonError(ValueError):
    """The text is not JSON."""


class _TruncatedError(Exception):
    """The text ends within a value."""


class JsonReader:
    """Reads the array or object at a place of a text."""

    def __init__(self, text: str, start: int = 0) -> None:
        self._text = text
        self.start = start
        self.position = start
        """The end of the value, after `read`."""
        self._member_count = self._elision_count = self._invalid_escapes = self._unsure_escapes = 0

    def read(self) -> Any:
        """Return the value. Damaged parts are `Flaw`s, and lists that are not complete are `OpenList`s.

        Raises:
            NotJsonError: this is not JSON, but a bracket in a text.
        """
        try:
            return self._read_value("object", 1)
        except RecursionError:
            self.position = len(self._text)
            return Flaw("the nesting is too deep", is_open=True)
        except NotJsonError:
            if not self._member_count:
                raise
            source = shorten(self._text[self.start :])
            self.position = len(self._text)
            return Flaw("the object is not valid JSON", source, is_open=True)

    # ------------------------------------------------------------------------------ Arrays and objects

    def _read_value(self, context: Context, depth: int) -> Any:
        char = self._peek()
        if char in "{[" and depth > MAX_DEPTH:
            raise RecursionError
        if char == "{":
            return self._read_object(depth)
        if char == "[":
            return self._read_array(depth)
        return self._read_string(context, depth) if char in CLOSING_QUOTES else self._read_bare_value()

    def _read_object(self, depth: int) -> dict[str, Any] | Flaw:
        start, elisions = self.position, self._elision_count
        escapes = self._invalid_escapes, self._unsure_escapes
        members: list[tuple[str, Any]] = []
        try:
            self._read_members(members, depth)
        except _TruncatedError:
            self.position = len(self._text)
            source = shorten(self._text[start:])
            return Flaw("the object is not closed", source, dict(members), is_open=True)
        source = shorten(self._text[start : self.position])
        if self._take_elision(elisions):
            return Flaw("members were left out", source)
        if self._invalid_escapes > escapes[0] and self._unsure_escapes > escapes[1]:
            return Flaw("backslashes are not escaped", source)
        return build_object(members)

    def _read_members(self, members: list[tuple[str, Any]], depth: int) -> None:
        """Read the members up to the closing bracket."""
        self.position += 1
        while True:
            self._skip_separators()
            if self._peek() == "}":
                self.position += 1
                return
            key = self._read_key(depth)
            self._skip_space()
            members.append((key, self._read_value("object", depth + 1)))
            self._skip_space()
            if self._peek() not in ",}":
                raise NotJsonError

    def _read_key(self, depth: int) -> str:
        if self._peek() in CLOSING_QUOTES:
            key = self._read_string("key", depth)
        elif match := IDENTIFIER.match(self._text, self.position):
            self.position, key = match.end(), match[0]
        else:
            raise NotJsonError
        self._skip_space()
        if self._peek() != ":":
            raise NotJsonError
        self.position += 1
        self._member_count += 1
        return key

    def _read_array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        elisions = self._elision_count
        self.position += 1
        try:
            while True:
                self._skip_separators()
                if self._peek() == "]":
                    self.position += 1
                    return OpenList(items) if self._take_elision(elisions) else items
                items.append(self._read_item(depth, items))
        except _TruncatedError:
            self.position = len(self._text)
            return OpenList(items)

    def _read_item(self, depth: int, items: list[Any]) -> Any:
        """Return an item and read up to the delimiter behind it. A damaged object is skipped if its end is sure."""
        start = self.position
        try:
            return self._read_delimited_item(depth, is_first=not items)
        except _TruncatedError:
            self.position = len(self._text)
            return Flaw("the item is truncated", shorten(self._text[start:]))
        except NotJsonError:
            if not self._member_count and not items:
                raise
            if items and isinstance(items[-1], dict) and not KEY_START.match(self._text, start):
                # This is no item: the one before ended within one of its strings.
                items[-1] = Flaw("quotes are not escaped", shorten(write_json(items[-1])))
            return self._skip_damaged_item(start)

    def _read_delimited_item(self, depth: int, *, is_first: bool) -> Any:
        members_before = self._member_count
        value = self._read_value("array", depth + 1)
        is_scalar = not isinstance(value, dict | list | Flaw)
        if isinstance(value, Flaw) and is_first and self._member_count == members_before:
            raise NotJsonError
        self._skip_space()
        if self.position == len(self._text):
            if is_scalar:
                raise _TruncatedError
            return value
        if self._peek() not in (",]" if is_scalar else ",]{"):
            raise NotJsonError
        return value

    def _skip_damaged_item(self, start: int) -> Flaw:
        match = FLAT_OBJECT.match(self._text, start)
        is_sure = match and match[0].count('"') % 2 == 0
        self.position = match.end() if match and is_sure else len(self._text)
        return Flaw("the item is not valid JSON", shorten(self._text[start : self.position]))

    # ------------------------------------------------------------------------------------------ Scalars

    def _read_string(self, context: Context, depth: int) -> str:
        text, quote = self._text, self._text[self.position]
        pieces: list[str] = []
        inner_quotes = 0
        self.position += 1
        while True:
            match = PLAIN_TEXT[quote].match(text, self.position)
            assert match
            pieces.append(match[0])
            self.position = match.end()
            char = self._peek()
            if char == "\\":
                pieces.append(self._read_escape())
                continue
            if self._closes(context, depth):
                self.position += 1
                break
            inner_quotes += not self._is_apostrophe()
            pieces.append(char)
            self.position += 1
        content = join_surrogates("".join(pieces))
        if inner_quotes % 2 or (inner_quotes and SWALLOWED.search(content)):
            # The end of the string is unknown.
            raise NotJsonError
        return content

    def _closes(self, context: Context, depth: int) -> bool:
        """Return whether a quote ends its string: a delimiter and a plausible key, value or end follow."""
        text, after = self._text, _skip_gap(self._text, self.position + 1)
        char = text[after : after + 1]
        if not char:
            return True
        if context == "key":
            return char == ":"
        if char == ",":
            return bool((KEY_AHEAD if context == "object" else VALUE_AHEAD).match(text, after))
        if char != ("}" if context == "object" else "]"):
            return False
        end = _skip_gap(text, after + 1)
        following = text[end : end + 1]
        return following not in CLOSING_QUOTES if depth == ROOT_MEMBER_DEPTH else following in ",]}"

    def _is_apostrophe(self) -> bool:
        text, place = self._text, self.position
        return (
            text[place] in SINGLE_QUOTES
            and text[place - 1].isalpha()
            and text[place + 1 : place + 2].isalpha()
        )

    def _read_escape(self) -> str:
        """Return the character of an escape. A backslash before another character is text."""
        sequence = self._text[self.position : self.position + 6]
        if len(sequence) < 2:
            raise _TruncatedError
        char = sequence[1]
        if re.fullmatch(r"\\u[0-9a-fA-F]{4}", sequence):
            self.position += 6
            return chr(int(sequence[2:6], 16))
        self.position += 2
        if char in ESCAPES:
            # `\t` in a path with unescaped backslashes is no tab.
            self._unsure_escapes += char.isalpha() and sequence[2:3].isalpha()
            return ESCAPES[char]
        self._invalid_escapes += 1
        # Python reads `\xe9` as a character.
        self._unsure_escapes += char == "x"
        return f"\\{char}"

    def _read_bare_value(self) -> Any:
        match = BARE_VALUE.match(self._text, self.position)
        if not match:
            raise NotJsonError
        self.position, token = match.end(), match[0].strip()
        if self.position == len(self._text):
            raise _TruncatedError
        if token in LITERALS:
            return LITERALS[token]
        if NUMBER.fullmatch(token):
            return read_number(token)
        return Flaw("the value is not valid JSON", shorten(token))

    # ------------------------------------------------------------------------------------ Between values

    def _peek(self) -> str:
        if self.position >= len(self._text):
            raise _TruncatedError
        return self._text[self.position]

    def _skip_space(self) -> None:
        """Skip white space and comments, and count the comments that say that something is left out."""
        while True:
            match = SPACE.match(self._text, self.position)
            assert match
            self.position = match.end()
            comment = COMMENT.match(self._text, self.position)
            if not comment:
                return
            self.position = comment.end()
            self._elision_count += bool(ELISION_COMMENT.search(comment[0]))

    def _skip_separators(self) -> None:
        """Skip commas too, and dots in place of items."""
        self._skip_space()
        while True:
            if match := ELISION.match(self._text, self.position):
                self.position = match.end()
                self._elision_count += 1
            elif self._text.startswith(",", self.position):
                self.position += 1
            else:
                return
            self._skip_space()

    def _take_elision(self, count_before: int) -> bool:
        """Return whether something was left out since then. It does not count for the containers around."""
        is_elided = self._elision_count > count_before
        self._elision_count = count_before
        return is_elided


def _skip_gap(text: str, position: int) -> int:
    match = GAP.match(text, position)
    assert match
    return match.end()
