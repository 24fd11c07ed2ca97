"""What Tab offers in the cells and lines of the magics, in JupyterLab and in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from IPython.core.completer import SimpleCompletion, SimpleMatcherResult

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.argument_parser import get_user_variables
from mimo_magics.notebook.completion.choices import Choices, CompletionResult
from mimo_magics.notebook.completion.lines import (
    CELL_OPTIONS,
    LINE_COMPLETERS,
    complete_options,
    parse_cursor_context,
)
from mimo_magics.notebook.completion.variables import complete_reference
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.magic_cell import MagicCell, split_magic_cell
from mimo_magics.notebook.kernel.magic_line import split_last_line
from mimo_magics.tools.registry import REGISTERED_TOOLS

FILE_MATCHER = "IPCompleter.file_matcher"
"""What the shell calls its own search for files."""


class EmptyCompletions(Sequence[SimpleCompletion]):
    """No completions. It says that it has one, as a shell lets nobody be silent for the sake of none."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(())

    def __getitem__(self, _: Any) -> Any:
        raise IndexError


def complete(text: str, choices: Choices) -> CompletionResult | None:
    """Return what may stand at the end of a text, which is a cell up to its cursor; `None` where it is not ours."""
    if cell := split_magic_cell(text):
        return _complete_cell(cell, choices) if cell.name in CELL_OPTIONS else None
    name, line = split_last_line(text) or ("", "")
    return LINE_COMPLETERS[name](line, choices) if name in LINE_COMPLETERS else None


def _complete_cell(cell: MagicCell, choices: Choices) -> CompletionResult | None:
    if not cell.has_body:
        return None if cell.line is None else _complete_first_line(cell.line, cell.name, choices)
    is_raw = "raw" in parse_cursor_context(f"{cell.line or ''} ", CELL_OPTIONS[cell.name]).given
    return (None if is_raw else complete_reference(cell.body, choices.variables)) or CompletionResult()


def _complete_first_line(line: str, name: str, choices: Choices) -> CompletionResult:
    cursor_context = parse_cursor_context(line, CELL_OPTIONS[name])
    return (
        CompletionResult()
        if cursor_context.prompt is not None
        else complete_options(cursor_context, CELL_OPTIONS[name], choices)
    )


def match_completions(
    text: str, shell: Any, config: MimoConfig, sessions: Sequence[str]
) -> SimpleMatcherResult:
    """Answer the shell that asks what may stand at the end of a text."""
    choices = Choices(_settings(config), get_user_variables(shell), sessions, tuple(REGISTERED_TOOLS))
    result = complete(text, choices)
    return {"completions": [], "suppress": False} if result is None else _to_matcher_result(result)


def _settings(config: MimoConfig) -> Settings:
    """Return the settings, and those that are built in where `%config` has set what cannot be."""
    try:
        return config.snapshot()
    except BadOption:
        return Settings()


def _to_matcher_result(result: CompletionResult) -> SimpleMatcherResult:
    completions = [SimpleCompletion(each.text, type=each.kind) for each in result.candidates]
    return {
        "completions": completions or EmptyCompletions(),
        "matched_fragment": result.fragment,
        "suppress": True,
        "do_not_suppress": {FILE_MATCHER} if result.fallback == "files" else set(),
        "ordered": True,
    }
