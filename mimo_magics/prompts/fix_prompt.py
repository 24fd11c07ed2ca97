"""The prompt for a failed cell: its error, its cells, its variables and a wish of the user."""

from __future__ import annotations

from collections.abc import Sequence

from mimo_magics.context.failure import Failure, render_failure, render_files, render_variables
from mimo_magics.context.notebook_cell import NotebookCell, render_cells
from mimo_magics.core.messages import Part, TextPart
from mimo_magics.core.settings import Settings
from mimo_magics.prompts.prompt_text import fill_prompt, read_prompt_text

FILE_RULE = (
    "You can correct cells, but no files. If the cause lies in a file, name the file and the line to change in the "
    "cause, and repeat the cell that failed without a change.\n\n"
)


def build_fix_prompt(
    failure: Failure, cells: Sequence[NotebookCell], wish: str, settings: Settings
) -> tuple[Part, ...]:
    """Return the parts of the prompt.

    Args:
        failure: the error.
        cells: the cell that failed, then those whose functions it called.
        wish: what the user wants; empty for a plain correction.
        settings: the settings of the turn, of which `share` decides what is sent.

    Raises:
        BadOption: the file of the setting `fix_prompt` cannot be used.
    """
    budget, share = settings.value_budget, settings.share
    variables = tuple(render_variables(failure, cells[0].source, budget, share))
    files = tuple(render_files(failure, share))
    slots: dict[str, Sequence[Part]] = {
        "error": (render_failure(failure, share),),
        "cells": (
            *files,
            *((TextPart(FILE_RULE),) if files else ()),
            *render_cells(cells[::-1], budget, share, accepts_images=False).parts,
        ),
        "variables": (TextPart("Variables where it failed:\n"), *variables) if variables else (),
        "wish": (TextPart(f"The user wants: {wish}\n\n"),) if wish else (),
    }
    return fill_prompt(read_prompt_text("fix", settings.fix_prompt), slots, ("error", "cells"))


def add_repair(prompt: Sequence[Part], code: str, error: str) -> tuple[Part, ...]:
    """Return the prompt followed by a proposal that is not valid, and its syntax error."""
    repair = (
        f"\nYour last proposal was:\n\n```python\n{code}\n```\n\n"
        f"It is not valid Python: {error}. Reply again in the same form, with valid code."
    )
    return (*prompt, TextPart(repair))
