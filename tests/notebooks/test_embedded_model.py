"""The tutorials run against the embedded model itself; what it samples is not compared."""

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
    # those with tools take a minute and more each
    pytest.param(FOLDER / "01_quick_start.ipynb", marks=pytest.mark.slow),
    pytest.param(FOLDER / "03_tools.ipynb", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_embedded_model_answers_as_the_lesson_wants(path: Path, tmp_path: Path) -> None:
    needs("smollm2-135m", TOOLS_MODEL)
    told = nbval(path, tmp_path, "--nbval-lax").stdout
    assert f"{len(cells(path))} passed" in told, told


def test_the_demo_prints_the_answers_and_leaves_an_executed_notebook(tmp_path: Path) -> None:
    needs("smollm2-135m")
    target = tmp_path / "executed" / "00.ipynb"
    command = [sys.executable, "notebooks/run.py", "notebooks/00_first_answer.ipynb", str(target)]
    run = run_program(command, env=LOCAL, cwd=ROOT)
    assert re.search(r">>> %%mimo -t 0\n>>> What is the capital of Japan\?\n(?!>>>).*\w", run.stdout)
    outputs = [output for cell in cells(target) for output in cell["outputs"]]
    answers = [output for output in outputs if "mimo" in output.get("metadata", {})]
    assert {answer["metadata"]["mimo"]["api"] for answer in answers} == {"openai", "anthropic"}
    assert all("".join(answer["data"]["text/plain"]).strip() for answer in answers)
    assert str(target) in run.stdout
