"""The cells that `--context` sends: which ones, in which order, and with which of their outputs.

Two sources know the notebook. The kernel has the cells that it ran, with what they published. The saved notebook has
the order of the cells, and those that this kernel has not run. A cell that ran is taken from the kernel, because the
notebook may have been saved before.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mimo_magics.context.notebook_cell import CellState, NotebookCell
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.notebook.context_option import CellSelection
from mimo_magics.notebook.kernel.cell_recorder import CellRecorder, RecordedCell
from mimo_magics.notebook.kernel.magic_cell import is_own_cell
from mimo_magics.notebook.kernel.parent_message import get_message_id, get_message_part

MAX_NOTEBOOK_BYTES = 200_000_000
"""Size of a notebook file that is read."""


@dataclass(frozen=True, slots=True)
class SelectedCells:
    """The cells for a prompt, in the order of the notebook."""

    cells: tuple[NotebookCell, ...] = ()
    notices: tuple[str, ...] = ()
    """What the user should know about the selection."""


@dataclass(frozen=True, slots=True)
class SavedCell:
    """A cell of the saved notebook, as far as it is valid."""

    id: str
    kind: str
    source: str
    number: int | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class SavedNotebook:
    """A notebook file."""

    cells: tuple[SavedCell, ...] = ()
    saved_at: float = 0.0
    """When it was saved, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class NotebookState:
    """What is known of the notebook when a prompt is sent."""

    runs: tuple[RecordedCell, ...]
    """The cells that the kernel ran, in the order of their runs."""
    values: Mapping[int, Any]
    """The values of cells by their numbers: IPython's `Out`."""
    notebook: SavedNotebook = SavedNotebook()
    cell_id: str = ""
    """The id of the running cell."""

    def select(self, selection: CellSelection) -> SelectedCells:
        """Return the cells that an option selects.

        Raises:
            BadOption: a cell does not exist.
        """
        match selection.kind:
            case "last":
                return SelectedCells(tuple(map(self._from_run, self._latest_runs[-1:])))
            case "errors":
                return SelectedCells(
                    tuple(each for each in map(self._from_run, self._latest_runs) if each.error)
                )
            case "above":
                return self._select_above()
            case "cells":
                return SelectedCells(tuple(map(self._find_number, selection.numbers)))
        return SelectedCells()

    @property
    def _latest_runs(self) -> list[RecordedCell]:
        """The last run of each cell, except of the running one."""
        by_cell = {each.id or f"In [{each.number}]": each for each in self.runs}
        latest = sorted(by_cell.values(), key=lambda each: each.number)
        return [each for each in latest if not self.cell_id or each.id != self.cell_id]

    def _select_above(self) -> SelectedCells:
        ids = [each.id for each in self.notebook.cells]
        if not self.cell_id or self.cell_id not in ids:
            cells = tuple(map(self._from_run, self._latest_runs))
            return SelectedCells(cells, (NO_ORDER_NOTICE,) if self.cell_id else ())
        above = self.notebook.cells[: ids.index(self.cell_id)]
        runs = {each.id: each for each in self._latest_runs}
        unsaved = [each for each in runs.values() if each.id not in ids]
        cells = tuple(self._from_saved(each, runs.get(each.id)) for each in above if _is_sent(each))
        return SelectedCells(cells, (_unsaved_notice(unsaved),) if unsaved else ())

    def _from_run(self, run: RecordedCell) -> NotebookCell:
        """Return a cell that the kernel ran. It is edited if the notebook was saved later with another source."""
        saved = next((each for each in self.notebook.cells if run.id and each.id == run.id), None)
        return self._merge(run, saved) if saved else self._build_cell(run)

    def _from_saved(self, saved: SavedCell, run: RecordedCell | None) -> NotebookCell:
        if run:
            return self._merge(run, saved)
        state: CellState = "earlier kernel" if saved.outputs or saved.number else "not run"
        return NotebookCell(
            saved.source,
            saved.number,
            saved.outputs,
            state="run" if saved.kind != "code" else state,
            is_code=saved.kind == "code",
        )

    def _merge(self, run: RecordedCell, saved: SavedCell) -> NotebookCell:
        """Return a cell with the outputs of its run, and with its source: the saved one if that is newer."""
        cell = self._build_cell(run)
        if saved.source.strip() == run.source.strip() or self.notebook.saved_at <= run.started_at:
            return cell
        return replace(cell, source=saved.source, state="edited")

    def _build_cell(self, run: RecordedCell) -> NotebookCell:
        values = (self.values[run.number],) if run.number in self.values else ()
        state: CellState = "run" if run.is_complete else "value only"
        return NotebookCell(run.source, run.number, tuple(run.outputs), values, state)

    def _find_number(self, number: int) -> NotebookCell:
        """Return the cell with a number of this kernel, or else of the saved notebook."""
        for run in self.runs:
            if run.number == number:
                return self._from_run(run)
        runs = {each.id: each for each in self._latest_runs}
        for saved in self.notebook.cells:
            if saved.number == number and saved.id not in runs and _is_sent(saved):
                return self._from_saved(saved, None)
        known = sorted({each.number for each in self.runs})
        raise BadOption(
            Translatable("There is no cell [{number}] for --context.", number=number),
            Translatable("Available: {names}.", names=_format_ranges(known))
            if known
            else Translatable("Run the cell first."),
        )


