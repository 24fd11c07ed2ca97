"""The input transforms that the extension adds to a shell, and the cell that ran before they were added."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from mimo_magics.notebook.kernel.magic_cell import call_cell_magic, drop_lines_above
from mimo_magics.notebook.kernel.magic_line import (
    AutomagicTransform,
    MagicLineTransform,
    create_transformer_manager,
)


class InputTransforms:
    """The transforms of one shell."""

    def __init__(self, shell: Any) -> None:
        self._manager = shell.input_transformer_manager
        self._cleanup = [drop_lines_above, call_cell_magic, AutomagicTransform(shell)]

    def install(self) -> None:
        """Add the transforms before those of IPython."""
        self._manager.cleanup_transforms[:0] = self._cleanup
        self._manager.token_transformers.append(MagicLineTransform)

    def uninstall(self) -> None:
        """Remove the transforms."""
        for transform in self._cleanup:
            self._manager.cleanup_transforms.remove(transform)
        self._manager.token_transformers.remove(MagicLineTransform)


def has_lost_prompts(shell: Any) -> bool:
    """Return whether the running cell was transformed without the extension, and shows help instead of a prompt."""
    raw_cell, transformed_cell = _find_running_cell(shell)
    with suppress(SyntaxError, RuntimeError):
        without, having = (
            set(manager.transform_cell(raw_cell).splitlines())
            for manager in (TransformerManager(), create_transformer_manager())
        )
        return any(line in transformed_cell.splitlines() for line in without - having)
    return False


def _find_running_cell(shell: Any) -> tuple[str, str]:
    """Return the text of the running cell and its transformed text; empty if no cell is running."""
    # The history of the shell has the text as well, but it may be switched off.
    frame = sys._getframe()  # noqa: SLF001
    while back := frame.f_back:
        frame = back
        local = frame.f_locals
        if frame.f_code.co_name == "run_cell_async" and local.get("self") is shell:
            return str(local.get("raw_cell") or ""), str(local.get("transformed_cell") or "")
    return "", ""
