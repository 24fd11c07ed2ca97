"""The failed cell that `%mimo_fix` corrects: its error, its source, and the cells whose functions it called."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mimo_magics.context.cell_output import read_text
from mimo_magics.context.failure import Failure, describe_failure
from mimo_magics.context.notebook_cell import NotebookCell
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.notebook.context_option import CellSelection
from mimo_magics.notebook.kernel.last_error import LastError, locate_last_error
from mimo_magics.notebook.kernel.magic_cell import is_own_cell
from mimo_magics.notebook.kernel.notebook_cells import NotebookState

CELL_NAME_PATTERN = re.compile(r"In\[(\d+)\]")
"""How IPython names a cell in a traceback."""
MAX_CELLS = 10
"""Cells that are sent."""


@dataclass(frozen=True, slots=True)
class FailedCell:
    """A failed cell."""

    failure: Failure
    cells: tuple[NotebookCell, ...]
    """The cell that failed, then those whose functions it called."""

    @property
    def number(self) -> int:
        """The number between brackets beside the cell that failed."""
        return self.cells[0].number or 0


def find_failed_cell(shell: Any, number: int | None, state: NotebookState) -> FailedCell:
    """Return the cell that failed last, or the one with a number.

    Args:
        shell: the shell.
        number: number of the cell; `None` for the one that failed last.
        state: the cells of the notebook, for an error that is not the last one.

    Raises:
        BadOption: there is no such cell, or it did not fail.
    """
    failure = _read_last_failure(shell, state)
    if failure and number in (None, failure.cells[0]):
        return _collect(shell, failure)
    if number is None:
        raise BadOption(
            Translatable("No cell has failed yet."),
            Translatable("Run the cell first, or write the number of a cell that failed: %mimo_fix 3"),
        )
    if number not in range(1, len(shell.history_manager.input_hist_raw) - 1):
        raise BadOption(
            Translatable("There is no cell [{number}].", number=number), Translatable("Run the cell first.")
        )
    return _collect(shell, _read_failure(number, state))


def _read_last_failure(shell: Any, state: NotebookState) -> Failure | None:
    """Return the failure of the cell that failed last; `None` without an error, or if its cell is unknown."""
    last = locate_last_error(shell)
    if last is None:
        return None
    failure = describe_failure(last.error, lambda file: _find_cell_number(shell, file, last))
    numbers = (last.cell,) if last.cell else failure.cells or _find_last_failed(state)
    return replace(failure, cells=tuple(dict.fromkeys((*numbers, *failure.cells)))) if numbers else None


def _find_cell_number(shell: Any, file: str, last: LastError) -> int | None:
    """Return the number of the cell that IPython compiled under a file name."""
    label = shell.compile.format_code_name(file)
    match = CELL_NAME_PATTERN.search(label[1]) if label else None
    if match is None:
        return None
    number, sources = int(match[1]), shell.history_manager.input_hist_parsed
    is_later = last.cell is not None and number > last.cell
    if is_later and (number >= len(sources) or sources[number] != "".join(linecache.getlines(file))):
        # IPython runs the body of a cell magic such as %%capture under the number of the next cell.
        return last.cell
    return number


def _find_last_failed(state: NotebookState) -> tuple[int, ...]:
    """Return the number of the last cell with an error in its output, for an error without a place in a cell."""
    failed = state.select(CellSelection("errors")).cells
    return tuple(each.number for each in failed[-1:] if each.number is not None)


def _read_failure(number: int, state: NotebookState) -> Failure:
    """Return the failure of an earlier cell as its output shows it.

    Raises:
        BadOption: there is no such cell, or it did not fail.
    """
    (cell,) = state.select(CellSelection("cells", (number,))).cells
    if not cell.error:
        raise BadOption(
            Translatable("Cell [{number}] did not fail.", number=number),
            Translatable("Write what you want below %%mimo_fix, or send the cell with --context."),
        )
    text = "\n".join(read_text(each) for each in cell.outputs if each.get("output_type") == "error")
    called = dict.fromkeys(int(each) for each in CELL_NAME_PATTERN.findall(text) if int(each) != number)
    return Failure(cell.error, text, (number, *called), cell.error)


def _collect(shell: Any, failure: Failure) -> FailedCell:
    """Return a failure with the sources of its cells.

    Raises:
        BadOption: the cell is a prompt of ours.
    """
    cells = tuple(_iter_cells(shell.history_manager.input_hist_raw, failure.cells))
    if not cells:
        raise BadOption(
            Translatable("Cell [{number}] is not in the history of the kernel.", number=failure.cells[0]),
            Translatable("Run it again."),
        )
    if is_own_cell(cells[0].source):
        raise BadOption(
            Translatable("Cell [{number}] is a prompt, not code.", number=cells[0].number),
            Translatable("Change the prompt, and run the cell again."),
        )
    return FailedCell(failure, cells[:MAX_CELLS])


def _iter_cells(sources: list[str], numbers: Iterable[int]) -> Iterable[NotebookCell]:
    for number in numbers:
        if 0 < number < len(sources):
            yield NotebookCell(sources[number], number)