NO_ORDER_NOTICE = Translatable(
    "--context: this cell is not in the saved notebook, so the cells that ran before it were sent. "
    "Save the notebook to send the cells above."
)


def _unsaved_notice(runs: Sequence[RecordedCell]) -> str:
    return Translatable(
        "--context: cells that are not in the saved notebook were not sent: {names}. Save the notebook first.",
        names=", ".join(f"[{each.number}]" for each in runs),
    )


def _is_sent(saved: SavedCell) -> bool:
    """Return whether a cell of the notebook is context: text, or code that is no prompt of ours."""
    return bool(saved.source.strip()) and not (saved.kind == "code" and is_own_cell(saved.source))


def _format_ranges(numbers: Sequence[int]) -> str:
    """Return numbers as ranges, such as `1-3, 5`."""
    ranges: list[list[int]] = []
    for each in numbers:
        if ranges and ranges[-1][1] == each - 1:
            ranges[-1][1] = each
        else:
            ranges.append([each, each])
    return ", ".join(f"{low}-{high}" if low != high else str(low) for low, high in ranges)


def read_notebook_state(shell: Any, recorder: CellRecorder, path: Path | None) -> NotebookState:
    """Return what is known of the notebook now.

    Args:
        shell: the shell.
        recorder: the record of the cells that it ran.
        path: the path of the notebook, if it is known.
    """
    notebook = read_saved_notebook(path)
    recorded = recorder.list_cells(get_message_id(shell))
    earlier = tuple(_iter_unrecorded_runs(shell, {each.number for each in recorded}, notebook))
    runs = sorted((*earlier, *recorded), key=lambda each: each.number)
    cell_id = str(get_message_part(shell, "metadata").get("cellId") or "")
    return NotebookState(tuple(runs), shell.user_ns.get("Out") or {}, notebook, cell_id)


def _iter_unrecorded_runs(
    shell: Any, recorded: Collection[int], notebook: SavedNotebook
) -> Iterator[RecordedCell]:
    """Yield the other cells of IPython's history: those that ran before the extension was loaded, or in a terminal.

    Their outputs are those of the saved notebook, if it has the same run, or else the value of the cell and the error.
    """
    saved_runs = {(each.number, each.source.strip()): each for each in notebook.cells}
    # The history has no ids. The first cell with the same source is taken for the one that ran.
    ids = {each.source.strip(): each.id for each in reversed(notebook.cells) if each.kind == "code"}
    history = shell.history_manager
    # The last entry is the running cell.
    for number, source in enumerate(history.input_hist_raw[:-1]):
        if number in recorded or is_own_cell(source):
            continue
        saved = saved_runs.get((number, source.strip()))
        if saved:
            yield RecordedCell(number, saved.id, source, 0.0, [dict(each) for each in saved.outputs])
        else:
            outputs = [*_iter_known_outputs(history, number)]
            cell_id = ids.get(source.strip(), "")
            yield RecordedCell(number, cell_id, source, 0.0, outputs, is_complete=False)


def _iter_known_outputs(history: Any, number: int) -> Iterator[dict[str, Any]]:
    if number in history.output_hist:
        # The text of a value is read from `Out`, unless it is a scalar.
        text = str(getattr(history, "output_hist_reprs", {}).get(number, ""))
        yield {"output_type": "execute_result", "data": {"text/plain": text}}
    # IPython 8 does not store errors.
    if isinstance(error := getattr(history, "exceptions", {}).get(number), dict):
        yield {"output_type": "error", **error}


def read_saved_notebook(path: Path | None) -> SavedNotebook:
    """Return the cells of a notebook file; none if it cannot be read. It is untrusted: what is not valid is left out."""
    with suppress(OSError, ValueError, RecursionError):
        if path and (state := path.stat()).st_size <= MAX_NOTEBOOK_BYTES:
            notebook = json.loads(path.read_bytes())
            return SavedNotebook(tuple(_iter_cells(notebook)), state.st_mtime)
    return SavedNotebook()


def _iter_cells(notebook: object) -> Iterator[SavedCell]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, dict) and cell.get("cell_type") in ("code", "markdown"):
            number, outputs = cell.get("execution_count"), cell.get("outputs")
            yield SavedCell(
                str(cell.get("id") or ""),
                str(cell["cell_type"]),
                _join(cell.get("source")),
                number if isinstance(number, int) else None,
                tuple(_iter_outputs(outputs if isinstance(outputs, list) else ())),
            )


def _iter_outputs(outputs: Iterable[object]) -> Iterator[Mapping[str, Any]]:
    """Yield the outputs, without those that have a record of ours: they are replies of the model."""
    for output in outputs:
        if isinstance(output, dict) and "mimo" not in (output.get("metadata") or {}):
            yield output


def _join(source: object) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(each for each in lines if isinstance(each, str))
