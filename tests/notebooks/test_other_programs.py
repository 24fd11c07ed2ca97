"""papermill and nbconvert reproduce the outputs of the tutorials."""

import sys
from pathlib import Path
from typing import Any

import pytest
from notebooks.lessons import LOCAL, TAPES, cells, named
from support.programs import run_program

PROGRAMS = {
    "papermill": ("papermill", "--no-progress-bar", "{path}", "{out}"),
    "nbconvert": ("nbconvert", "--execute", "--to", "notebook", "{path}", "--output", "{out}"),
}


@pytest.mark.parametrize("program", PROGRAMS)
@named
def test_other_programs_run_the_tutorial(path: Path, program: str, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    words = [word.format(path=path, out=out) for word in PROGRAMS[program]]
    environment = {
        **LOCAL,
        "XDG_CONFIG_HOME": str(tmp_path),
        "MIMO_TAPE": f"replay:{TAPES / path.stem}.jsonl",
    }
    command = [sys.executable, "-m", *words, *(["--cwd", str(path.parent)] if program == "papermill" else [])]
    run = run_program(command, env=environment)
    has_expected_error = any("raises-exception" in cell["metadata"].get("tags", []) for cell in cells(path))
    # papermill fails at the end even if the error is expected.
    failed = program == "papermill" and has_expected_error
    assert run.returncode == failed, run.stderr
    ran = [cell for cell in cells(out) if "injected-parameters" not in cell["metadata"].get("tags", [])]
    assert list(map(shown, ran)) == list(map(shown, cells(path)))


def shown(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the displayed outputs. Printed text is left out: not every program joins its chunks."""
    return [output["data"] for output in cell["outputs"] if "data" in output]
