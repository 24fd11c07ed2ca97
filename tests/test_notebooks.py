"""The notebooks run: by nbval against the embedded model, and as `make demo` does it."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mimo_magics import weights

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OWN = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
LOCAL = {**OWN, "MIMO_PRESET": "local"}
"""Without the person's key: a notebook that could ask a real service does not."""


@pytest.fixture(autouse=True)
def _model() -> None:
    if not find_spec("xllamacpp") or not weights.path("smollm2-135m").exists():
        pytest.skip("the embedded model is not there: pip install 'mimo-magics[local]', make weights")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_under_nbval(notebook: Path, tmp_path: Path) -> None:
    larger = "qwen2.5-coder-0.5b"
    if larger in notebook.read_text(encoding="utf-8") and not weights.path(larger).exists():
        pytest.skip(f"{larger} is not there: make weights-tools")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider", str(notebook)]
    environment = {**LOCAL, "XDG_CONFIG_HOME": str(tmp_path)}  # profiles are kept there
    run = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, check=False)
    cells = [
        cell
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    assert f"{len(cells)} passed" in run.stdout, run.stdout


def test_the_demo_prints_the_answers_and_leaves_an_executed_notebook(tmp_path: Path) -> None:
    target = tmp_path / "executed" / "00.ipynb"
    command = [sys.executable, "notebooks/run.py", "notebooks/00_first_answer.ipynb", str(target)]
    run = subprocess.run(command, env=LOCAL, capture_output=True, text=True, cwd=ROOT, check=True)
    assert (
        ">>> %%mimo -t 0\n>>> What is the capital of Japan?\nThe capital of Japan is Tokyo.\n" in run.stdout
    )
    outputs = [
        output
        for cell in json.loads(target.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", ())
    ]
    answers = [output for output in outputs if "mimo" in output.get("metadata", {})]
    assert [answer["metadata"]["mimo"]["api"] for answer in answers] == ["openai", "openai", "anthropic"]
    assert "Tokyo" in "".join(answers[1]["data"]["text/plain"])
    assert str(target) in run.stdout


@pytest.mark.parametrize("block", range(2))
def test_the_python_of_the_readme_runs(block: int) -> None:
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    code = [each.partition("```")[0] for each in blocks][block]
    run = subprocess.run([sys.executable, "-c", code], env=LOCAL, capture_output=True, text=True, check=True)
    assert len(run.stdout) > 20
    assert run.stderr == ""
