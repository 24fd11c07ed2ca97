"""A cell that begins with `%%mimo` or another magic of ours, as its text.

The transforms stand ahead of IPython's own, which take `>>>`, `In [1]:` and common indentation out of a cell as if all
of it were code. https://ipython.readthedocs.io/en/stable/config/inputtransforms.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OWN_NAME = r"mimo(?:_\w+)?"
"""The names of our magics."""
BLANKS, LINE_END = r"[^\S\r\n]*+", r"(?>\r\n|\r|\n)"
IGNORED_LINES = rf"(?>{BLANKS}(?:\#[^\r\n]*+)?{LINE_END})*+"
MAGIC_LINE_PATTERN = re.compile(
    rf"{IGNORED_LINES}{BLANKS}(?P<head>%%(?P<name>\w+)(?:[^\S\r\n](?P<line>[^\r\n]*+))?)(?P<end>{LINE_END}|\Z)"
)


@dataclass(frozen=True, slots=True)
class MagicCell:
    """A cell with a magic, in three parts."""

    name: str
    line: str | None
    """What stands behind the magic's name and a blank; `None` if there is none."""
    body: str
    """What stands below, character for character."""
    has_body: bool
    """Whether the line of the magic has ended."""
    start: int
    """Where in the cell the magic stands: below comments and blank lines."""

    @property
    def is_own(self) -> bool:
        """Whether the magic is one of ours."""
        return re.fullmatch(OWN_NAME, self.name) is not None


def split_magic_cell(text: str) -> MagicCell | None:
    """Split a cell that has a cell magic on its first line of code; `None` if it has none, or asks for help on it."""
    match = MAGIC_LINE_PATTERN.match(text)
    if match is None:
        return None
    return MagicCell(
        match["name"], match["line"], text[match.end() :], bool(match["end"]), match.start("head")
    )


def find_prompt_cell(text: str) -> MagicCell | None:
    """Split a cell whose magic is one of ours, or has such a cell as its body: `%%time` above `%%mimo`."""
    cell = inner = split_magic_cell(text)
    while inner and not inner.is_own:
        inner = split_magic_cell(inner.body)
    return cell if inner else None


def drop_lines_above(lines: list[str]) -> list[str]:
    """Let comments, `#|` options and blank lines stand above a magic of ours."""
    text = "".join(lines)
    cell = find_prompt_cell(text)
    return text[cell.start :].splitlines(keepends=True) if cell else lines


def call_cell_magic(lines: list[str]) -> list[str]:
    """Turn a cell with a magic of ours into its call, whose text no other transform takes for code."""
    cell = find_prompt_cell("".join(lines))
    if cell is None:
        return lines
    return [f"get_ipython().run_cell_magic({cell.name!r}, {(cell.line or '').rstrip()!r}, {cell.body!r})\n"]


# A console asks the transforms without side effects whether a cell is complete, and a call would be.
call_cell_magic.has_side_effects = True  # type: ignore[attr-defined]
