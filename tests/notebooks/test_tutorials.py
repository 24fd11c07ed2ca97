"""The tutorials run the same everywhere: from their tapes, against the embedded model, and by other programs."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from support.paths import ROOT
from support.programs import run_program
from mimo_magics.client.local import weights

FOLDER = ROOT / "notebooks"
TAPES = FOLDER / "tapes"
NOTEBOOKS = [*sorted(FOLDER.glob("*.ipynb")), *sorted((FOLDER / "zh-TW").glob("*.ipynb"))]
ASKED_AGAIN = [path for path in NOTEBOOKS if path.parent == FOLDER and path.stem[:2] in ("00", "01", "03")]
OWN = {name: value for name, value in os.environ.items() if not name.startswith("MIMO_")}
LOCAL = {**OWN, "MIMO_PRESET": "local", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""Without the person's key: a notebook that could ask a real service does not. What it installs is there already."""
ID = re.compile(r"[0-9a-f]{12}")

named = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER).with_suffix(""))
)


def nbval(path: Path, tmp_path: Path, *options: str, tapes: Path = TAPES) -> subprocess.CompletedProcess[str]:
    """Run a notebook under nbval, in a kernel with nothing of the person's own."""
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "-p",
        "no:cacheprovider",
        *options,
        str(path),
    )
    plugin = ("-p", "mimo_magics.testing", "-o", f"mimo_tapes={tapes}", "-W", "error")
    environment = {**LOCAL, "XDG_CONFIG_HOME": str(tmp_path)}  # profiles are kept there
    return run_program((*command, *plugin), env=environment, cwd=ROOT)


def strict(path: Path, tmp_path: Path, tapes: Path = TAPES) -> str:
    options = ("--nbval", "--nbval-sanitize-with", str(FOLDER / "sanitize.cfg"), "--mimo-tape", "replay")
    return nbval(path, tmp_path, *options, tapes=tapes).stdout


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def needs(*models: str) -> None:
    for model in models:
        if not find_spec("xllamacpp") or not weights.get_weights_path(model).exists():
            pytest.skip(f"{model} is not there: pip install 'mimo-magics[local]', make weights weights-tools")


@named
def test_every_output_is_what_the_tape_gives(path: Path, tmp_path: Path) -> None:
    told = strict(path, tmp_path)
    assert f"{len(cells(path))} passed" in told, told


@named
def test_no_cell_is_left_out(path: Path) -> None:
    """Neither by a tag or comment of nbval, nor because it was not run when the notebook was saved."""
    said = json.dumps([(cell["metadata"], cell["source"]) for cell in cells(path)]).lower()
    assert [word for word in ("nbval", "pytest_validate") if word in said] == []
    assert [cell["id"] for cell in cells(path) if cell["execution_count"] is None] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lesson_has_a_picture_exercises_and_what_can_go_wrong(path: Path) -> None:
    """As its twin has, by `test_twins`."""
    told = "\n".join(
        "".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "markdown"
    )
    assert re.findall(r"^!\[[^]]{60,}\]\(img/\w+\.svg\)$", told, re.MULTILINE) != []
    headings = re.findall(r"^## (.*)$", told, re.MULTILINE)
    assert {"What can go wrong", "Exercises"} - {*headings} == set()
    assert "<details><summary>" in told or path.stem[:2] == "05"  # whose exercises are their own answers


@named
def test_errors_are_where_the_lesson_wants_them(path: Path) -> None:
    for cell in cells(path):
        failed = any(output["output_type"] == "error" for output in cell["outputs"])
        assert failed == ("raises-exception" in cell["metadata"].get("tags", [])), cell["id"]


@named
def test_nothing_of_the_machine_or_of_widgets_is_saved(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"/(?:home|root|Users|tmp|work)/|widget-view|widget-state|execution_time", text)
    assert (found, path.read_bytes()[-1:]) == ([], b"\n")


def records(cell: dict[str, Any]) -> list[Any]:
    """What outputs hold beside what they show; ids are new each time."""
    return [json.loads(ID.sub("(id)", json.dumps(output.get("metadata")))) for output in cell["outputs"]]


