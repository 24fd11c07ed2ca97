"""Unattended runs: nbclient and nbval get one static output for each reply."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode, v4 as nb
from support.peer import KEY, Peer, obey
from support.programs import run_program

CELLS = ["%load_ext mimo_magics", "%%mimo\nhello", "%mimo and again", "print(_.text)"]
TIMES = "[times]\nregex: first token after .* tokens/s|\\d+\\.\\d s\nreplace: TIMES\n"


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer(obey) as peer:
        yield peer


@pytest.fixture(scope="module")
def environment(peer: Peer) -> dict[str, str]:
    return {**os.environ, "MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1"}


@pytest.fixture(scope="module")
def executed(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    notebook = nb.new_notebook(cells=[nb.new_code_cell(source) for source in CELLS])
    folder = str(tmp_path_factory.mktemp("notebook"))
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": folder}})
    return client.execute(env=environment)


def test_each_reply_is_one_static_output(executed: NotebookNode) -> None:
    outputs = [
        [(output.output_type, sorted(output.get("data", ()))) for output in cell.outputs]
        for cell in executed.cells
    ]
    answer = [("display_data", ["text/html", "text/plain"])]
    assert outputs == [[], answer, answer, [("stream", [])]]


def test_the_notebook_contains_no_widgets(executed: NotebookNode) -> None:
    assert "widgets" not in executed.metadata
    assert "jupyter.widget" not in nbformat.writes(executed)


def test_nbval_reproduces_the_outputs(
    executed: NotebookNode, environment: dict[str, str], tmp_path: Path
) -> None:
    notebook, times = tmp_path / "answers.ipynb", tmp_path / "times.cfg"
    nbformat.write(executed, notebook)
    times.write_text(TIMES, encoding="utf-8")
    options = ["--nbval", f"--nbval-sanitize-with={times}", "-p", "no:cacheprovider", "-q"]
    command = [sys.executable, "-m", "pytest", *options, str(notebook)]
    run = run_program(command, env=environment, cwd=tmp_path)
    assert f"{len(CELLS)} passed" in run.stdout, run.stdout
