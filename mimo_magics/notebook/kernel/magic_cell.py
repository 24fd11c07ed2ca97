"""Cells with `%%mimo` or another cell magic of ours: their parts, and the transforms that keep their text.

The transforms run before those of IPython, which remove `>>>`, `In [1]:` and common indentation from every cell. https://ipython.readthedocs.io/en/stable/config/inputtransforms.html
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


OWN_LINES_PATTERN = re.compile(
    r"(?:[^\S\r\n]*+(?:\#[^\r\n]*+|%mimo[^\r\n]*+|%(?:re)?load_ext mimo_magics[^\r\n]*+)?(?:\r\n|\r|\n|\Z))++"
)
"""Cells whose lines are all comments and line magics of ours."""


@dataclass(frozen=True, slots=True)
class MagicCell:
    """The parts of a cell with a cell magic."""

    name: str
    line: str | None
    """The text after the name of the magic and a blank; `None` without a blank."""
    body: str
    """The text below the line of the magic, unchanged."""
    has_body: bool
    """Whether the line of the magic has ended."""
    start: int
    """The position of the magic, which comments and blank lines may precede."""

    @property
    def is_own(self) -> bool:
        """Whether the magic is one of ours."""
        return re.fullmatch(OWN_NAME, self.name) is not None


def split_magic_cell(text: str) -> MagicCell | None:
    """Split a cell whose first line of code is a cell magic. Return `None` for other cells, and for `%%mimo?`."""
    match = MAGIC_LINE_PATTERN.match(text)
    if match is None:
        return None
    return MagicCell(
        match["name"], match["line"], text[match.end() :], bool(match["end"]), match.start("head")
    )


def find_prompt_cell(text: str) -> MagicCell | None:
    """Split a cell with a magic of ours, also below another one: `%%time` above `%%mimo`."""
    cell = inner = split_magic_cell(text)
    while inner and not inner.is_own:
        inner = split_magic_cell(inner.body)
    return cell if inner else None


def is_own_cell(text: str) -> bool:
    """Return whether a cell has a cell magic of ours, or only lines with our line magics."""
    return find_prompt_cell(text) is not None or OWN_LINES_PATTERN.fullmatch(text) is not None


def drop_lines_above(lines: list[str]) -> list[str]:
    """Remove comments, `#|` options and blank lines above a magic of ours."""
    text = "".join(lines)
    cell = find_prompt_cell(text)
    return text[cell.start :].splitlines(keepends=True) if cell else lines


def call_cell_magic(lines: list[str]) -> list[str]:
    """Turn a cell with a magic of ours into a call, so that no other transform changes the prompt."""
    cell = find_prompt_cell("".join(lines))
    if cell is None:
        return lines
    return [f"get_ipython().run_cell_magic({cell.name!r}, {(cell.line or '').rstrip()!r}, {cell.body!r})\n"]


# With this mark, a console does not use the transform to decide whether a cell is complete.
# A call would always be complete.
call_cell_magic.has_side_effects = True  # type: ignore[attr-defined]
