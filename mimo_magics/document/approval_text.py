"""A tool call as a person sees it before deciding on it: all of it, and nothing that cannot be seen.

A reading view may be lossy; this one is complete. What the tool gets is the parsed JSON, so that is what is shown:
dumped anew, with each invisible character spelled out and long runs of blanks counted. Two calls that differ are
shown differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from wcwidth import wcwidth

from mimo_magics.core.i18n import translate
from mimo_magics.core.messages import ToolCall
from mimo_magics.core.text import UNSEEN_CHARACTERS
from mimo_magics.document.json_text import MAX_INDENTED_DEPTH, format_json

PAGE_ROWS = 20
"""What is in view at a time, the question below it included, in the smallest usual window; the rest has to be opened."""
PAGE_COLUMNS = 80
MAX_MARKS = 3
"""Marks above and below one letter that languages need; more of them cover the lines around."""
BLANK_RUN = re.compile(f"(?<=[^\n ]) {{4,}}| {{{2 * MAX_INDENTED_DEPTH + 1},}}")
"""Blanks that push what stands behind them out of view; the indent of a line is ours."""
ESCAPE_RUN = re.compile(r"(?P<escape>\\(?:[bfnrt]|u00[01][0-9a-f]))(?P=escape){3,}|\\.")
"""Line ends, tabs and controls in a string of JSON; each other escape is passed over."""
LINE_RUN = re.compile(r"\n{3,}")
STRANGE_RUN = re.compile(r"\w?[^\n -~]+")
"""What is no ASCII, with the letter on which its first mark stands."""
BLANK_SYMBOLS = "\u2800\ufffc\U0001d159\U00013441\U00013442\U00016fe4"
"""Symbols and letters that are drawn as nothing, though Unicode does not count them among the ignorable."""
OPENING_MARK = "\u27e8"
"""Begins what is spelled out. One that is part of the call is spelled out too, so that no call can imitate it."""


def arguments_text(arguments: str) -> str:
    """Return the arguments of a call as canonical JSON; text that is no JSON as it is, with the same marks."""
    text = _spell_out(format_json(arguments if arguments.strip() else "{}"))
    text = ESCAPE_RUN.sub(_count_escapes, text)
    return BLANK_RUN.sub(_count_blanks, LINE_RUN.sub(_count_lines, text))  # JSON has no empty lines


def name_text(call: ToolCall) -> str:
    """Return the name of a call."""
    return _spell_out(call.name)


def call_text(call: ToolCall) -> str:
    """Return the name and all arguments of a call."""
    return f"{name_text(call)} {arguments_text(call.arguments)}"


def split_pages(text: str, rows: int = PAGE_ROWS, columns: int = PAGE_COLUMNS) -> list[str]:
    """Split a text into what is in view at a time; there is one page at least.

    Args:
        text: what is shown.
        rows: of a page, where lines are wrapped.
        columns: of a row; letters of East Asia take two.
    """
    wrapped = [row for line in text.splitlines(keepends=True) for row in _iter_rows(line, columns)]
    return ["".join(wrapped[start : start + rows]) for start in range(0, len(wrapped), rows)] or [""]


def more_text(rest: str) -> str:
    """Say how much is not in view."""
    return translate("{count:,} more characters", count=len(rest))


def _iter_rows(line: str, columns: int) -> Iterator[str]:
    start = width = 0
    for position, character in enumerate(line):
        # Characters without a width of their own count too. Otherwise they could fill a page unseen.
        character_width = max(wcwidth(character), 1)
        width += character_width
        if width > columns:
            yield line[start:position]
            start, width = position, character_width
    yield line[start:]


def _spell_out(text: str) -> str:
    """Spell out what is not seen, and what makes other characters hard to see."""
    halves = text.encode("utf-16", "surrogatepass")  # which are joined where they belong together
    return STRANGE_RUN.sub(_spell_out_run, halves.decode("utf-16", "surrogatepass"))


def _spell_out_run(match: re.Match[str]) -> str:
    shown = []
    mark_count = MAX_MARKS  # as at a sign that is no letter: no mark stands on it
    for character, run in groupby(match[0]):
        count = len(list(run))
        is_mark = unicodedata.category(character)[0] == "M"
        mark_count = mark_count + count if is_mark else 0 if character.isalnum() else MAX_MARKS
        is_covering = is_mark and mark_count > MAX_MARKS
        shown.append(
            _name_run(character, count) if is_covering or _is_unseen(character) else character * count
        )
    return "".join(shown)


def _name_run(character: str, count: int) -> str:
    times = f" × {count}" if count > 1 else ""
    return f"{OPENING_MARK}U+{ord(character):04X}{times}⟩"


@lru_cache
def _is_unseen(character: str) -> bool:
    """Tell whether a character is not drawn, looks like a blank, or strikes out or encloses the one before it."""
    return (
        not character.isprintable()
        or character in BLANK_SYMBOLS + OPENING_MARK
        or bool(UNSEEN_CHARACTERS.match(character))
        or unicodedata.combining(character) == 1
        or unicodedata.category(character) == "Me"
    )


def _count_escapes(match: re.Match[str]) -> str:
    escape = match["escape"]
    return f"{OPENING_MARK}{escape} × {len(match[0]) // len(escape)}⟩" if escape else match[0]


def _count_blanks(match: re.Match[str]) -> str:
    return translate("⟨blanks: {count}⟩", count=len(match[0]))


def _count_lines(match: re.Match[str]) -> str:
    return "\n" + translate("⟨empty lines: {count}⟩", count=len(match[0]) - 1) + "\n"
