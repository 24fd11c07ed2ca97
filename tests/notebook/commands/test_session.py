"""The magic %mimo_session in a kernel: sessions, branches and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.kernel import Kernel
from support.peer import KEY, Peer
from support.session_cells import (
    enable_autosave,
    listed_sessions,
    reload_extension,
    run_prompts,
    saved_prompts,
    shown_turns,
    table_rows,
)
from support.session_requests import expected_contents, expected_requests, sent_contents

from mimo_magics import Session
from mimo_magics.core.messages import Usage


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Where the notebook is to be."""
    return tmp_path / "talk.ipynb"


def test_sessions_are_begun_switched_renamed_and_deleted(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    assert table_rows(kernel.run("%mimo_session new other")) == [
        ("", "main", "2", "1", "40", "20", "–"),
        ("→", "other", "0", "0", "0", "0", "–"),
    ]
    run_prompts(kernel, "three")
    kernel.run("%mimo_session new other")  # again: a new conversation in it
    run_prompts(kernel, "four")
    assert table_rows(kernel.run("%mimo_session rename second")) == [
        ("", "main", "2", "1", "40", "20", "–"),
        ("→", "second", "1", "2", "20", "10", "–"),
    ]
    kernel.run("%mimo_session rename main first")
    kernel.run("%mimo_session switch first")
    run_prompts(kernel, "five")
    assert table_rows(kernel.run("%mimo_session delete first")) == [
        ("→", "second", "1", "2", "20", "10", "–")
    ]
    run_prompts(kernel, "six")
    assert sent_contents(peer) == [
        *expected_requests("one two"),
        *expected_requests("three"),
        *expected_requests("four"),
        expected_contents("one two five"),
        expected_contents("four six"),
    ]
    assert table_rows(kernel.run("%mimo_session delete second")) == [("→", "main", "0", "0", "0", "0", "–")]


def test_turns_are_taken_back_and_can_be_gone_on_from(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two three")
    assert kernel.run("%mimo_session undo").documents == [
        "1 turn was taken back. Session main has 2 turns. %mimo_session branches shows the others."
    ]
    assert kernel.run("%mimo_session undo 9").documents == [
        "2 turns were taken back. Session main has no turns. %mimo_session branches shows the others."
    ]
    run_prompts(kernel, "four")
    assert table_rows(kernel.run("%mimo_session branches")) == [
        ("", "3", "3", "1.", "one", "3.", "three"),
        ("→", "4", "1", "–", "–"),
    ]
    assert table_rows(kernel.run("%mimo_session branch 3")) == [
        ("→", "3", "3", "–", "–"),
        ("", "4", "1", "1.", "four", "1.", "four"),
    ]
    run_prompts(kernel, "five")
    kernel.run("%mimo_session branch 1")
    run_prompts(kernel, "six")
    assert sent_contents(peer) == [
        *expected_requests("one two three"),
        *expected_requests("four"),
        expected_contents("one two three five"),
        expected_contents("one six"),
    ]


def test_a_session_can_be_forked_at_a_turn_and_cleared(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two three")
    assert table_rows(kernel.run("%mimo_session fork short --at 1")) == [
        ("", "main", "3", "1", "60", "30", "–"),
        ("→", "short", "1", "1", "20", "10", "–"),
    ]
    run_prompts(kernel, "four")
    kernel.run("%mimo_session switch main")
    kernel.run("%mimo_session fork whole")
    run_prompts(kernel, "two!")
    kernel.run("%mimo_session clear")
    run_prompts(kernel, "five")
    assert sent_contents(peer) == [
        *expected_requests("one two three"),
        expected_contents("one four"),
        expected_contents("one two!"),
        expected_contents("five"),
    ]
    assert listed_sessions(kernel) == [
        ("", "main", "3", "1", "60", "30", "–"),
        ("", "short", "2", "1", "40", "20", "–"),
        ("→", "whole", "1", "1", "20", "10", "–"),
    ]


def test_the_transcript_tells_models_tokens_and_what_is_stale(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two one!")
    text = kernel.run("%mimo_session show").documents[0]
    small = r"mimo-test · 20 tokens in \(5 cached\), 10 out · \d\.\d s · \d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(
        rf"Turn 1\n> one!\n\[Reasoning · \d\.\d s\]\nYou said: one!\n\({small}\)\n\n"
        rf"Stale: branch 2\n> two\n\[Reasoning · \d\.\d s\]\nYou said: two\n\(stale: not on the current branch · {small}\)",
        text,
    )


UNKNOWN = "Available: main, other."


CLOSE_QUOTE = "Close it. Put a value that contains a quote in quotes of the other kind."
HELP = "For help, run %mimo_session?."


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("frobnicate", ["BadOption: Unknown subcommand 'frobnicate'.", HELP]),
        ("shwo", ["BadOption: Unknown subcommand 'shwo'.", "Did you mean show?"]),
        ("'show", ["BadOption: A quote is not closed: 'show", CLOSE_QUOTE]),
        ("show me", ["BadOption: Unexpected argument 'me'.", "Usage: %mimo_session show"]),
        ("new", ["BadOption: An argument is missing.", "Usage: %mimo_session new NAME [--system TEXT]"]),
        (
            "new a/b",
            [
                "'BadOption: 'a/b'' is not a valid session name.",
                "Use letters, digits, dots and dashes, and not only digits.",
            ],
        ),
        (
            "new 7",
            [
                "'BadOption: '7'' is not a valid session name.",
                "Use letters, digits, dots and dashes, and not only digits.",
            ],
        ),
        ("switch nine", ["BadOption: Session 'nine' does not exist.", UNKNOWN]),
        ("switch othr", ["BadOption: Session 'othr' does not exist.", "Did you mean other?"]),
        (
            "switch 9",
            ["BadOption: Session '9' does not exist.", "To switch to a branch: %mimo_session branch 9"],
        ),
        ("branch 9", ["BadOption: There is no branch 9.", "Available: 2."]),
        (
            "branch main",
            ["BadOption: Invalid value 'main' for NUMBER.", "Usage: %mimo_session branch NUMBER"],
        ),
        ("switch ²", ["BadOption: Session '²' does not exist.", UNKNOWN]),
        ("undo some", ["BadOption: Invalid value 'some' for N.", "Usage: %mimo_session undo [N]"]),
        ("undo ²", ["BadOption: Invalid value '²' for N.", "Usage: %mimo_session undo [N]"]),
        ("undo 0", ["BadOption: There is no turn to undo.", "%mimo_session show lists the turns."]),
        ("fork new --at 3", ["BadOption: There is no turn 3.", "Number of turns: 2."]),
        (
            "fork new --at",
            ["BadOption: Option --at requires a value.", "--at N: Copy only the first N turns."],
        ),
        (
            "fork new --at one",
            ["BadOption: Invalid value 'one' for --at.", "--at N: Copy only the first N turns."],
        ),
        (
            "fork other",
            [
                "BadOption: Session 'other' already exists.",
                "Rename it first: %mimo_session rename other NAME",
            ],
        ),
        ("rename other", ["BadOption: Session 'other' already exists.", "Choose another name."]),
        ("rename nobody new", ["BadOption: Session 'nobody' does not exist.", UNKNOWN]),
        ("delete nobody", ["BadOption: Session 'nobody' does not exist.", UNKNOWN]),
        (
            "save",
            [
                "BadOption: The front end does not tell where the notebook is.",
                "%mimo_config notebook=PATH.ipynb says so.",
            ],
        ),
        (
            "save /nowhere/talk.json",
            [
                "SessionNotSaved: /nowhere/talk.json cannot be written: No such file or directory.",
                "Nothing is lost: save the session again, or under another name.",
            ],
        ),
        (
            "load /nowhere.json",
            ["BadSessionFile: /nowhere.json cannot be read: No such file or directory.", "Check the path."],
        ),
        (
            "export talk.doc",
            [
                "BadOption: Unknown export format 'doc'.",
                "Available: md, html, py, curl, json.",
            ],
        ),
        (
            "export talk.md --as html",
            [
                "BadOption: Unknown option --as.",
                "Usage: %mimo_session export PATH [--to md|html|json|py|curl]",
            ],
        ),
        (
            "from-notebook /nowhere.ipynb",
            [
                "BadSessionFile: '/nowhere.ipynb' cannot be read: No such file or directory.",
                "Choose a notebook that was saved with the outputs of its %%mimo cells.",
            ],
        ),
    ],
)
def test_what_cannot_be_done_takes_two_lines_and_changes_nothing(
    kernel: Kernel, peer: Peer, line: str, lines: list[str]
) -> None:
    run_prompts(kernel, "one two")
    run_prompts(kernel, "three", "--session other")
    sent_contents(peer)
    before = (listed_sessions(kernel), shown_turns(kernel))
    ran = kernel.run(f"%mimo_session {line}")
    assert (ran.status, ran.error) == ("error", lines)
    assert (listed_sessions(kernel), shown_turns(kernel), sent_contents(peer)) == (*before, [])


def test_a_session_is_saved_and_loaded_with_all_branches(kernel: Kernel, peer: Peer, tmp_path: Path) -> None:
    run_prompts(kernel, "one two three two!")
    path = tmp_path / "talk.json"
    assert kernel.run(f"%mimo_session save '{path}'").documents == [
        f"Session main has 2 turns. Saved in {path}."
    ]
    branches = table_rows(kernel.run("%mimo_session branches"))
    reload_extension(kernel)
    assert kernel.run(f"%mimo_session load '{path}'").documents == [
        f"Loaded from {path}. Session main has 2 turns. The next prompt goes on there."
    ]
    assert table_rows(kernel.run("%mimo_session branches")) == branches
    sent_contents(peer)
    run_prompts(kernel, "four two?")
    assert sent_contents(peer) == [
        expected_contents("one two! four"),
        expected_contents("one two! four two?"),
    ]


def test_what_was_saved_can_be_saved_again_in_the_same_place(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "talk.json"
    for prompt in ("one", "two"):
        run_prompts(kernel, prompt)
        assert kernel.run(f"%mimo_session save '{path}'").error == []
    assert saved_prompts(path) == ["one", "two"]
    reload_extension(kernel)
    kernel.run(f"%mimo_session load '{path}'")
    run_prompts(kernel, "three")
    assert kernel.run(f"%mimo_session save '{path}'").error == []
    assert saved_prompts(path) == ["one", "two", "three"]


def test_a_file_of_somebody_else_is_not_overwritten(kernel: Kernel, peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text("a shopping list", encoding="utf-8")
    run_prompts(kernel, "one")
    for command in ("save", "load"):
        assert kernel.run(f"%mimo_session {command} '{path}'").error == [
            f"BadSessionFile: {path} is not valid JSON: Expecting value: line 1 column 1 (char 0).",
            "The file was not changed. Restore it from a backup.",
        ]
    assert path.read_text(encoding="utf-8") == "a shopping list"
    assert shown_turns(kernel) == [("Turn 1", "one")]


def test_a_session_is_not_loaded_over_one_in_which_something_was_said(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "talk.json"
    run_prompts(kernel, "one")
    kernel.run(f"%mimo_session save '{path}'")
    run_prompts(kernel, "two")
    assert kernel.run(f"%mimo_session load '{path}'").error == [
        "BadOption: Session 'main' already exists.",
        "Rename it first: %mimo_session rename main NAME",
    ]
    kernel.run("%mimo_session rename main mine")
    kernel.run(f"%mimo_session load '{path}'")
    assert listed_sessions(kernel) == [
        ("", "mine", "2", "1", "40", "20", "–"),
        ("→", "main", "1", "1", "20", "10", "–"),
    ]


@pytest.mark.parametrize(
    ("to", "answers"), [("md", True), ("html", True), ("json", True), ("py", False), ("curl", True)]
)
def test_a_conversation_is_exported_in_each_form(
    kernel: Kernel, peer: Peer, tmp_path: Path, to: str, answers: bool
) -> None:
    run_prompts(kernel, "one two")
    for path, option in ((tmp_path / f"talk.{to}", ""), (tmp_path / "talk", f"--to {to}")):
        ran = kernel.run(f"%mimo_session export '{path}' {option}")
        assert ran.documents == [f"Session main has 2 turns. Written to {path}."]
        text = path.read_text(encoding="utf-8")
        assert [word in text for word in ("one", "two", "You said: one")] == [True, True, answers]
        assert KEY not in text


def test_all_sessions_of_a_notebook_are_resumed_from_their_files(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one two three")
    run_prompts(kernel, "four", "--session other")
    run_prompts(kernel, "three!")
    before = shown_turns(kernel)
    enable_autosave(reload_extension(kernel), notebook)
    assert kernel.run("%mimo_session resume").documents == [
        "Resumed from talk.ipynb. Session main has 3 turns. The next prompt goes on there.\n"
        "Session other has 1 turn."
    ]
    assert shown_turns(kernel) == before
    sent_contents(peer)
    run_prompts(kernel, "five two!")
    run_prompts(kernel, "six", "--session other")
    assert sent_contents(peer) == [
        expected_contents("one two three! five"),
        expected_contents("one two!"),
        expected_contents("four six"),
    ]
    assert saved_prompts(notebook.with_name("talk.mimo.json")) == ["one", "two!"]


def test_nothing_is_resumed_where_something_was_said_or_nothing_is_known(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    assert kernel.run("%mimo_session resume").error == [
        "BadOption: The front end does not tell where the notebook is.",
        "%mimo_config notebook=PATH.ipynb says so.",
    ]
    assert kernel.run(f"%mimo_session resume '{notebook}'").error == [
        f"BadSessionFile: '{notebook}' cannot be read: No such file or directory.",
        "Choose a notebook that was saved with the outputs of its %%mimo cells.",
    ]
    run_prompts(kernel, "one")
    assert kernel.run(f"%mimo_session resume '{notebook}'").documents == [
        "Something was said already: nothing was resumed."
    ]


def test_what_was_spent_beside_the_conversation_is_resumed_too(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "aside", "--no-history")
    run_prompts(kernel, "one")
    enable_autosave(reload_extension(kernel), notebook)
    kernel.run("%mimo_session resume")
    run_prompts(kernel, "two")
    assert kernel.run("%mimo_usage").documents[0].splitlines()[-1].split()[:4] == ["total", "60", "25", "%"]
    assert Session.load(notebook.with_name("talk.mimo.json")).unrecorded_usage == Usage(20, 10, 5)


def test_a_renamed_session_takes_its_file_with_it(kernel: Kernel, peer: Peer, notebook: Path) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one")
    kernel.run("%mimo_session rename mine")
    run_prompts(kernel, "two")
    kernel.run("%mimo_session new main")
    run_prompts(kernel, "three")
    assert run_prompts(kernel, "four", "--session mine")[0].error == []
    assert saved_prompts(notebook.with_name("talk.mine.mimo.json")) == ["one", "two", "four"]
    enable_autosave(reload_extension(kernel), notebook)
    kernel.run("%mimo_session resume")
    assert {row[1]: row[2] for row in listed_sessions(kernel)} == {"main": "1", "mine": "3"}