@named
def test_the_records_in_the_outputs_are_those_of_the_replay(path: Path, tmp_path: Path) -> None:
    """Which nbval does not compare."""
    sys.path.insert(0, str(FOLDER))
    from record import executed

    again = executed(path, f"replay:{TAPES / path.stem}.jsonl")
    now = [records(cell) for cell in again["cells"] if cell["cell_type"] == "code"]
    assert now == [records(cell) for cell in cells(path)]


# What goes wrong is seen


def changed(path: Path, tmp_path: Path, place: int, old: str, new: str) -> Path:
    """Copy a notebook with another word in one of its cells."""
    notebook = read(path)
    source = "".join(notebook["cells"][place]["source"])
    assert old in source
    notebook["cells"][place]["source"] = source.replace(old, new)
    copy = tmp_path / path.name
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    return copy


def place(path: Path, words: str) -> int:
    return next(place for place, cell in enumerate(read(path)["cells"]) if words in "".join(cell["source"]))


def test_a_changed_prompt_fails_its_cell_and_says_what_changed(tmp_path: Path) -> None:
    path = FOLDER / "02_parameters.ipynb"
    at = place(path, "Tell me a long story about a fox.")
    told = strict(changed(path, tmp_path, at, "a fox", "a wolf"), tmp_path)
    assert f"1 failed, {len(cells(path)) - 1} passed" in told, told
    assert (
        "TapeMismatch: 02_parameters.jsonl has no answer to this request: "
        "messages[0].content is «Tell me a long story about a wolf.», recorded was «Tell me a long story about a fox.»."
    ) in re.sub(r"\x1b\[\d+m", "", told)
    assert "To record it: %mimo_tape record" in told


def test_a_changed_output_fails_its_cell(tmp_path: Path) -> None:
    path = FOLDER / "00_first_answer.ipynb"
    text = path.read_text(encoding="utf-8")
    assert text.count("<p>The capital of Japan is Tokyo.</p>") == 1
    copy = tmp_path / path.name
    copy.write_text(
        text.replace("<p>The capital of Japan is Tokyo.</p>", "<p>It is Kyoto.</p>"), encoding="utf-8"
    )
    told = strict(copy, tmp_path)
    assert f"1 failed, {len(cells(path)) - 1} passed" in told, told
    assert "It is Kyoto." in told


def test_a_missing_tape_fails_with_the_command_that_records_it(tmp_path: Path) -> None:
    told = strict(FOLDER / "00_first_answer.ipynb", tmp_path, tapes=tmp_path)
    assert "TapeMismatch" in told
    assert f"To record it: %mimo_tape record {tmp_path}" in told


# Against the model itself, and by other programs


@pytest.mark.parametrize("path", ASKED_AGAIN, ids=lambda path: path.stem)
def test_the_embedded_model_answers_as_the_lesson_wants(path: Path, tmp_path: Path) -> None:
    needs("smollm2-135m", "qwen2.5-coder-0.5b")
    told = nbval(path, tmp_path, "--nbval-lax").stdout
    assert f"{len(cells(path))} passed" in told, told


PROGRAMS = {
    "papermill": ("papermill", "--no-progress-bar", "{path}", "{out}"),
    "nbconvert": ("nbconvert", "--execute", "--to", "notebook", "{path}", "--output", "{out}"),
}


@pytest.mark.parametrize("program", PROGRAMS)
@named
def test_other_programs_run_it(path: Path, program: str, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    words = [word.format(path=path, out=out) for word in PROGRAMS[program]]
    environment = {
        **LOCAL,
        "XDG_CONFIG_HOME": str(tmp_path),
        "MIMO_TAPE": f"replay:{TAPES / path.stem}.jsonl",
    }
    command = [sys.executable, "-m", *words, *(["--cwd", str(path.parent)] if program == "papermill" else [])]
    run = run_program(command, env=environment)
    wanted = any("raises-exception" in cell["metadata"].get("tags", []) for cell in cells(path))
    failed = program == "papermill" and wanted  # for which an error is one at the end, wanted or not
    assert run.returncode == failed, run.stderr
    ran = [cell for cell in cells(out) if "injected-parameters" not in cell["metadata"].get("tags", [])]
    assert list(map(shown, ran)) == list(map(shown, cells(path)))


def shown(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """What a cell displays; what it prints comes in pieces, which not every program puts together."""
    return [output["data"] for output in cell["outputs"] if "data" in output]


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
