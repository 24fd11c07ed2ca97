"""Sessions in notebooks that nbclient, nbconvert and papermill run without cell ids, and that are read back."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser.lab import clean
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4 as nb
from support.peer import KEY, Peer, obey
from support.programs import run_program
from support.session_requests import expected_contents, expected_requests, notice_lines, sent_contents

from mimo_magics import Session

LOAD = "%load_ext mimo_magics"
CITY = 'city = "Tokyo"'
LOOP = "for word in {}:\n    get_ipython().run_cell_magic('mimo', '{}', word)"
CELLS = [LOAD, CITY, "%%mimo\none", "%%mimo\n{city}", LOOP.format(("two", "three"), "")]
REUSED = r"Reused the reply of \d{4}-\d\d-\d\d \(request unchanged\)\. Use --fresh to call the model again\."
SPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}

Runner = Callable[..., NotebookNode]


def environment(peer: Peer, **settings: object) -> dict[str, str]:
    ours = {f"MIMO_{name.upper()}": str(value) for name, value in settings.items()}
    fixed = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1", "MIMO_SYSTEM": "none"}
    return {**clean(os.environ), **fixed, **ours}


def nbclient(source: Path, target: Path, env: dict[str, str]) -> None:
    notebook = nbformat.read(source, 4)
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(source.parent)}})
    nbformat.write(client.execute(env=env), target)


def nbconvert(source: Path, target: Path, env: dict[str, str]) -> None:
    program(env, "jupyter", "nbconvert", "--to", "notebook", "--execute", source, "--output", target)


def papermill(source: Path, target: Path, env: dict[str, str], *options: str) -> None:
    program(env, "papermill", source, target, *options)


def program(env: dict[str, str], *words: object) -> None:
    run = run_program([sys.executable, "-m", *words], env=env)
    assert run.returncode == 0, run.stderr


RUNNERS = [nbclient, nbconvert, papermill]


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


def write(path: Path, *cells: str) -> Path:
    """Write a notebook. The cell with the city has the tag `parameters`."""
    code = [
        nb.new_code_cell(cell, metadata={"tags": ["parameters"]} if cell == CITY else {}) for cell in cells
    ]
    nbformat.write(nb.new_notebook(cells=code, metadata={"kernelspec": SPEC}), path)
    return path


def answers(path: Path) -> list[Any]:
    """Return the outputs of a notebook that are replies."""
    outputs = (output for cell in nbformat.read(path, 4).cells for output in cell.outputs)
    return [output for output in outputs if "mimo" in output.get("metadata", {})]


def prompts_and_replies(session: Session) -> list[tuple[str, str]]:
    return [(turn.prompt.text, turn.reply.text) for turn in session.turns]


def obeyed(prompts: str) -> list[tuple[str, str]]:
    return [(prompt, f"You said: {prompt}") for prompt in prompts.split()]


@pytest.mark.parametrize("run", RUNNERS)
def test_cells_without_ids_add_turns_that_are_read_back_and_reused(
    peer: Peer, tmp_path: Path, run: Runner
) -> None:
    source, once, twice = (
        write(tmp_path / "talk.ipynb", *CELLS),
        tmp_path / "once.ipynb",
        tmp_path / "twice.ipynb",
    )
    run(source, once, environment(peer))
    assert sent_contents(peer) == expected_requests("one Tokyo two three")
    assert list(map(notice_lines, answers(once))) == [[], [], [], []]
    assert prompts_and_replies(Session.from_notebook(once)) == obeyed("one Tokyo two three")
    run(source, twice, environment(peer, run_all="keep", notebook=once))
    assert sent_contents(peer) == []
    lines = [line for output in answers(twice) for line in notice_lines(output)]
    assert [re.fullmatch(REUSED, line) is not None for line in lines] == [True, True, True, True]
    assert prompts_and_replies(Session.from_notebook(twice)) == obeyed("one Tokyo two three")


def test_a_parameter_of_papermill_changes_a_prompt_and_the_later_requests(peer: Peer, tmp_path: Path) -> None:
    source, once, twice = (
        write(tmp_path / "talk.ipynb", *CELLS),
        tmp_path / "once.ipynb",
        tmp_path / "twice.ipynb",
    )
    papermill(source, once, environment(peer), "-p", "city", "Kyoto")
    assert sent_contents(peer) == expected_requests("one Kyoto two three")
    papermill(source, twice, environment(peer, run_all="keep", notebook=once), "-p", "city", "Osaka")
    assert sent_contents(peer) == expected_requests("one Osaka two three")[1:]
    assert prompts_and_replies(Session.from_notebook(twice)) == obeyed("one Osaka two three")


def test_running_a_notebook_again_sends_the_same_requests(peer: Peer, tmp_path: Path) -> None:
    source = write(tmp_path / "talk.ipynb", *CELLS)
    for _ in range(2):
        nbclient(source, source, environment(peer))
    assert sent_contents(peer) == expected_requests("one Tokyo two three") * 2
    assert prompts_and_replies(Session.from_notebook(source)) == obeyed("one Tokyo two three")


def test_turns_of_cells_with_an_id_replace_older_ones(peer: Peer, tmp_path: Path) -> None:
    named, twice = ["%%mimo --id x\n", "--id y"], ("four", "five")
    cells = ["%%mimo\none", f"{named[0]}two", LOOP.format(twice, named[1]), f"{named[0]}two!"]
    source = write(tmp_path / "talk.ipynb", LOAD, *cells, LOOP.format(("four!", "five!"), named[1]))
    nbclient(source, source, environment(peer))
    assert sent_contents(peer) == [
        *expected_requests("one two four five"),
        expected_contents("one two!"),
        *expected_requests("one two! four! five!")[2:],
    ]
    assert list(map(notice_lines, answers(source))) == [
        [],
        [],
        [],
        [],
        [
            "Replaced turn 2. The previous version, with 2 later turns, is branch 4.",
            "To update the later replies, run their cells again: 3 «four», 4 «five».",
        ],
        [],
        [],
    ]
    session = Session.from_notebook(source)
    assert prompts_and_replies(session) == obeyed("one two! four! five!")
    assert [turn.cell for turn in session.turns[1:]] == ["id:x", "id:y", "id:y"]


def test_a_notebook_with_its_own_path_reuses_replies_and_is_saved(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "talk.ipynb"
    config = f"%mimo_config notebook='{path}' autosave=on run_all=keep"
    write(path, LOAD, config, "%%mimo --id x\none", "%%mimo --id y\ntwo")
    for _ in range(2):
        nbclient(path, path, environment(peer))
    assert sent_contents(peer) == expected_requests("one two")
    session = Session.load(tmp_path / "talk.mimo.json")
    assert (
        prompts_and_replies(session) == obeyed("one two") == prompts_and_replies(Session.from_notebook(path))
    )
    assert len(session.branches()) == 1


def test_a_session_is_resumed_in_another_notebook(peer: Peer, tmp_path: Path) -> None:
    once = write(tmp_path / "once.ipynb", LOAD, "%%mimo\none", "%%mimo --id x\ntwo")
    nbclient(once, once, environment(peer))
    sent_contents(peer)
    cells = [LOAD, f"%mimo_session resume '{once}'", "%%mimo\nthree", "%%mimo --id x\ntwo!"]
    twice = write(tmp_path / "twice.ipynb", *cells)
    nbclient(twice, twice, environment(peer))
    assert sent_contents(peer) == [expected_contents("one two three"), expected_contents("one two!")]


def test_an_unknown_notebook_path_is_an_error_before_anything_is_sent(peer: Peer, tmp_path: Path) -> None:
    source = write(tmp_path / "talk.ipynb", LOAD, "%%mimo\none")
    with pytest.raises(CellExecutionError, match=r"Set it: %mimo_config notebook=PATH\.ipynb"):
        nbclient(source, source, environment(peer, autosave="on"))
    assert sent_contents(peer) == []
