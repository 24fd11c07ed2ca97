"""The tutorials reproduce their outputs from their tapes, and every change is detected."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from notebooks.lessons import FOLDER, ID, TAPES, cells, named, nbval, read


def strict(path: Path, tmp_path: Path, tapes: Path = TAPES) -> str:
    options = ("--nbval", "--nbval-sanitize-with", str(FOLDER / "sanitize.cfg"), "--mimo-tape", "replay")
    return nbval(path, tmp_path, *options, tapes=tapes).stdout


@named
def test_every_output_is_reproduced_from_the_tape(path: Path, tmp_path: Path) -> None:
    output = strict(path, tmp_path)
    assert f"{len(cells(path))} passed" in output, output


@named
def test_every_cell_is_executed(path: Path) -> None:
    text = json.dumps([(cell["metadata"], cell["source"]) for cell in cells(path)]).lower()
    assert [word for word in ("nbval", "pytest_validate") if word in text] == []
    assert [cell["id"] for cell in cells(path) if cell["execution_count"] is None] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lesson_has_a_picture_exercises_and_what_can_go_wrong(path: Path) -> None:
    output = "\n".join(
        "".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "markdown"
    )
    assert re.findall(r"^!\[[^]]{60,}\]\(img/\w+\.svg\)$", output, re.MULTILINE) != []
    headings = re.findall(r"^## (.*)$", output, re.MULTILINE)
    assert {"What can go wrong", "Exercises"} - {*headings} == set()
    # The exercises of lesson 05 need no answers.
    assert "<details><summary>" in output or path.stem[:2] == "05"


@named
def test_the_pictures_of_a_lesson_are_in_the_folder_that_its_server_shows(path: Path) -> None:
    texts = ["".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "markdown"]
    pictures = [name for text in texts for name in re.findall(r"^!\[[^]]+\]\((?!https?:)([^)]+)\)$", text, re.MULTILINE)]
    found = [(path.parent / name).resolve() for name in pictures]
    assert pictures
    assert [each for each in found if not each.is_file() or FOLDER.resolve() not in each.parents] == []


@named
def test_errors_occur_only_where_the_lesson_expects_them(path: Path) -> None:
    for cell in cells(path):
        failed = any(each["output_type"] == "error" for each in cell["outputs"])
        assert failed == ("raises-exception" in cell["metadata"].get("tags", [])), cell["id"]


@named
def test_the_notebook_contains_no_paths_of_the_machine_and_no_widgets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"/(?:home|root|Users|tmp|work)/|widget-view|widget-state|execution_time", text)
    assert (found, path.read_bytes()[-1:]) == ([], b"\n")


def records(cell: dict[str, Any]) -> list[Any]:
    """Return the metadata of the outputs, with placeholders for ids, which differ in each run."""
    return [json.loads(ID.sub("(id)", json.dumps(each.get("metadata")))) for each in cell["outputs"]]


@named
def test_the_turn_records_in_the_outputs_are_those_of_the_replay(path: Path, tmp_path: Path) -> None:
    # nbval does not compare them.
    sys.path.insert(0, str(FOLDER))
    from record import execute

    replayed = execute(path, f"replay:{TAPES / path.stem}.jsonl")
    now = [records(cell) for cell in replayed["cells"] if cell["cell_type"] == "code"]
    assert now == [records(cell) for cell in cells(path)]


# Changes are detected


def changed(path: Path, tmp_path: Path, place: int, old: str, new: str) -> Path:
    """Copy a notebook and change a word in one cell."""
    notebook = read(path)
    source = "".join(notebook["cells"][place]["source"])
    assert old in source
    notebook["cells"][place]["source"] = source.replace(old, new)
    copy = tmp_path / path.name
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    return copy


def place(path: Path, words: str) -> int:
    return next(place for place, cell in enumerate(read(path)["cells"]) if words in "".join(cell["source"]))


def test_a_changed_prompt_fails_its_cell_and_names_the_difference(tmp_path: Path) -> None:
    path = FOLDER / "02_parameters.ipynb"
    at = place(path, "Tell me a long story about a fox.")
    output = strict(changed(path, tmp_path, at, "a fox", "a wolf"), tmp_path)
    assert f"1 failed, {len(cells(path)) - 1} passed" in output, output
    assert (
        "TapeMismatch: No call on the tape 02_parameters.jsonl matches this request: "
        "messages[0].content is «Tell me a long story about a wolf.» (recorded: «Tell me a long story about a fox.»)."
    ) in re.sub(r"\x1b\[\d+m", "", output)
    assert "Record it with %mimo_tape record" in output


def test_a_changed_output_fails_its_cell(tmp_path: Path) -> None:
    path = FOLDER / "00_first_answer.ipynb"
    text = path.read_text(encoding="utf-8")
    assert text.count("<p>The capital of Japan is Tokyo.</p>") == 1
    copy = tmp_path / path.name
    copy.write_text(
        text.replace("<p>The capital of Japan is Tokyo.</p>", "<p>It is Kyoto.</p>"), encoding="utf-8"
    )
    output = strict(copy, tmp_path)
    assert f"1 failed, {len(cells(path)) - 1} passed" in output, output
    assert "It is Kyoto." in output


def test_a_missing_tape_fails_with_the_command_that_records_it(tmp_path: Path) -> None:
    output = strict(FOLDER / "00_first_answer.ipynb", tmp_path, tapes=tmp_path)
    assert "TapeMismatch" in output
    assert f"Record it with %mimo_tape record {tmp_path}" in output
