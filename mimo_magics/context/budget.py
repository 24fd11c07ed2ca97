"""The budget of a text in bytes: what is counted, and how a longer text is cut.

A cut text keeps its head and its tail. A line between them tells the model how much is missing. Work and memory are
bounded: a long text is counted in chunks and never copied as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mimo_magics.core.settings import MIN_VALUE_BUDGET
from mimo_magics.core.text import join_surrogates

MIN_BUDGET = MIN_VALUE_BUDGET
"""Bytes. The line about what is missing needs some of them."""
CHUNK_CHARS = 1_000_000
CONTROL_PATTERN = re.compile("[\x00-\x08\x0b-\x1f]")
CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\n\t")


def truncate(text: str, max_bytes: int) -> str:
    """Return a text without control characters, with its head and its tail if it is longer than the budget."""
    size = count_bytes(text)
    return (
        clean(text)
        if size <= max_bytes
        else keep_head_and_tail(text[:max_bytes], text[-max_bytes:], max_bytes, build_omission_note(size))
    )


def build_omission_note(size: int, items: int = 0) -> Callable[[int], str]:
    """Return a function that formats the omission line for a number of kept bytes. With `items` the total is a lower limit."""
    more, location = ("more than ", f", in a collection of {items:,} items") if items else ("", "")
    return lambda kept_bytes: f"… {more}{size - kept_bytes:,} of {more}{size:,} bytes left out{location} …"


def keep_head_and_tail(head: str, tail: str, max_bytes: int, omission_note: Callable[[int], str]) -> str:
    """Keep as much of head and tail as fits around the omission line."""
    remaining_bytes = max(max_bytes - count_bytes(omission_note(0)) - 2, 0)
    head = _cut_head(clean(head), remaining_bytes // 2)
    tail = _cut_tail(clean(tail), remaining_bytes - count_bytes(head))
    end = "" if head.endswith("\n") else "\n"
    return f"{head}{end}{omission_note(count_bytes(head) + count_bytes(tail))}\n{tail}"


def _cut_head(text: str, max_bytes: int) -> str:
    """Cut at a line end, else at a space, else between characters. Keep at least half of the bytes."""
    head = text.encode()[:max_bytes].decode(errors="ignore")
    half = len(head) // 2
    return head[: head.rfind("\n", half) + 1 or head.rfind(" ", half) + 1 or len(head)]


def _cut_tail(text: str, max_bytes: int) -> str:
    raw = text.encode()
    tail = raw[max(len(raw) - max_bytes, 0) :].decode(errors="ignore")
    half = len(tail) // 2
    return tail[tail.find("\n", 0, half) + 1 or tail.find(" ", 0, half) + 1 :]


def count_bytes(text: str) -> int:
    """Return the number of bytes of the cleaned text. The two surrogates of a pair count separately."""
    size = start = 0
    while start < len(text):
        end = start + CHUNK_CHARS
        # A line end of two characters stays in one chunk.
        end += text[end - 1 : end + 1] == "\r\n"
        size += _count_chunk(text[start:end])
        start = end
    return size


def _count_chunk(text: str) -> int:
    raw = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"\n")
    return len(raw) + 2 * (len(raw) - len(raw.translate(None, CONTROL_BYTES)))


def clean(text: str) -> str:
    """Return a text without lone surrogates, and without control characters but tab and line feed."""
    return CONTROL_PATTERN.sub("\ufffd", join_surrogates(text.replace("\r\n", "\n")))
