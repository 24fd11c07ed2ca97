"""Where a cell runs, and what is chosen there to show a reply."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher, DisplayPublisher

from mimo_magics.core.events import Approval
from mimo_magics.core.renderer_protocol import CellControl
from mimo_magics.core.settings import Settings
from mimo_magics.display.final import FinalRenderer, SilentRenderer
from mimo_magics.display.live.live_renderer import LiveRenderer
from mimo_magics.display.rich_terminal import RichTerminalRenderer
from mimo_magics.display.selection import choose_renderer
from mimo_magics.display.static import StaticRenderer
from mimo_magics.display.terminal import TerminalRenderer
from mimo_magics.notebook.kernel.async_cell import get_display_target


def shell(*, stdin: bool | None = True, cell: str | None = "id", captured: bool = False) -> Any:
    """A shell whose kernel got a cell from a front end; `stdin=None`: a shell without a kernel."""
    metadata = {} if cell is None else {"cellId": cell}
    parent = {"content": {"allow_stdin": stdin}, "metadata": metadata}
    kernel = None if stdin is None else SimpleNamespace(get_parent=lambda: parent)
    publisher = CapturingDisplayPublisher() if captured else DisplayPublisher()
    return SimpleNamespace(kernel=kernel, display_pub=publisher)


VS_CODE = "vscode-notebook-cell:/a.ipynb#W0sZmlsZQ%3D%3D"


@pytest.mark.parametrize(
    ("running", "told"),
    [
        (shell(), "front end"),
        (shell(cell=VS_CODE), "front end"),
        (shell(stdin=False), "unattended"),
        (shell(stdin=False, cell=None), "unattended"),
        (shell(captured=True), "unattended"),
        (shell(cell=None), "terminal"),
        (shell(stdin=None), "terminal"),
    ],
    ids=["JupyterLab", "VS Code", "papermill", "nbclient", "%%capture", "jupyter console", "IPython"],
)
def test_the_place_of_a_cell_is_told_by_its_front_end(running: Any, told: str) -> None:
    assert get_display_target(running) == told


def test_colab_is_a_notebook_though_it_names_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert get_display_target(shell(cell=None)) == "front end"


class Running:
    """A cell that awaits."""

    def stop(self) -> None: ...

    def insert(self, code: str) -> None: ...

    def approve(self, id_: str, approval: Approval) -> None: ...


@pytest.mark.parametrize(
    ("where", "settings", "cell", "renderer"),
    [
        ("front end", Settings(), Running(), LiveRenderer),
        ("front end", Settings(), None, StaticRenderer),
        ("front end", Settings(live=False), Running(), StaticRenderer),
        ("front end", Settings(quiet=True), Running(), SilentRenderer),
        ("unattended", Settings(), Running(), FinalRenderer),
        ("terminal", Settings(), None, TerminalRenderer),
        ("terminal", Settings(quiet=True), None, SilentRenderer),
    ],
)
def test_each_place_has_its_renderer(
    where: Any, settings: Settings, cell: CellControl | None, renderer: type
) -> None:
    assert type(choose_renderer(where, settings, cell)) is renderer


def test_a_terminal_is_laid_out_where_rich_can_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert type(choose_renderer("terminal", Settings())) is RichTerminalRenderer
    monkeypatch.setenv("TERM", "dumb")
    assert type(choose_renderer("terminal", Settings())) is TerminalRenderer
