"""Session files of version 1, in which a session held several threads, each with its own head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.session.history import History
from mimo_magics.session.session import Session
from mimo_magics.session.storage.session_file import from_text, to_text

FILE = Path(__file__).parents[2] / "data" / "session_version_1.json"
"""Written by version 1: a, b, c, then b again; n with --new, d; e after `start_conversation`; d again."""


def prompts(history: History, end: int) -> str:
    return " ".join(turn.prompt.text.split("?")[0] for turn in history.line_to(end))


def test_threads_of_version_1_are_branches() -> None:
    history = Session.load(FILE).history
    assert [
        (each.number, prompts(history, each.number - 1), each.is_current) for each in history.branches
    ] == [
        (3, "a b c", False),
        (4, "a b!", False),
        (6, "n What is in it", False),
        (7, "e", False),
        (8, "n d!", True),
    ]
    assert [turn.prompt.text for turn in history.all_turns if turn.opens_branch] == ["n"]


@pytest.mark.parametrize(
    ("cell", "follows"), [("a", ""), ("b", "a"), ("c", "a b!"), ("d", "n"), ("e", ""), ("f", "n d!")]
)
def test_a_cell_returns_to_its_branch_of_version_1(cell: str, follows: str) -> None:
    history = Session.load(FILE).history.rewind_to_cell(cell)
    assert prompts(history, history.head) == follows


def test_a_session_of_version_1_is_saved_as_version_2_with_all_that_it_holds(tmp_path: Path) -> None:
    session = Session.load(FILE)
    session.save(tmp_path / "new.json")
    saved = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert (saved["version"], saved["head"]) == (2, 7)
    assert Session.load(tmp_path / "new.json").history == session.history
    old = json.loads(FILE.read_text(encoding="utf-8"))
    assert [without(turn, "opens_branch") for turn in saved["turns"]] == [
        without(turn, "thread") for turn in old["turns"]
    ]


def without(turn: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in turn.items() if key != name}


@pytest.mark.parametrize(
    "damage",
    [
        {"thread": None},
        {"thread": []},
        {"heads": []},
        {"heads": None},
        {"heads": {"n": 99}},
        {"heads": {"n": True}},
        {"heads": {"n": "7"}},
        {"turns": None},
        {"turns": [None]},
        {"turns": [[]]},
        {"turns": [{}]},
    ],
    ids=str,
)
def test_a_damaged_document_of_version_1_is_refused(damage: dict[str, Any]) -> None:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    with pytest.raises(BadSessionFile, match="damaged"):
        from_text(json.dumps(document | damage))


def test_version_1_without_turns_is_an_empty_session() -> None:
    document = json.loads(FILE.read_text(encoding="utf-8")) | {"turns": [], "heads": {}, "thread": ""}
    saved = from_text(json.dumps(document))
    assert saved.history == History()
    assert from_text(to_text(saved)) == saved
