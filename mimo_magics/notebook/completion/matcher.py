"""What Tab offers in the cells and lines of the magics, in JupyterLab and in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.argument_parser import variables
from mimo_magics.notebook.completion import variables as references
from mimo_magics.notebook.completion.choices import Choices, Found
from mimo_magics.notebook.completion.lines import CELLS, LINES, options, spot
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.tools.registry import REGISTERED_TOOLS

CELL = re.compile(r"\s*%%(\w+)(?:[ \t]([^\n]*))?(?:\n(.*))?", re.DOTALL)
LINE = re.compile(r"\s*(?:[\w.,\[\] ]+=\s*)?%(\w+)[ \t]+(.*)")
FILES = "IPCompleter.file_matcher"
"""What the shell calls its own search for files."""


class Silence(Sequence[SimpleCompletion]):
    """No completions. It says that it has one, as a shell lets nobody be silent for the sake of none."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(())

    def __getitem__(self, _: Any) -> Any:
        raise IndexError


def complete(text: str, choices: Choices) -> Found | None:
    """Return what may stand at the end of a text, which is a cell up to its cursor; `None` where it is not ours."""
    if text.lstrip().startswith("%%"):
        cell = CELL.fullmatch(text)
        return _in_cell(cell, choices) if cell and cell[1] in CELLS else None
    line = LINE.fullmatch(text.rpartition("\n")[2])
    return LINES[line[1]](line[2], choices) if line and line[1] in LINES else None


def _in_cell(cell: re.Match[str], choices: Choices) -> Found | None:
    name, line, body = cell.groups()
    flags = CELLS[name]
    if body is None:
        return None if line is None else _first_line(line, name, choices)
    is_raw = "raw" in spot(f"{line or ''} ", flags).given
    return (None if is_raw else references.found(body, choices.variables)) or Found()


def _first_line(line: str, name: str, choices: Choices) -> Found:
    at = spot(line, CELLS[name])
    return Found() if at.prompt is not None else options(at, CELLS[name], choices)


def matched(
    context: CompletionContext, shell: Any, config: MimoConfig, sessions: Sequence[str]
) -> SimpleMatcherResult:
    """Answer the shell that asks what there is to complete."""
    *before, _ = context.full_text.split("\n")[: context.cursor_line + 1]
    text = "\n".join((*before, context.text_until_cursor))
    choices = Choices(_settings(config), variables(shell), sessions, tuple(REGISTERED_TOOLS))
    found = complete(text, choices)
    return {"completions": [], "suppress": False} if found is None else _result(found)


def _settings(config: MimoConfig) -> Settings:
    """Return the settings, and those that are built in where `%config` has set what cannot be."""
    try:
        return config.snapshot()
    except BadOption:
        return Settings()


def _result(found: Found) -> SimpleMatcherResult:
    completions = [SimpleCompletion(each.text, type=each.kind) for each in found.candidates]
    return {
        "completions": completions or Silence(),
        "matched_fragment": found.fragment,
        "suppress": True,
        "do_not_suppress": {FILES} if found.others == "files" else set(),
        "ordered": True,
    }
