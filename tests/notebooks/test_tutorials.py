"""The tutorials give the same outputs from their tapes, and a change in one is seen."""

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
        "TapeMismatch: No call on the tape 02_parameters.jsonl matches this request: "
        "messages[0].content is «Tell me a long story about a wolf.» (recorded: «Tell me a long story about a fox.»)."
    ) in re.sub(r"\x1b\[\d+m", "", told)
    assert "Record it with %mimo_tape record" in told


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
    assert f"Record it with %mimo_tape record {tmp_path}" in told
