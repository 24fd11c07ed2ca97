"""Streamed Markdown, split into finished blocks and the last block, which may still change.

Only the text after the last finished block is parsed. A very long block (code, list, table or paragraph) is split
at a suitable position. So the time for each delta is limited, and the total time is proportional to the length of
the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise

from markdown_it.token import Token

from mimo_magics.document.markdown import TopBlock, parse_blocks

MAX_BLOCK_CHARS = 2_000
"""Length from which an unfinished block is split."""
MAX_CODE_CHARS = 600
"""The same for code. Its HTML is several times as long, and a split in it is not visible."""

BLANK_LINE_TERMINATED = ("paragraph", "heading", "table", "fence", "math_block", "hr")
"""Blocks that end at a blank line. Lists, quotations and indented code may continue after it."""
FENCES = ("```", "~~~")
MAX_REPEATED_HEAD_CHARS = 200
"""Length up to which the head of a split block, such as a fence or a table head, is repeated before its rest."""

UNSTABLE_SUFFIX = re.compile(
    "[\u200d\ufe0f\u20e3\ud800-\udbff\U0001f1e6-\U0001f1ff\u2600-\u27bf\U0001f300-\U0001faff\U000e0020-\U000e007f]{1,16}\\Z"
)
"""Surrogates without their other half, and emoji that the next delta may turn into another emoji."""


@dataclass(frozen=True, slots=True)
class Block:
    """A finished block, or a finished part of one."""

    source: str
    is_continued: bool = False
    """Whether the next block is the rest of this one."""


class BlockSplitter:
    """Splits the text of one reply while it is streamed."""

    def __init__(self, source: str = "") -> None:
        self._deltas = [source]

    def feed(self, text: str) -> None:
        """Add a delta."""
        self._deltas.append(text)

    def pop_finished(self) -> tuple[list[Block], str]:
        """Return the blocks that were finished since the last call, and the rest, which may still change."""
        source = "".join(self._deltas).replace("\r\n", "\n").lstrip("\n")
        # An incomplete line can still become any kind of block.
        complete_end = source.rfind("\n") + 1
        finished, rest = _split_finished(source[:complete_end])
        rest += source[complete_end:]
        while len(rest) > (MAX_CODE_CHARS if rest.startswith(FENCES) else MAX_BLOCK_CHARS):
            part, rest = _split_unfinished(rest)
            finished.append(part)
        self._deltas = [rest]
        return finished, UNSTABLE_SUFFIX.sub("", rest)

    def flush(self) -> str:
        """Return the rest after the last delta."""
        return "".join(self._deltas)


def _split_finished(source: str) -> tuple[list[Block], str]:
    """Split off the blocks that are followed by another block, or ended by a blank line or by a closing fence."""
    lines = _split_lines(source)
    found = list(parse_blocks(source))
    cuts = [0, *(block.start_line for block in found[1:])]
    if found and (_ends_before(found[-1], len(lines)) or _is_closed_fence(found[-1], lines)):
        cuts.append(len(lines))
    return [Block("".join(lines[start:end])) for start, end in pairwise(cuts)], "".join(lines[cuts[-1] :])


def _ends_before(block: TopBlock, end_line: int) -> bool:
    return block.kind in BLANK_LINE_TERMINATED and block.end_line < end_line


def _is_closed_fence(block: TopBlock, lines: list[str]) -> bool:
    return (
        block.kind == "fence"
        and block.end_line - block.start_line > 1
        and _closes_fence(lines[block.end_line - 1], block.tokens[0].markup)
    )


def _split_unfinished(source: str) -> tuple[Block, str]:
    """Split a long unfinished block into its first part and the rest, which is a block of the same kind."""
    part, head = _first_part(source[: 2 * MAX_BLOCK_CHARS])
    return part, (head if len(head) <= MAX_REPEATED_HEAD_CHARS else "") + source[len(part.source) :]


def _first_part(source: str) -> tuple[Block, str]:
    """Return the first part of a text, and the head that its rest needs."""
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
    # `splitlines` would also split at other characters than \n.
    return list(StringIO(source))


def _closes_fence(line: str, fence: str) -> bool:
    indent = len(line) - len(line.lstrip(" "))
    return indent < 4 and line.strip().startswith(fence) and not line.strip(f"{fence[0]} \n")


def _make_block(lines: list[str], end: int, *, is_continued: bool = True) -> Block:
    return Block("".join(lines[:end]), is_continued)


def _last_item_line(tokens: list[Token]) -> int:
    """Return the first line of the last item of a list."""
    items = [token for token in tokens if token.type == "list_item_open" and token.level == 1]
    return items[-1].map[0] if items and items[-1].map else 0


def _split_at_boundary(source: str) -> Block:
    """Split after a line, a sentence or a word, or at the length limit if there is none."""
    text = source[:MAX_BLOCK_CHARS]
    ends = (max(text.rfind(mark) + len(mark) for mark in marks) for marks in (("\n", ". ", "。"), (" ",)))
    end = next((end for end in ends if end > MAX_BLOCK_CHARS // 2), MAX_BLOCK_CHARS)
    return Block(source[:end], is_continued=True)
