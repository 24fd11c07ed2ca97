"""Loading of the sessions of a notebook from its session files and its outputs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.saving_process import turn

from mimo_magics.core.errors import BadSessionFile
from mimo_magics.core.messages import Message, TextPart
from mimo_magics.document.reply import reply_bundle
from mimo_magics.session.history import History
from mimo_magics.session.session import Session
from mimo_magics.session.storage.resume import iter_cached_turns, load_sessions
from mimo_magics.session.storage.session_paths import get_session_path
from mimo_magics.session.storage.turn_record import build_record
from mimo_magics.session.turn import Turn


def create_turn(prompt: str, created_at: float = 100.0, stop: str = "end", digest: str = "") -> Turn:
    reply = replace(turn(prompt).reply, message=Message("assistant", (TextPart("Yes."),)), stop=stop)
    return replace(turn(prompt), reply=reply, id=prompt, created_at=created_at, digest=digest)


def save(notebook: Path, *turns: Turn, session: str = "main") -> None:
    """Save turns in a session file of the notebook."""
    history = History()
    for each in turns:
        history = history.append_turn(each)
    saved = Session(name=session)
    saved.history = history
    saved.save(get_session_path(notebook, session))


def write(notebook: Path, *turns: Turn, session: str = "main") -> None:
    """Save a notebook with the outputs of turns."""
    cells, parent_id = [], ""
    for each in turns:
        record = build_record(each, parent_id=parent_id, session=session)
        output: dict[str, Any] = {
            "output_type": "display_data",
            "data": reply_bundle(each.reply),
            "metadata": {"mimo": record},
        }
        cells.append({"cell_type": "code", "source": "", "metadata": {}, "outputs": [output]})
        parent_id = each.id
    notebook.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))


def prompts(sessions: dict[str, Session]) -> dict[str, list[str]]:
    return {name: [turn.prompt.text for turn in session.turns] for name, session in sessions.items()}


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return tmp_path / "talk.ipynb"


def test_the_sessions_come_from_the_files_beside_a_notebook_without_outputs(notebook: Path) -> None:
    save(notebook, create_turn("one"), create_turn("two"))
    save(notebook, create_turn("three"), session="other")
    sessions, notices = load_sessions(notebook)
    assert (prompts(sessions), notices) == ({"main": ["one", "two"], "other": ["three"]}, ())


@pytest.mark.parametrize(("later", "expected"), [(0.0005, ["saved"]), (0.5, ["shown"])])
def test_a_session_comes_from_the_source_with_its_latest_turn(
    notebook: Path, later: float, expected: list[str]
) -> None:
    save(notebook, create_turn("saved", 100.0))
    write(notebook, create_turn("shown", 100.0 + later))
    sessions, notices = load_sessions(notebook)
    assert (prompts(sessions), notices) == ({"main": expected}, ())


def test_session_files_of_a_notebook_with_a_longer_name_are_ignored(notebook: Path) -> None:
    save(notebook, create_turn("one"))
    save(notebook.with_name("talk.more.ipynb"), create_turn("two"), session="other")
    assert prompts(load_sessions(notebook)[0]) == {"main": ["one"]}


def test_a_notebook_without_any_session_is_an_error(notebook: Path) -> None:
    with pytest.raises(BadSessionFile, match=r"talk\.ipynb' cannot be read"):
        load_sessions(notebook)


def test_complete_turns_with_a_digest_can_be_reused(notebook: Path) -> None:
    write(notebook, create_turn("shown", digest="d1"))
    save(
        notebook,
        create_turn("saved", digest="d2"),
        create_turn("stopped", stop="interrupted", digest="d3"),
        create_turn("older"),
    )
    get_session_path(notebook, "damaged").write_text("no session", encoding="utf-8")
    assert sorted((turn.prompt.text, turn.digest) for turn in iter_cached_turns(notebook)) == [
        ("saved", "d2"),
        ("shown", "d1"),
    ]


@pytest.mark.parametrize("name", ["../x", "a/b", "\x1b]0;title\x07\u202e", "", "7", "x" * 10_000, "."])
def test_a_session_with_an_invalid_name_is_reported_and_the_others_are_loaded(
    notebook: Path, name: str
) -> None:
    save(notebook, create_turn("one"))
    session = Session(name=name)
    session.save(notebook.with_name("talk.odd.mimo.json"))
    sessions, notices = load_sessions(notebook)
    assert prompts(sessions) == {"main": ["one"]}
    assert [
        each.startswith("talk.odd.mimo.json has a session with the invalid name '") for each in notices
    ] == [True]
    assert (len(notices[0]) < 200, notices[0].isprintable()) == (True, True)


def test_a_damaged_file_is_reported_and_the_others_are_loaded(notebook: Path) -> None:
    write(notebook, create_turn("one"))
    get_session_path(notebook, "damaged").write_text("no session", encoding="utf-8")
    sessions, notices = load_sessions(notebook)
    assert prompts(sessions) == {"main": ["one"]}
    assert [
        each.endswith("talk.damaged.mimo.json is not valid JSON: Expecting value: line 1 column 1 (char 0).")
        for each in notices
    ] == [True]


def test_a_damaged_file_is_an_error_where_it_is_the_only_one(notebook: Path) -> None:
    get_session_path(notebook, "main").write_text("no session", encoding="utf-8")
    with pytest.raises(BadSessionFile, match=r"talk\.mimo\.json is not valid JSON"):
        load_sessions(notebook)
