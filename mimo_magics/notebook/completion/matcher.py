"""The matcher that IPython calls for Tab, in JupyterLab and in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from IPython.core.completer import SimpleCompletion, SimpleMatcherResult

from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Settings
from mimo_magics.notebook.command_table import MAGICS
from mimo_magics.notebook.completion.choices import Choices, CompletionResult
from mimo_magics.notebook.completion.lines import (
    complete_first_line,
    complete_line,
    scan_before_cursor,
)
from mimo_magics.notebook.completion.variables import complete_reference
from mimo_magics.notebook.config.store import MimoConfig
from mimo_magics.notebook.kernel.magic_cell import MagicCell, split_magic_cell
from mimo_magics.notebook.kernel.magic_line import split_last_line
from mimo_magics.notebook.kernel.user_variables import get_user_variables
from mimo_magics.tools.registry import REGISTERED_TOOLS

FILE_MATCHER = "IPCompleter.file_matcher"
"""The identifier of IPython's matcher of file names."""


class EmptyCompletions(Sequence[SimpleCompletion]):
    """No completions, but a length of 1: IPython ignores `suppress` in a result that is empty."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(())

    def __getitem__(self, _: Any) -> Any:
        raise IndexError


def complete(text: str, choices: Choices) -> CompletionResult | None:
    """Return the candidates at the end of a text, which is a cell up to its cursor.

    Return `None` where other matchers complete.
    """
    if cell := split_magic_cell(text):
        return _complete_cell(cell, choices) if f"%%{cell.name}" in MAGICS else None
    name, line = split_last_line(text) or ("", "")
    return complete_line(f"%{name}", line, choices) if f"%{name}" in MAGICS else None


def _complete_cell(cell: MagicCell, choices: Choices) -> CompletionResult | None:
    magic = f"%%{cell.name}"
    if not cell.has_body:
        return None if cell.line is None else complete_first_line(cell.line, magic, choices)
    scan, _ = scan_before_cursor(f"{cell.line or ''} ", magic)
    return (
        None if "raw" in scan.given else complete_reference(cell.body, choices.variables)
    ) or CompletionResult()


def match_completions(
    text: str, shell: Any, config: MimoConfig, sessions: Sequence[str]
) -> SimpleMatcherResult:
    """Return the candidates at the end of a text in the form that IPython expects."""
    choices = Choices(_settings(config), get_user_variables(shell), sessions, tuple(REGISTERED_TOOLS))
    result = complete(text, choices)
    return {"completions": [], "suppress": False} if result is None else _to_matcher_result(result)


def _settings(config: MimoConfig) -> Settings:
    """Return the settings, or the defaults if `%config` has set an invalid value."""
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
