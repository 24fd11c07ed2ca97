"""Split the items of a list from a reply while it streams. Each character is read once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from mimo_magics.session.structured.json_repair import CLOSING_QUOTES, MAX_DEPTH

MAX_OPEN_CHARS = 1_000_000
"""Characters of an item that is not closed. A longer one ends the splitting."""
MAX_HEAD_CHARS = 20
Place = Literal[
    "outside", "value", "string", "escape", "after quote", "line comment", "block comment", "over"
]


class ItemSplitter:
    """Takes the text of a reply piece by piece and returns the items that are closed.

    It is for display: it does not know whether a second answer follows. `reading.read_reply` decides about the result.

    Args:
        item_keys: the keys of an item. A list under such a key belongs to its item. Without keys the items are no objects,
            and a list within a sentence, such as `[1]`, is none.
    """

    def __init__(self, item_keys: Collection[str] = ()) -> None:
        self._item_keys = {key.casefold() for key in item_keys}
        self._head = ""
        """The beginning of the text before the first bracket."""
        self._place: Place = "outside"
        self._closing_quotes = ""
        self._stack: list[str] = []
        self._item_depth = 0
        """The number of open brackets around an item; 0 while the list is not found."""
        self._item: list[str] = []
        self._key: list[str] = []
        """The last string, which may be the key of a list."""
        self._last = ""
        """The last character that is neither white space nor part of a string or a comment."""
        self._previous = ""
        self._items: list[str] = []

    def feed(self, text: str) -> list[str]:
        """Return the texts of the items that this piece closes."""
        for char in text:
            self._read(char)
            self._previous = char
        items, self._items = self._items, []
        return items

    def _read(self, char: str) -> None:
        match self._place:
            case "over":
                return
            case "outside" if char not in "{[" or (char == "[" and not self._may_begin_list()):
                self._head = (self._head + char)[:MAX_HEAD_CHARS]
                return
        self._item.append(char)
        if len(self._item) > MAX_OPEN_CHARS:
            self._place = "over"
        match self._place:
            case "string":
                self._read_in_string(char)
            case "escape":
                self._key.append(char)
                self._place = "string"
            case "after quote":
                self._read_after_quote(char)
            case "line comment" if char == "\n":
                self._place = "value"
            case "block comment" if self._previous == "*" and char == "/":
                self._place = "value"
            case "outside" | "value":
                self._read_token(char)

    def _may_begin_list(self) -> bool:
        return bool(self._item_keys) or self._head.strip("` \n") in ("", "json")

    def _read_in_string(self, char: str) -> None:
        if char == "\\":
            self._place = "escape"
        elif char in self._closing_quotes:
            self._place = "after quote"
        else:
            self._key.append(char)

    def _read_after_quote(self, char: str) -> None:
        """Decide whether the quote ended the string: only a delimiter may follow."""
        if char.isspace():
            return
        if char in ",:]}/#":
            self._place, self._last = "value", '"'
            self._read_token(char)
        else:
            self._place = "string"
            self._read_in_string(char)

    def _read_token(self, char: str) -> None:
        if char.isspace():
            return
        if char in CLOSING_QUOTES and self._last in ("{", "[", ",", ":"):
            self._place, self._closing_quotes, self._key = "string", CLOSING_QUOTES[char], []
        elif char == "#" or (char == "/" and self._previous == "/"):
            self._place = "line comment"
        elif char == "*" and self._previous == "/":
            self._place = "block comment"
        elif char in "{[":
            self._open(char)
        elif char in "}]":
            self._close(char)
        elif char == "," and len(self._stack) == self._item_depth:
            self._emit_scalar()
        if char not in "/#*":
            self._last = char

    def _open(self, char: str) -> None:
        is_list = char == "[" and not self._item_depth and not self._is_member_of_item()
        if len(self._stack) == self._item_depth:
            self._item = [char]
        self._stack.append(char)
        self._place = "over" if len(self._stack) > MAX_DEPTH else "value"
        if is_list:
            self._item_depth, self._item = len(self._stack), []

    def _is_member_of_item(self) -> bool:
        return bool(self._stack) and "".join(self._key).casefold() in self._item_keys

    def _close(self, char: str) -> None:
        depth = len(self._stack)
        if not depth or self._stack[-1] != {"}": "{", "]": "["}[char]:
            self._place = "over"
            return
        if depth == self._item_depth:
            self._item.pop()
            self._emit_scalar()
            self._place = "over"
            return
        self._stack.pop()
        if depth - 1 == self._item_depth:
            self._emit()
            self._place = "value" if self._stack else "outside"

    def _emit_scalar(self) -> None:
        text = "".join(self._item).strip().removesuffix(",").strip()
        self._item = []
        if text:
            self._items.append(text)

    def _emit(self) -> None:
        self._items.append("".join(self._item))
        self._item = []
