"""The tutorials run with the embedded model. The sampled text is not compared."""

import re
import sys
from pathlib import Path

import pytest
from larger_weights import TOOLS_MODEL
from notebooks.lessons import FOLDER, LOCAL, cells, nbval, needs
from support.paths import ROOT
from support.programs import run_program

LESSONS = [
    FOLDER / "00_first_answer.ipynb",
    # The lessons with tools take more than a minute each.
    pytest.param(FOLDER / "01_quick_start.ipynb", marks=pytest.mark.slow),
    pytest.param(FOLDER / "03_tools.ipynb", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_embedded_model_replies_as_the_lesson_expects(path: Path, tmp_path: Path) -> None:
    needs("smollm2-135m", TOOLS_MODEL)
    output = nbval(path, tmp_path, "--nbval-lax").stdout
    assert f"{len(cells(path))} passed" in output, output


def test_the_demo_prints_the_replies_and_saves_the_executed_notebook(tmp_path: Path) -> None:
    needs("smollm2-135m")
    target = tmp_path / "executed" / "00.ipynb"
    command = [sys.executable, "notebooks/run.py", "notebooks/00_first_answer.ipynb", str(target)]
    run = run_program(command, env=LOCAL, cwd=ROOT)
    assert re.search(r">>> %%mimo -t 0\n>>> What is the capital of Japan\?\n(?!>>>).*\w", run.stdout)
    outputs = [output for cell in cells(target) for output in cell["outputs"]]
    replies = [output for output in outputs if "mimo" in output.get("metadata", {})]
    assert {reply["metadata"]["mimo"]["api"] for reply in replies} == {"openai", "anthropic"}
    assert all("".join(reply["data"]["text/plain"]).strip() for reply in replies)
    assert str(target) in run.stdout
