"""The id of the running cell, and the ids of deleted cells, as front ends report them."""

from types import SimpleNamespace
from typing import Any

from IPython.core.events import EventManager

from mimo_magics.notebook.kernel.cell_ids import CellIds


class Shell:
    """The parts of a shell that `CellIds` uses; `runs` stands for a message of a front end."""

    def __init__(self, *, kernel: bool = True) -> None:
        self.events = EventManager(self, {"pre_run_cell": lambda info: None})  # type: ignore[no-untyped-call]
        self.message: dict[str, Any] = {}
        if kernel:
            self.kernel = SimpleNamespace(get_parent=lambda: self.message)

    def runs(self, number: int, **metadata: object) -> None:
        self.message = {"header": {"msg_id": str(number)}, "metadata": metadata}
        self.events.trigger("pre_run_cell", None)  # type: ignore[no-untyped-call]


def followed(shell: Shell) -> CellIds:
    cells = CellIds(shell)
    cells.install()
    return cells


def test_the_front_end_reports_the_running_cell() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a")
    assert cells.id == "a"
    shell.runs(2)
    assert cells.id == ""


def test_there_is_no_cell_id_without_a_kernel() -> None:
    assert followed(Shell(kernel=False)).id == ""


def test_deleted_cells_are_collected_until_they_are_taken() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a", deletedCells=["b"])
    shell.runs(2, cellId="a", deletedCells=["c"])
    assert cells.take_deleted() == {"b", "c"}
    assert cells.take_deleted() == set()


def test_a_deleted_cell_that_runs_again_is_not_deleted() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a", deletedCells=["b"])
    shell.runs(2, cellId="b", deletedCells=[])
    assert cells.take_deleted() == set()


def test_a_second_prompt_of_a_cell_is_recognized_by_session() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a")
    cells.record_prompt("main", "a")
    assert cells.has_sent_prompt("main", "a")
    assert not cells.has_sent_prompt("other", "a")
    shell.runs(1, cellId="a")  # a program runs a cell inside of it
    assert cells.has_sent_prompt("main", "a")
    shell.runs(2, cellId="a")
    assert not cells.has_sent_prompt("main", "a")


def test_uninstall_removes_the_callback() -> None:
    shell = Shell()
    cells = followed(shell)
    cells.uninstall()
    shell.runs(1, cellId="a", deletedCells=["b"])
    assert cells.take_deleted() == set()
