"""The text of a tool call for its approval: complete, with every invisible character made visible.

The tool receives the parsed JSON, so this text shows the parsed JSON: formatted again, with code points in place of
invisible characters and counts in place of long runs of spaces. Two different calls never have the same text.
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
"""Rows of one page. A page and the question below it fit into the smallest usual window."""
PAGE_COLUMNS = 80
MAX_MARKS = 3
"""Combining marks on one letter that languages need. More of them cover the lines above and below."""
SPACE_RUN = re.compile(f"(?<=[^\n ]) {{4,}}| {{{2 * MAX_INDENTED_DEPTH + 1},}}")
"""Spaces that push the rest of a line out of view. The indentation by `format_json` is shorter."""
ESCAPE_RUN = re.compile(r"(?P<escape>\\(?:[bfnrt]|u00[01][0-9a-f]))(?P=escape){3,}|\\.")
"""Repeated escapes of white space and control characters in JSON, or a single escape of any kind."""
LINE_RUN = re.compile(r"\n{3,}")
NON_ASCII_RUN = re.compile(r"\w?[^\n -~]+")
"""Characters outside of ASCII, with the letter that carries the first combining mark."""
BLANK_SYMBOLS = "\u2800\ufffc\U0001d159\U00013441\U00013442\U00016fe4"
"""Symbols and letters without a visible glyph that Unicode does not count as ignorable."""
OPENING_MARK = "\u27e8"
"""The beginning of a placeholder. If a call contains this character, it is replaced too, so no call can fake one."""


def arguments_text(arguments: str) -> str:
    """Return the arguments of a call as formatted JSON. Invalid JSON stays as it is, with the same placeholders."""
    text = _show_invisible(format_json(arguments if arguments.strip() else "{}"))
    text = ESCAPE_RUN.sub(_count_escapes, text)
    # Formatted JSON has no empty lines, so this changes only invalid JSON.
    return SPACE_RUN.sub(_count_spaces, LINE_RUN.sub(_count_lines, text))


def name_text(call: ToolCall) -> str:
    """Return the name of a call."""
    return _show_invisible(call.name)


def call_text(call: ToolCall) -> str:
    """Return the name and all arguments of a call."""
    return f"{name_text(call)} {arguments_text(call.arguments)}"


def split_pages(text: str, rows: int = PAGE_ROWS, columns: int = PAGE_COLUMNS) -> list[str]:
    """Split a text into pages. There is at least one.

    Args:
        text: the text.
        rows: wrapped rows of a page.
        columns: columns of a row; East Asian characters take two.
    """
    wrapped = [row for line in text.splitlines(keepends=True) for row in _iter_rows(line, columns)]
    return ["".join(wrapped[start : start + rows]) for start in range(0, len(wrapped), rows)] or [""]


def more_text(rest: str) -> str:
    """Return the label for the part of a text that is not in view."""
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


def _show_invisible(text: str) -> str:
    """Replace invisible characters, and those that cover others, by placeholders with their code points."""
    # Encoding joins surrogates that form a pair.
    code_units = text.encode("utf-16", "surrogatepass")
    return NON_ASCII_RUN.sub(_show_run, code_units.decode("utf-16", "surrogatepass"))


def _show_run(match: re.Match[str]) -> str:
    shown = []
    # Without a letter before them, all combining marks are replaced.
    mark_count = MAX_MARKS
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
    """Return whether a character is invisible, looks like a space, or strikes out or encloses the one before it."""
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


def _count_spaces(match: re.Match[str]) -> str:
    return translate("⟨spaces: {count}⟩", count=len(match[0]))


def _count_lines(match: re.Match[str]) -> str:
    return "\n" + translate("⟨empty lines: {count}⟩", count=len(match[0]) - 1) + "\n"
