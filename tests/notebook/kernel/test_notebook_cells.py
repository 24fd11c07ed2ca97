"""The cells that `--context` selects, from the kernel and from the saved notebook."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mimo_magics.context.notebook_cell import NotebookCell
from mimo_magics.core.errors import BadOption
from mimo_magics.notebook.context_option import CellSelection, parse_selection
from mimo_magics.notebook.kernel.cell_recorder import CellRecorder, RecordedCell
from mimo_magics.notebook.kernel.notebook_cells import (
    NO_ORDER_NOTICE,
    NotebookState,
    SavedCell,
    SavedNotebook,
    read_notebook_state,
    read_saved_notebook,
)

ERROR = {"output_type": "error", "ename": "ValueError", "traceback": []}
PRINTED = {"output_type": "stream", "name": "stdout", "text": "x"}


def run(number: int, cell: str = "", source: str = "", *outputs: Any) -> RecordedCell:
    return RecordedCell(number, cell or f"id{number}", source or f"x{number}", 100.0 + number, list(outputs))


def saved(cell: str, source: str, number: int | None = None, *outputs: Any) -> SavedCell:
    return SavedCell(cell, "code", source, number, outputs)


def selected(state: NotebookState, option: str) -> tuple[NotebookCell, ...]:
    return state.select(parse_selection(option)).cells


RUNS = (run(1), run(2, "", "", ERROR), run(3), run(4, "id2", "x2 again"), run(5, "", "", ERROR))


def test_last_is_the_last_run() -> None:
    assert selected(NotebookState(RUNS, {5: "value"}), "last") == (
        NotebookCell("x5", 5, (ERROR,), ("value",)),
    )
    assert selected(NotebookState((), {}), "last") == ()
    assert selected(NotebookState(RUNS, {}, cell_id="id5"), "last") == (NotebookCell("x2 again", 4),)


def test_errors_are_the_cells_whose_last_run_failed() -> None:
    assert selected(NotebookState(RUNS, {}), "errors") == (NotebookCell("x5", 5, (ERROR,)),)


def test_numbers_select_runs_also_older_ones() -> None:
    assert selected(NotebookState(RUNS, {}), "cells=1-2,4") == (
        NotebookCell("x1", 1),
        NotebookCell("x2", 2, (ERROR,)),
        NotebookCell("x2 again", 4),
    )


def test_a_number_of_an_earlier_kernel_is_read_from_the_notebook() -> None:
    notebook = SavedNotebook((saved("a", "old", 7, PRINTED),), 50.0)
    assert selected(NotebookState((), {}, notebook), "cells=7") == (
        NotebookCell("old", 7, (PRINTED,), state="earlier kernel"),
    )


@pytest.mark.parametrize(
    ("runs", "hint"),
    [(RUNS, "Available: 1-5."), ((run(1), run(3)), "Available: 1, 3."), ((), "Run the cell first.")],
)
def test_an_unknown_number_is_an_error(runs: tuple[RecordedCell, ...], hint: str) -> None:
    with pytest.raises(BadOption) as error:
        NotebookState(runs, {}).select(CellSelection("cells", (9,)))
    assert (str(error.value), error.value.hint) == ("There is no cell [9] for --context.", hint)


def test_above_follows_the_order_of_the_notebook() -> None:
    notebook = SavedNotebook(
        (
            SavedCell("t", "markdown", "# Title"),
            saved("id3", "x3", 3),
            saved("id1", "x1", 1),
            saved("never", "later()"),
            saved("old", "old()", 9, PRINTED),
            saved("p", "%%mimo\nhi", 8),
            saved("blank", " \n"),
            saved("here", "%%mimo --context above\nhi"),
            saved("id5", "x5", 5),
        ),
        50.0,
    )
    cells = NotebookState((run(1), run(3), run(5)), {}, notebook, "here").select(CellSelection("above"))
    assert cells.cells == (
        NotebookCell("# Title", is_code=False),
        NotebookCell("x3", 3),
        NotebookCell("x1", 1),
        NotebookCell("later()", state="not run"),
        NotebookCell("old()", 9, (PRINTED,), state="earlier kernel"),
    )
    assert cells.notices == ()


def test_a_cell_that_was_edited_and_saved_since_its_run_is_marked() -> None:
    edited = (saved("id1", "x1 new", 1), saved("here", "%%mimo"))
    newer = NotebookState((run(1),), {}, SavedNotebook(edited, 200.0), "here")
    assert selected(newer, "above") == (NotebookCell("x1 new", 1, state="edited"),)
    assert selected(newer, "last") == (NotebookCell("x1 new", 1, state="edited"),)


def test_a_notebook_that_was_saved_before_the_run_does_not_change_the_cell() -> None:
    older = SavedNotebook((saved("id1", "x1 old", 1), saved("here", "%%mimo")), 50.0)
    assert selected(NotebookState((run(1),), {}, older, "here"), "above") == (NotebookCell("x1", 1),)


def test_cells_that_are_not_saved_yet_are_named() -> None:
    notebook = SavedNotebook((saved("id1", "x1", 1), saved("here", "%%mimo")), 50.0)
    cells = NotebookState((run(1), run(2), run(3)), {}, notebook, "here").select(CellSelection("above"))
    assert cells.cells == (NotebookCell("x1", 1),)
    assert cells.notices == (
        "--context: cells that are not in the saved notebook were not sent: [2], [3]. Save the notebook first.",
    )


@pytest.mark.parametrize(("cell", "notices"), [("here", (NO_ORDER_NOTICE,)), ("", ())])
def test_without_a_notebook_the_cells_that_ran_before_are_above(cell: str, notices: tuple[str, ...]) -> None:
    cells = NotebookState((run(1), run(2)), {}, cell_id=cell).select(CellSelection("above"))
    assert cells.cells == (NotebookCell("x1", 1), NotebookCell("x2", 2))
    assert cells.notices == notices


def test_none_selects_nothing() -> None:
    assert selected(NotebookState(RUNS, {}), "none") == ()


# The saved notebook


def test_a_notebook_is_read_without_replies_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    reply = {"output_type": "display_data", "data": {}, "metadata": {"mimo": {}}}
    cells = [
        {"cell_type": "markdown", "id": "t", "source": ["# A\n", "b"]},
        {"cell_type": "raw", "id": "r", "source": "x"},
        {"cell_type": "code", "id": "c", "source": "1", "execution_count": 2, "outputs": [PRINTED, reply, 5]},
        {"cell_type": "code", "source": 5, "execution_count": "x", "outputs": None},
        "not a cell",
    ]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert read_saved_notebook(path) == SavedNotebook(
        (
            SavedCell("t", "markdown", "# A\nb"),
            SavedCell("c", "code", "1", 2, (PRINTED,)),
            SavedCell("", "code", ""),
        ),
        path.stat().st_mtime,
    )


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '{"cells": {}}', "[" * 9_999])
def test_a_file_that_is_no_notebook_has_no_cells(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text, encoding="utf-8")
    assert read_saved_notebook(path).cells == ()
    assert read_saved_notebook(tmp_path / "missing.ipynb") == SavedNotebook()
    assert read_saved_notebook(None) == SavedNotebook()


# The history of IPython


def shell(**history: Any) -> Any:
    known = {"input_hist_raw": ["", "x = 1", "x", "%%mimo\nhi", "f()", "running"], "output_hist": {2: 1}}
    return SimpleNamespace(history_manager=SimpleNamespace(**known | history), user_ns={"Out": {2: 1}})


def test_the_history_of_the_shell_has_the_cells_that_were_not_recorded() -> None:
    error = {"ename": "E", "traceback": ["t"]}
    it = shell(output_hist_reprs={2: "1"}, exceptions={4: error})
    assert selected(read_notebook_state(it, CellRecorder(it), None), "above") == (
        NotebookCell("x = 1", 1, state="value only"),
        NotebookCell(
            "x", 2, ({"output_type": "execute_result", "data": {"text/plain": "1"}},), (1,), "value only"
        ),
        NotebookCell("f()", 4, ({"output_type": "error", **error},), state="value only"),
    )


def test_a_cell_that_ran_before_the_extension_was_loaded_is_found_by_its_source(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    sources = {
        "text": ("markdown", "x"),
        "b": ("code", "x"),
        "a": ("code", "x = 1\n"),
        "c": ("code", "other"),
    }
    cells = [{"cell_type": kind, "id": id_, "source": it} for id_, (kind, it) in sources.items()]
    prompt = {"cell_type": "code", "id": "here", "source": "%%mimo --context above\nhi"}
    path.write_text(json.dumps({"cells": [*cells, prompt]}), encoding="utf-8")
    it = shell(input_hist_raw=["", "x = 1", "x", "running"])
    state = replace(read_notebook_state(it, CellRecorder(it), path), cell_id="here")
    sent = state.select(CellSelection("above"))
    assert [(each.number, each.source.strip(), each.state) for each in sent.cells] == [
        (None, "x", "run"),
        (2, "x", "value only"),
        (1, "x = 1", "value only"),
        (None, "other", "not run"),
    ]
    assert sent.notices == ()


def test_the_history_of_an_older_shell_has_no_errors() -> None:
    assert len(selected(read_notebook_state(shell(), CellRecorder(shell()), None), "above")) == 3


def test_a_saved_run_that_was_not_recorded_has_its_saved_outputs(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "id": "c", "source": "x = 1", "execution_count": 1, "outputs": [PRINTED]}
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    state = read_notebook_state(shell(), CellRecorder(shell()), path)
    assert selected(state, "cells=1") == (NotebookCell("x = 1", 1, (PRINTED,)),)
