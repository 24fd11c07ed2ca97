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

from mimo_magics.document.markdown import blocks

LONGEST = 2_000
"""Characters of an unfinished block from which on it is cut."""
LONGEST_CODE = 600
"""The same for code, whose HTML is several times as long, and whose cuts nobody sees."""

ENDED_BY_BLANK = ("paragraph", "heading", "table", "fence", "math_block", "hr")
"""Blocks that a blank line behind them ends; lists, quotations and indented code may go on."""
FENCES = ("```", "~~~")
LONGEST_HEAD = 200
"""Characters of a block's first lines up to which they are told again before its rest."""

UNSURE = re.compile(
    "[\u200d\ufe0f\u20e3\ud800-\udbff\U0001f1e6-\U0001f1ff\u2600-\u27bf\U0001f300-\U0001faff\U000e0020-\U000e007f]{1,16}\\Z"
)
"""Halves of characters, and emoji that a next piece may still make another one of."""


@dataclass(frozen=True, slots=True)
class Block:
    """A finished block, or a finished part of one."""

    source: str
    goes_on: bool = False
    """Whether the next one is the rest of the same block."""


class Blocks:
    """The text of one answer on its way."""

    def __init__(self, source: str = "") -> None:
        self._pieces = [source]

    def feed(self, text: str) -> None:
        """Take more of the text in."""
        self._pieces.append(text)

    def take(self) -> tuple[list[Block], str]:
        """Return the blocks that were finished since the last call, and what may still change."""
        source = "".join(self._pieces).replace("\r\n", "\n").lstrip("\n")
        whole = source.rfind("\n") + 1  # a line that is not whole may turn out to be anything
        finished, rest = _finished(source[:whole])
        rest += source[whole:]
        while len(rest) > (LONGEST_CODE if rest.startswith(FENCES) else LONGEST):
            part, rest = _parted(rest)
            finished.append(part)
        self._pieces = [rest]
        return finished, UNSURE.sub("", rest)

    def end(self) -> str:
        """Return what is left when no more comes."""
        return "".join(self._pieces)


def _finished(source: str) -> tuple[list[Block], str]:
    """Cut off the blocks behind which another one has begun, and those that nothing more can belong to."""
    lines = _lines(source)
    found = list(blocks(source))
    cuts = [0, *(block.line for block in found[1:])]
    if found and found[-1].kind in ENDED_BY_BLANK and found[-1].end < len(lines):
        cuts.append(len(lines))
    return [Block("".join(lines[start:end])) for start, end in pairwise(cuts)], "".join(lines[cuts[-1] :])


def _parted(source: str) -> tuple[Block, str]:
    """Cut a text of which no block is finished: the first part, and the rest as a block of the same kind."""
    part, head = _first_part(source[: 2 * LONGEST])
    return part, (head if len(head) <= LONGEST_HEAD else "") + source[len(part.source) :]


def _first_part(source: str) -> tuple[Block, str]:
    """Return the first part of a text, and the lines that its rest must begin with."""
    lines = _lines(source)
    found = list(blocks(source))
    tokens = found[0].tokens if found else []
    end = len(lines) - 1
    match found[0].kind if found else "":
        case _ if len(found) > 1:
            return _part(lines, found[1].line, goes_on=False), ""
        case "fence" if _closes(lines[end], tokens[0].markup):
            return _part(lines, end + 1, goes_on=False), ""
        case "fence":
            return _part(lines, end) if end > 1 else _torn(source), lines[0]
        case "table" if end > 2:
            return _part(lines, end), lines[0] + lines[1]
        case "bullet_list" | "ordered_list" if item := _last_item(tokens):
            return _part(lines, item), ""
    return _torn(source), ""


def _lines(source: str) -> list[str]:
    return list(StringIO(source))  # other than `splitlines` it knows no line end but \n


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip(f"{fence[0]} \n")


def _part(lines: list[str], end: int, *, goes_on: bool = True) -> Block:
    return Block("".join(lines[:end]), goes_on)


def _last_item(tokens: list[Token]) -> int:
    """Return the line at which the last item of a list begins."""
    items = [token for token in tokens if token.type == "list_item_open" and token.level == 1]
    return items[-1].map[0] if items and items[-1].map else 0


def _torn(source: str) -> Block:
    """Cut within bounds: behind a line, a sentence or a word, if there is one."""
    text = source[:LONGEST]
    ends = (max(text.rfind(mark) + len(mark) for mark in marks) for marks in (("\n", ". ", "。"), (" ",)))
    end = next((end for end in ends if end > LONGEST // 2), LONGEST)
    return Block(source[:end], goes_on=True)
