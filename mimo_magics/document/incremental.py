"""Markdown that is still coming, cut into blocks that are finished and the one that may still change.

Only what stands behind the last finished block is parsed, and a block without end (one long code block, list, table
or paragraph) is cut where it does the least harm. So the work for each piece that comes has a bound, and in all it is
proportional to the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise

from markdown_it.token import Token

from mimo_magics.document.markdown import parse_blocks

MAX_BLOCK_CHARS = 2_000
"""Characters of an unfinished block from which on it is cut."""
MAX_CODE_CHARS = 600
"""The same for code, whose HTML is several times as long, and whose cuts nobody sees."""

BLANK_LINE_TERMINATED = ("paragraph", "heading", "table", "fence", "math_block", "hr")
"""Blocks that a blank line behind them ends; lists, quotations and indented code may go on."""
FENCES = ("```", "~~~")
MAX_REPEATED_HEAD_CHARS = 200
"""Characters of a block's first lines up to which they are told again before its rest."""

UNSTABLE_SUFFIX = re.compile(
    "[\u200d\ufe0f\u20e3\ud800-\udbff\U0001f1e6-\U0001f1ff\u2600-\u27bf\U0001f300-\U0001faff\U000e0020-\U000e007f]{1,16}\\Z"
)
"""Halves of characters, and emoji that a next piece may still make another one of."""


@dataclass(frozen=True, slots=True)
class Block:
    """A finished block, or a finished part of one."""

    source: str
    is_continued: bool = False
    """Whether the next one is the rest of the same block."""


class BlockSplitter:
    """The text of one answer on its way."""

    def __init__(self, source: str = "") -> None:
        self._pieces = [source]

    def feed(self, text: str) -> None:
        """Take more of the text in."""
        self._pieces.append(text)

    def pop_finished(self) -> tuple[list[Block], str]:
        """Return the blocks that were finished since the last call, and what may still change."""
        source = "".join(self._pieces).replace("\r\n", "\n").lstrip("\n")
        complete_end = source.rfind("\n") + 1  # a line that is not whole may turn out to be anything
        finished, rest = _split_finished(source[:complete_end])
        rest += source[complete_end:]
        while len(rest) > (MAX_CODE_CHARS if rest.startswith(FENCES) else MAX_BLOCK_CHARS):
            part, rest = _split_unfinished(rest)
            finished.append(part)
        self._pieces = [rest]
        return finished, UNSTABLE_SUFFIX.sub("", rest)

    def flush(self) -> str:
        """Return what is left when no more comes."""
        return "".join(self._pieces)


def _split_finished(source: str) -> tuple[list[Block], str]:
    """Cut off the blocks behind which another one has begun, and those that nothing more can belong to."""
    lines = _split_lines(source)
    found = list(parse_blocks(source))
    cuts = [0, *(block.start_line for block in found[1:])]
    if found and found[-1].kind in BLANK_LINE_TERMINATED and found[-1].end_line < len(lines):
        cuts.append(len(lines))
    return [Block("".join(lines[start:end])) for start, end in pairwise(cuts)], "".join(lines[cuts[-1] :])


def _split_unfinished(source: str) -> tuple[Block, str]:
    """Cut a text of which no block is finished: the first part, and the rest as a block of the same kind."""
    part, head = _first_part(source[: 2 * MAX_BLOCK_CHARS])
    return part, (head if len(head) <= MAX_REPEATED_HEAD_CHARS else "") + source[len(part.source) :]


def _first_part(source: str) -> tuple[Block, str]:
    """Return the first part of a text, and the lines that its rest must begin with."""
    lines = _split_lines(source)
    found = list(parse_blocks(source))
    tokens = found[0].tokens if found else []
    end = len(lines) - 1
    match found[0].kind if found else "":
        case _ if len(found) > 1:
            return _make_block(lines, found[1].start_line, is_continued=False), ""
        case "fence" if _closes_fence(lines[end], tokens[0].markup):
            return _make_block(lines, end + 1, is_continued=False), ""
        case "fence":
            return _make_block(lines, end) if end > 1 else _split_at_boundary(source), lines[0]
        case "table" if end > 2:
            return _make_block(lines, end), lines[0] + lines[1]
        case "bullet_list" | "ordered_list" if item := _last_item_line(tokens):
            return _make_block(lines, item), ""
    return _split_at_boundary(source), ""


def _split_lines(source: str) -> list[str]:
    return list(StringIO(source))  # other than `splitlines` it knows no line end but \n


def _closes_fence(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip(f"{fence[0]} \n")


def _make_block(lines: list[str], end: int, *, is_continued: bool = True) -> Block:
    return Block("".join(lines[:end]), is_continued)


def _last_item_line(tokens: list[Token]) -> int:
    """Return the line at which the last item of a list begins."""
    items = [token for token in tokens if token.type == "list_item_open" and token.level == 1]
    return items[-1].map[0] if items and items[-1].map else 0


def _split_at_boundary(source: str) -> Block:
    """Cut within bounds: behind a line, a sentence or a word, if there is one."""
    text = source[:MAX_BLOCK_CHARS]
    ends = (max(text.rfind(mark) + len(mark) for mark in marks) for marks in (("\n", ". ", "。"), (" ",)))
    end = next((end for end in ends if end > MAX_BLOCK_CHARS // 2), MAX_BLOCK_CHARS)
    return Block(source[:end], is_continued=True)
