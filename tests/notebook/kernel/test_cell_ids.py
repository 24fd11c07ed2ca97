"""Which cell asks, as front ends tell it, and which cells are gone."""

from types import SimpleNamespace
from typing import Any

from IPython.core.events import EventManager

from mimo_magics.notebook.kernel.cell_ids import CellIds


class Shell:
    """As much of a shell as cells are followed by; `runs` does what a front end's message does."""

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


def test_the_front_end_tells_which_cell_runs() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a")
    assert cells.id == "a"
    shell.runs(2)
    assert cells.id == ""


def test_without_a_kernel_nobody_tells() -> None:
    assert followed(Shell(kernel=False)).id == ""


def test_deleted_cells_are_remembered_until_somebody_asks_for_them() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a", deletedCells=["b"])
    shell.runs(2, cellId="a", deletedCells=["c"])
    assert cells.take_deleted() == {"b", "c"}
    assert cells.take_deleted() == set()


def test_a_deleted_cell_that_runs_is_back() -> None:
    shell = Shell()
    cells = followed(shell)
    shell.runs(1, cellId="a", deletedCells=["b"])
    shell.runs(2, cellId="b", deletedCells=[])
    assert cells.take_deleted() == set()


def test_a_cell_that_asks_twice_in_one_run_is_known_by_session() -> None:
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


def test_nothing_is_left_behind() -> None:
    shell = Shell()
    cells = followed(shell)
    cells.uninstall()
    shell.runs(1, cellId="a", deletedCells=["b"])
    assert cells.take_deleted() == set()
