"""Async cells, display targets, and the renderer of each target."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher, DisplayPublisher
from support.kernel import Kernel
from support.peer import Answer, Peer, Seen, frames

from mimo_magics.core.events import Approval
from mimo_magics.core.renderer_protocol import CellControl, SilentRenderer
from mimo_magics.core.settings import Settings
from mimo_magics.display.final import FinalRenderer
from mimo_magics.display.live.live_renderer import LiveRenderer
from mimo_magics.display.rich_terminal import RichTerminalRenderer
from mimo_magics.display.selection import choose_renderer
from mimo_magics.display.static import StaticRenderer
from mimo_magics.display.terminal import TerminalRenderer
from mimo_magics.notebook.kernel.async_cell import AsyncCellTransform, get_display_target
from mimo_magics.notebook.kernel.cell_ids import CellIds
from mimo_magics.notebook.kernel.parent_message import get_message_id


def shell(*, stdin: bool | None = True, cell: str | None = "id", captured: bool = False) -> Any:
    """Return a shell whose kernel received a cell from a front end; `stdin=None` is a shell without a kernel."""
    metadata = {} if cell is None else {"cellId": cell}
    parent = {"content": {"allow_stdin": stdin}, "metadata": metadata}
    kernel = None if stdin is None else SimpleNamespace(get_parent=lambda: parent)
    publisher = CapturingDisplayPublisher() if captured else DisplayPublisher()
    return SimpleNamespace(kernel=kernel, display_pub=publisher)


VS_CODE = "vscode-notebook-cell:/a.ipynb#W0sZmlsZQ%3D%3D"


@pytest.mark.parametrize(
    ("running", "target"),
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
def test_the_message_of_the_front_end_determines_the_display_target(running: Any, target: str) -> None:
    assert get_display_target(running) == target


@pytest.mark.parametrize(
    ("session_name", "target"),
    [("/n/talk.ipynb", "front end"), ("/n/console-1", "terminal"), ("", "terminal")],
)
def test_a_kernel_that_was_started_for_a_notebook_has_a_front_end(
    monkeypatch: pytest.MonkeyPatch, session_name: str, target: str
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", session_name)
    assert get_display_target(shell(cell=None)) == target


@pytest.mark.parametrize(
    "parent",
    [None, {}, [], {"content": None, "metadata": None, "header": None}, {"content": [], "metadata": 7}],
    ids=repr,
)
def test_a_kernel_without_a_message_is_unattended(parent: object) -> None:
    running = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: parent), display_pub=None)
    assert get_display_target(running) == "unattended"
    assert (CellIds(running).id, get_message_id(running)) == ("", "")
    running.kernel = SimpleNamespace()
    assert get_display_target(running) == "unattended"


async def dispatch(message: object, *, concurrent: bool = False) -> None: ...


def kernel_of(version: str) -> dict[str, object]:
    """Return the attributes of a kernel that async cells use."""
    parts: dict[str, object] = {
        "dispatch_shell": dispatch,
        "get_parent": lambda channel=None: {},
        "_publish_status": lambda *_: None,
    }
    if version == "6.31":
        parts |= dict.fromkeys(("msg_queue", "session", "_parent_ident", "saved_sigint_handler"), object())
        parts |= {"set_parent": lambda *_: None}
    return parts


def runner(_: object) -> None: ...


def shell_of(version: str, *, without: str = "", **changes: object) -> Any:
    """Return a shell in a kernel, of which one part is missing or different."""
    kernel = {name: part for name, part in kernel_of(version).items() if name != without}
    parts: dict[str, object] = {
        "loop_runner_map": {"asyncio": (runner, True)},
        "loop_runner": runner,
        "autoawait": True,
        "kernel": SimpleNamespace(**kernel),
    }
    return SimpleNamespace(
        **{name: part for name, part in (parts | changes).items() if name != without},
    )


CELL = "get_ipython().run_cell_magic('mimo', '', 'Hello\\n')\n"
KERNEL_VERSIONS = ("6.31", "7.4")


def is_awaited(running: Any) -> bool:
    """Return whether the transform of this shell makes a cell async."""
    running.should_run_async = lambda _, **__: False
    running.ast_transformers = []
    transform = AsyncCellTransform(running)
    transform.install()
    says_so = running.should_run_async(CELL, transformed_cell=CELL)
    (visitor,) = running.ast_transformers
    return bool(says_so and "await " in ast.unparse(visitor.visit(ast.parse(CELL))))


@pytest.mark.parametrize("version", KERNEL_VERSIONS)
def test_a_cell_is_awaited_in_a_kernel_that_has_all_parts(version: str) -> None:
    assert is_awaited(shell_of(version))


@pytest.mark.parametrize(
    ("version", "part"),
    [
        (version, part)
        for version in KERNEL_VERSIONS
        for part in (*kernel_of(version), "loop_runner_map", "loop_runner", "autoawait", "kernel")
        if part != "msg_queue"
    ],
)
def test_a_cell_is_synchronous_in_a_kernel_that_lacks_a_part(version: str, part: str) -> None:
    assert not is_awaited(shell_of(version, without=part))


@pytest.mark.parametrize(
    "changes",
    [
        {"loop_runner_map": None, "loop_runner": None},
        {"loop_runner_map": {}, "loop_runner": None},
        {"loop_runner_map": {"asyncio": (None, True)}, "loop_runner": None},
        {"autoawait": False},
        {"kernel": None},
        {"kernel": SimpleNamespace()},
        {"kernel": SimpleNamespace(dispatch_shell=None)},
        {"kernel": SimpleNamespace(dispatch_shell=7)},
    ],
    ids=repr,
)
def test_a_cell_is_synchronous_in_a_kernel_of_another_kind(changes: dict[str, object]) -> None:
    assert not is_awaited(shell_of("7.4", **changes))


class Running:
    """An async cell."""

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
def test_each_display_target_has_its_renderer(
    where: Any, settings: Settings, cell: CellControl | None, renderer: type
) -> None:
    assert type(choose_renderer(where, settings, cell)) is renderer


def test_a_terminal_uses_rich_if_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert type(choose_renderer("terminal", Settings())) is RichTerminalRenderer
    monkeypatch.setenv("TERM", "dumb")
    assert type(choose_renderer("terminal", Settings())) is TerminalRenderer


def test_other_tasks_run_while_a_cell_is_awaited_and_not_while_it_is_synchronous(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    """The task counts its runs; the server reads the count while it sends the reply."""
    counted = tmp_path / "beats"
    counted.write_text("")
    kernel.run(
        f"import asyncio\nasync def beat():\n    while True:\n        with open({str(counted)!r}, 'a') as file:\n"
        "            file.write('.')\n        await asyncio.sleep(0.01)\ntask = asyncio.create_task(beat())"
    )

    def beats() -> int:
        return len(counted.read_text())

    def until_it_ran(seen: Seen) -> Answer:
        before = beats()
        return Answer(frames(seen, ["a"], lambda: beats() > before + 15))

    stood_still: list[bool] = []

    def while_it_stands_still(seen: Seen) -> Answer:
        before = beats()
        return Answer(frames(seen, ["a"] * 20, lambda: stood_still.append(beats() == before) or True))

    peer.answers(until_it_ran, while_it_stands_still)
    assert kernel.run("%%mimo\nhello").documents == ["a"]
    assert kernel.run("%mimo hello").documents == ["a" * 20]
    assert stood_still == [True] * 20
    kernel.run("task.cancel()")


def test_lines_that_look_like_a_magic_are_text_elsewhere(kernel: Kernel, peer: Peer) -> None:
    line = "%mimo How are you?"
    kernel.run(f"%%writefile note.txt\n{line}\n")
    assert kernel.run("print(open('note.txt').read(), end='')").text == f"{line}\n"
    assert kernel.run(f"x = '''\n{line}\n'''\nprint(x)").text == f"\n{line}\n\n"
    kernel.run(f"%%mimo --no-history\nExplain:\n{line}")
    assert peer.requests[-1].body["messages"][-1]["content"] == f"Explain:\n{line}"
    kernel.run(f"# it's a comment with ''' in it\n{line}")
    assert peer.requests[-1].body["messages"][-1]["content"] == "How are you?"


def test_the_history_contains_a_call_that_runs_anywhere(kernel: Kernel, peer: Peer) -> None:
    call = "get_ipython().run_cell_magic('mimo', '--no-history', '>>> hi\\n')"
    assert kernel.run("%%mimo --no-history\n>>> hi").documents == ["You said: >>> hi"]
    number = kernel.run("len(In) - 2").documents[0]
    assert kernel.run(f"print(In[{number}])").text == f"{call}\n"
    for line in (
        f"%save -f talk.py {number}",
        "%run talk.py",
        f"%save -f talk.ipy {number}",
        "%run talk.ipy",
        f"exec(In[{number}])",
        f"done = get_ipython().run_cell(In[{number}])",
        f"%macro -q again {number}",
        "again",
        f"%rerun {number}",
        call,
    ):
        assert (line, kernel.run(line).error) == (line, [])
    assert [seen.body["messages"][-1]["content"] for seen in peer.requests] == [">>> hi"] * 8
    assert call in kernel.run(f"%history -t {number}").text


def test_only_a_cell_without_other_statements_is_awaited(kernel: Kernel) -> None:
    call = "get_ipython().run_cell_magic('mimo', '-q', 'hi')"
    assert kernel.run(f"{call}.text").documents == ["'You said: hi'"]
    assert kernel.run(f"{call}\nprint(1)").text == "1\n"
    assert "SyntaxError" in kernel.run(f"{call}(\0").error[-1]
    assert kernel.run("%%mimo").text.startswith("UsageError: %%mimo is a cell magic")
