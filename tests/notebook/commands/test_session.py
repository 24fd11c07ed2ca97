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
    """Return the path of the notebook."""
    return tmp_path / "talk.ipynb"


def test_sessions_are_created_switched_renamed_and_deleted(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    assert table_rows(kernel.run("%mimo_session new other")) == [
        ("", "main", "2", "1", "40", "20", "–"),
        ("→", "other", "0", "0", "0", "0", "–"),
    ]
    run_prompts(kernel, "three")
    # In an existing session, `new` starts a branch.
    kernel.run("%mimo_session new other")
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


def test_removed_turns_stay_as_a_branch_that_can_be_continued(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two three")
    assert kernel.run("%mimo_session undo").documents == [
        "Removed 1 turn. Session main has 2 turns. %mimo_session branches lists the other branches."
    ]
    assert kernel.run("%mimo_session undo 9").documents == [
        "Removed 2 turns. Session main has no turns. %mimo_session branches lists the other branches."
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


def test_a_session_is_forked_at_a_turn_and_cleared(kernel: Kernel, peer: Peer) -> None:
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


def test_the_transcript_shows_models_token_usage_and_stale_turns(kernel: Kernel, peer: Peer) -> None:
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
        ("'show", ["BadOption: A quote on the line is not closed.", CLOSE_QUOTE]),
        ("show me", ["BadOption: Unexpected argument 'me'.", "Usage: %mimo_session show"]),
        ("new", ["BadOption: An argument is missing.", "Usage: %mimo_session new NAME [--system TEXT]"]),
        (
            "new a/b",
            [
                "BadOption: 'a/b' is not a valid session name.",
                "Use letters, digits, dots and dashes, and not only digits.",
            ],
        ),
        (
            "new 7",
            [
                "BadOption: '7' is not a valid session name.",
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
        ("rename missing new", ["BadOption: Session 'missing' does not exist.", UNKNOWN]),
        ("delete missing", ["BadOption: Session 'missing' does not exist.", UNKNOWN]),
        (
            "save",
            [
                "BadOption: The front end does not report the path of the notebook.",
                "Set it: %mimo_config notebook=PATH.ipynb",
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
def test_an_invalid_command_is_an_error_of_two_lines_and_changes_nothing(
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
        f"Session main has 2 turns. Saved to {path}."
    ]
    branches = table_rows(kernel.run("%mimo_session branches"))
    reload_extension(kernel)
    assert kernel.run(f"%mimo_session load '{path}'").documents == [
        f"Loaded from {path}. Session main has 2 turns. The next prompt continues it."
    ]
    assert table_rows(kernel.run("%mimo_session branches")) == branches
    sent_contents(peer)
    run_prompts(kernel, "four two?")
    assert sent_contents(peer) == [
        expected_contents("one two! four"),
        expected_contents("one two! four two?"),
    ]


def test_a_saved_session_can_be_saved_again_to_the_same_file(
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


def test_a_file_that_is_not_a_session_is_not_overwritten(kernel: Kernel, peer: Peer, tmp_path: Path) -> None:
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


def test_a_session_is_not_loaded_over_one_with_turns(kernel: Kernel, peer: Peer, tmp_path: Path) -> None:
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
def test_a_session_is_exported_in_each_format(
    kernel: Kernel, peer: Peer, tmp_path: Path, to: str, answers: bool
) -> None:
    run_prompts(kernel, "one two")
    for path, option in ((tmp_path / f"talk.{to}", ""), (tmp_path / "talk", f"--to {to}")):
        ran = kernel.run(f"%mimo_session export '{path}' {option}")
        assert ran.documents == [f"Session main has 2 turns. Exported to {path}."]
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
        "Resumed from talk.ipynb. Session main has 3 turns. The next prompt continues it.\n"
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


def test_resume_needs_a_session_without_turns_and_a_known_notebook(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    assert kernel.run("%mimo_session resume").error == [
        "BadOption: The front end does not report the path of the notebook.",
        "Set it: %mimo_config notebook=PATH.ipynb",
    ]
    assert kernel.run(f"%mimo_session resume '{notebook}'").error == [
        f"BadSessionFile: '{notebook}' cannot be read: No such file or directory.",
        "Choose a notebook that was saved with the outputs of its %%mimo cells.",
    ]
    run_prompts(kernel, "one")
    assert kernel.run(f"%mimo_session resume '{notebook}'").documents == [
        "The session already has turns; nothing was resumed."
    ]


def test_the_usage_of_one_off_prompts_is_resumed(kernel: Kernel, peer: Peer, notebook: Path) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "aside", "--no-history")
    run_prompts(kernel, "one")
    enable_autosave(reload_extension(kernel), notebook)
    kernel.run("%mimo_session resume")
    run_prompts(kernel, "two")
    assert kernel.run("%mimo_usage").documents[0].splitlines()[-1].split()[:4] == ["total", "60", "25", "%"]
    assert Session.load(notebook.with_name("talk.mimo.json")).unrecorded.usage == Usage(20, 10, 5)


def test_a_renamed_session_is_saved_under_its_new_name(kernel: Kernel, peer: Peer, notebook: Path) -> None:
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
