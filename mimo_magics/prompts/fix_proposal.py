"""What a model proposes for a failed cell: the cause, and the corrected source of one cell."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff

from mimo_magics.context.notebook_cell import NotebookCell
from mimo_magics.document.markdown import code_blocks

FENCE_PATTERN = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
LIST_MARK_PATTERN = re.compile(r"\A\s*(?:1[.)]|[-*])\s+|\s*\n\s*(?:2[.)]|[-*])\s*\Z")
MAX_CAUSE_CHARS = 1_000
MAX_COMPARED_LINES = 2_000
"""Lines of a cell that decide which one the code corrects: the time may grow with their square."""
NO_CODE = "The reply contains no code block."


@dataclass(frozen=True, slots=True)
class Proposal:
    """A corrected cell."""

    cause: str
    """Why the cell failed, in the words of the model."""
    code: str
    """The source of the corrected cell, without a line break at the end; empty if the model wrote none."""
    cell: NotebookCell
    """The cell that it corrects."""

    @property
    def is_unchanged(self) -> bool:
        """Whether the code is that of the cell."""
        return self.code.strip() == self.cell.source.strip()

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty without one."""
        name = self.cell.name
        before, after = (text.strip("\n").split("\n") for text in (self.cell.source, self.code))
        lines = unified_diff(before, after, name, f"{name}, corrected", lineterm="")
        return "\n".join(lines) if self.code and not self.is_unchanged else ""


def read_proposal(text: str, cells: Sequence[NotebookCell]) -> Proposal:
    """Return what a reply proposes. Of several code blocks the one that is most like a cell counts.

    Args:
        text: text of the reply.
        cells: the cells that were sent; the one that failed is the first.
    """
    start = FENCE_PATTERN.search(text)
    cause = LIST_MARK_PATTERN.sub("", text[: start.start()] if start else text).strip()[:MAX_CAUSE_CHARS]
    blocks = [each.strip("\n") for each in code_blocks(text) if each.strip()]
    if not blocks:
        return Proposal(cause, "", cells[0])
    # `max` returns the first of equals, which is the cell that failed.
    code, cell = max(
        ((code, cell) for cell in cells for code in blocks),
        key=lambda pair: _similarity(pair[0], pair[1].source),
    )
    return Proposal(cause, code, cell)


def find_syntax_error(code: str, transform: Callable[[str], str]) -> str:
    """Return the syntax error of a cell in one line; empty if there is none.

    Args:
        code: the source, with magics and shell commands.
        transform: replaces these by plain Python.
    """
    try:
        ast.parse(transform(code))
    except SyntaxError as error:
        return f"{type(error).__name__}: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: the code cannot be parsed"
    return ""


def _similarity(code: str, source: str) -> float:
    one, other = (text.strip().split("\n")[:MAX_COMPARED_LINES] for text in (code, source))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
