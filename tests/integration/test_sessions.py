"""Conversations that follow the notebook, in a real kernel: cells run again, named sessions, files, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.kernel import Kernel, Ran
from support.peer import KEY, Answer, Peer, Seen, frames, obey, reply, stream
from support.told import grown, quiet, talk, told, transcript

from mimo_magics import Session
from mimo_magics.core.messages import Usage
from mimo_magics.session.continuation import CONTINUE_PROMPT
from mimo_magics.session.limits.context_window import SUMMARY_ACKNOWLEDGMENT, SUMMARY_PREFIX, SUMMARY_PROMPT

WORDS = "one two three four five"


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def started(server: Peer, folder: Path, **options: Any) -> Kernel:
    return Kernel(folder, MIMO_API_KEY=KEY, MIMO_BASE_URL=f"{server.url}/v1", MIMO_SYSTEM="none", **options)


@pytest.fixture(scope="module")
def kernels(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kernel]]:
    """Two kernels, as of a notebook that is open twice."""
    folder = tmp_path_factory.mktemp("notebook")
    with started(server, folder) as one, started(server, folder) as other:
        yield [one, other]


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.script = obey
    server.requests.clear()
    return server


def anew(kernel: Kernel) -> Kernel:
    """Load the extension anew: nothing was said, and the settings are the default ones, as after a restart."""
    assert kernel.run("%reload_ext mimo_magics").status == "ok"
    return kernel


@pytest.fixture
def kernel(kernels: list[Kernel]) -> Kernel:
    return anew(kernels[0])


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Where the notebook is to be."""
    return tmp_path / "talk.ipynb"


def saving(kernel: Kernel, notebook: Path) -> Kernel:
    assert kernel.run(f"%mimo_config autosave=on notebook='{notebook}'").status == "ok"
    return kernel


def ask(kernel: Kernel, prompts: str, options: str = "") -> list[Ran]:
    """Ask each prompt in a cell of its name; `three!` is asked by the cell `three`."""
    return [kernel.run(f"%%mimo {options}\n{word}", cell=word.rstrip("!")) for word in prompts.split()]


def remarks(ran: Ran) -> list[str]:
    return quiet(ran.outputs[0])


def shown(kernel: Kernel) -> list[tuple[str, str]]:
    return transcript(kernel.run("%mimo_session show").documents[0])


def rows(ran: Ran) -> list[tuple[str, ...]]:
    """The cells of a table, the first of which are marks or empty."""
    return [(line[:1].strip(), *line[3:].split()) for line in ran.documents[0].splitlines()[1:]]


def listed(kernel: Kernel) -> list[tuple[str, ...]]:
    return rows(kernel.run("%mimo_session"))


def said(path: Path) -> list[str]:
    """The prompts of the conversation that a file holds."""
    return [turn.prompt.text for turn in Session.load(path).turns]


# A cell that is run again


@pytest.mark.parametrize(
    ("again", "follows", "line", "turns"),
    [
        (
            "one!",
            "",
            "Asked again in place of turn 1, which stays, with the 3 after it, as branch 4.",
            ["Turn 1 one!", "Stale: branch 2 two", "Stale: branch 3 three", "Stale: branch 4 four"],
        ),
        (
            "three!",
            "one two",
            "Asked again in place of turn 3, which stays, with the one after it, as branch 4.",
            ["Turn 1 one", "Turn 2 two", "Turn 3 three!", "Stale: branch 4 four"],
        ),
        (
            "four!",
            "one two three",
            "Asked again in place of turn 4, which stays as branch 4.",
            ["Turn 1 one", "Turn 2 two", "Turn 3 three", "Turn 4 four!"],
        ),
    ],
)
def test_a_cell_that_is_run_again_replaces_its_turn_and_says_what_becomes_of_the_others(
    kernel: Kernel, peer: Peer, again: str, follows: str, line: str, turns: list[str]
) -> None:
    ask(kernel, "one two three four")
    told(peer)
    (ran,) = ask(kernel, again)
    assert told(peer) == [talk(f"{follows} {again}")]
    assert remarks(ran) == [line]
    assert list(map(" ".join, shown(kernel))) == turns


def test_cells_that_are_run_again_in_their_order_are_told_the_same_again(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, WORDS)
    assert told(peer) == grown(WORDS)
    again = ask(kernel, WORDS)
    assert told(peer) == grown(WORDS)
    line = "Asked again in place of turn 1, which stays, with the 4 after it, as branch 5."
    assert list(map(remarks, again)) == [[line], [], [], [], []]


def test_a_name_of_ones_own_tells_cells_apart_and_wins_over_the_front_end(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one")
    kernel.run("%%mimo --id second\ntwo", cell="a")
    ask(kernel, "three")
    kernel.run("%%mimo --id second\ntwo!", cell="b")
    kernel.run("%mimo --id second two!!", cell="one")
    assert told(peer) == [*grown("one two three"), talk("one two!"), talk("one two!!")]


def test_a_turn_can_be_added_all_the_same(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two")
    (ran,) = ask(kernel, "one", "--append")
    assert told(peer) == [*grown("one two"), talk("one two one")]
    assert remarks(ran) == []


def test_all_turns_of_a_loop_take_the_place_of_those_of_its_last_run(kernel: Kernel, peer: Peer) -> None:
    loop = "for word in {}:\n    %mimo {{word}}"
    ask(kernel, "one")
    kernel.run(loop.format(["two", "three"]), cell="loop")
    ask(kernel, "four")
    assert told(peer) == grown("one two three four")
    ran = kernel.run(loop.format(["two!", "three!", "more"]), cell="loop")
    assert told(peer) == grown("one two! three! more")[1:]
    line = "Asked again in place of turn 2, which stays, with the 2 after it, as branch 4."
    assert list(map(quiet, ran.outputs)) == [[line], [], []]


def test_cells_that_a_program_runs_inside_of_a_cell_are_a_loop_too(kernel: Kernel, peer: Peer) -> None:
    program = "for word in ('one', 'two'):\n    get_ipython().run_cell(f'%%mimo\\n{word}')"
    for _ in range(2):
        kernel.run(program, cell="program")
    assert told(peer) == grown("one two") * 2


def test_a_new_conversation_leaves_the_older_one_alone_whenever_its_cells_are_run_again(
    kernel: Kernel, peer: Peer
) -> None:
    for _ in range(2):
        ask(kernel, "one two")
        ask(kernel, "three", "--new")
        ask(kernel, "four")
    assert told(peer) == [*grown("one two"), *grown("three four")] * 2
    ask(kernel, "two! four!")
    assert told(peer) == [talk("one two!"), talk("three four!")]


@pytest.mark.parametrize("options", ["", "--new"], ids=["no more", "from now on"])
def test_cells_below_follow_a_cell_that_begins_a_new_conversation_no_more_or_from_now_on(
    kernel: Kernel, peer: Peer, options: str
) -> None:
    def run_all(options: str) -> list[list[str]]:
        ask(kernel, "one two")
        ask(kernel, "three", options)
        ask(kernel, "four")
        return told(peer)

    alone, together = [*grown("one two"), *grown("three four")], grown("one two three four")
    other = "" if options else "--new"
    assert run_all(other) == (alone if other else together)
    assert run_all(options) == (alone if options else together)


def test_the_turns_of_deleted_cells_leave_the_conversation_and_stay_as_a_branch(
    kernel: Kernel, peer: Peer
) -> None:
    ask(kernel, WORDS)
    told(peer)
    kernel.run("1 + 1", deleted=("two",))
    (ran,) = ask(kernel, "six")
    assert told(peer) == [talk("one three four five six")]
    assert remarks(ran) == ["The turn of a deleted cell left the conversation, which is kept as branch 5."]
    ran = kernel.run("%%mimo\nseven", deleted=("three", "four", "nobody"))
    assert told(peer) == [talk("one five six seven")]
    assert remarks(ran) == ["The 2 turns of deleted cells left the conversation, which is kept as branch 9."]


def test_a_cell_that_was_cut_and_pasted_stays_in_the_conversation_once_it_is_run(
    kernel: Kernel, peer: Peer
) -> None:
    cells = ["one", "two", "three"]
    ask(kernel, "one two three")
    told(peer)
    codes = [f"%%mimo\n{cell}" for cell in cells]
    kernel.run_all(codes, cells=cells, deleted=("two",))  # as JupyterLab tells it until a cell is over
    assert told(peer) == grown("one two three")
    kernel.run_all(codes, cells=cells)
    kernel.run("%%mimo\nfour", cell="four", deleted=("two",))
    assert told(peer) == [*grown("one two three"), talk("one three four")]


def test_an_aside_and_a_failed_call_change_nothing_of_what_was_said(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two")
    ask(kernel, "one", "--no-history")
    (failed,) = ask(kernel, "one", "--temprature 1")
    assert len(failed.error) == 2
    assert told(peer) == [*grown("one two"), talk("one")]
    assert list(map(" ".join, shown(kernel))) == ["Turn 1 one", "Turn 2 two"]


# Sessions


def test_a_cell_may_ask_in_another_session_without_going_there(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one")
    first, second = ask(kernel, "two three", "--session other")
    ask(kernel, "four")
    ask(kernel, "two!", "--session other")
    assert told(peer) == [*grown("one"), *grown("two three"), talk("one four"), talk("two!")]
    assert (remarks(first), remarks(second)) == (["The session other begins here."], [])
    assert listed(kernel) == [
        ("→", "main", "2", "1", "40", "20", "–"),
        ("", "other", "1", "2", "20", "10", "–"),
    ]


def test_sessions_are_begun_switched_renamed_and_deleted(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two")
    assert rows(kernel.run("%mimo_session new other")) == [
        ("", "main", "2", "1", "40", "20", "–"),
        ("→", "other", "0", "0", "0", "0", "–"),
    ]
    ask(kernel, "three")
    kernel.run("%mimo_session new other")  # again: a new conversation in it
    ask(kernel, "four")
    assert rows(kernel.run("%mimo_session rename second")) == [
        ("", "main", "2", "1", "40", "20", "–"),
        ("→", "second", "1", "2", "20", "10", "–"),
    ]
    kernel.run("%mimo_session rename main first")
    kernel.run("%mimo_session switch first")
    ask(kernel, "five")
    assert rows(kernel.run("%mimo_session delete first")) == [("→", "second", "1", "2", "20", "10", "–")]
    ask(kernel, "six")
    assert told(peer) == [
        *grown("one two"),
        *grown("three"),
        *grown("four"),
        talk("one two five"),
        talk("four six"),
    ]
    assert rows(kernel.run("%mimo_session delete second")) == [("→", "main", "0", "0", "0", "0", "–")]


def test_turns_are_taken_back_and_can_be_gone_on_from(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two three")
    assert kernel.run("%mimo_session undo").documents == [
        "1 turn was taken back. Session main has 2 turns. %mimo_session branches shows the others."
    ]
    assert kernel.run("%mimo_session undo 9").documents == [
        "2 turns were taken back. Session main has no turns. %mimo_session branches shows the others."
    ]
    ask(kernel, "four")
    assert rows(kernel.run("%mimo_session branches")) == [
        ("", "3", "3", "1.", "one", "3.", "three"),
        ("→", "4", "1", "–", "–"),
    ]
    assert rows(kernel.run("%mimo_session switch 3")) == [
        ("→", "3", "3", "–", "–"),
        ("", "4", "1", "1.", "four", "1.", "four"),
    ]
    ask(kernel, "five")
    kernel.run("%mimo_session switch 1")
    ask(kernel, "six")
    assert told(peer) == [
        *grown("one two three"),
        *grown("four"),
        talk("one two three five"),
        talk("one six"),
    ]


def test_a_session_can_be_forked_at_a_turn_and_cleared(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two three")
    assert rows(kernel.run("%mimo_session fork short --at 1")) == [
        ("", "main", "3", "1", "60", "30", "–"),
        ("→", "short", "1", "1", "20", "10", "–"),
    ]
    ask(kernel, "four")
    kernel.run("%mimo_session switch main")
    kernel.run("%mimo_session fork whole")
    ask(kernel, "two!")
    kernel.run("%mimo_session clear")
    ask(kernel, "five")
    assert told(peer) == [*grown("one two three"), talk("one four"), talk("one two!"), talk("five")]
    assert listed(kernel) == [
        ("", "main", "3", "1", "60", "30", "–"),
        ("", "short", "2", "1", "40", "20", "–"),
        ("→", "whole", "1", "1", "20", "10", "–"),
    ]


def test_the_transcript_tells_models_tokens_and_what_is_stale(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two one!")
    text = kernel.run("%mimo_session show").documents[0]
    small = r"mimo-test · 20 tokens in \(5 cached\), 10 out · \d\.\d s · \d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(
        rf"Turn 1\n> one!\n\[Thought for \d\.\d s\]\nYou said: one!\n\({small}\)\n\n"
        rf"Stale: branch 2\n> two\n\[Thought for \d\.\d s\]\nYou said: two\n\(stale: no longer part of the conversation · {small}\)",
        text,
    )


def test_a_session_is_a_value_for_programs(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two")
    kernel.run("from mimo_magics import sessions")
    kernel.run("current = sessions().current; current.undo(); reply = current.ask('three')")
    look = "print(current, [turn.prompt.text for turn in current.turns], reply, *sessions().list())"
    assert kernel.run(look).text == (
        "<Session main of 2 turns, 40 tokens in, 20 out> ['one', 'three'] You said: three main\n"
    )
    kernel.run("%mimo_session new other")
    assert kernel.run("print(*sessions().list(), sessions().current is current)").text == "main other False\n"
    assert told(peer) == [*grown("one two"), talk("one three")]


UNKNOWN = "There are: main, other."
HELP = "See %mimo_session? for what it can do."


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("frobnicate", ["BadOption: There is no %mimo_session frobnicate.", HELP]),
        ("shwo", ["BadOption: There is no %mimo_session shwo.", "Did you mean show?"]),
        ("'show", ["BadOption: A quotation on the line does not end.", HELP]),
        ("show me", ["BadOption: %mimo_session show me is not complete, or too much.", HELP]),
        ("new", ["BadOption: %mimo_session new is not complete, or too much.", HELP]),
        (
            "new a/b",
            [
                "BadOption: 'a/b' is no name for a session.",
                "Letters, digits, dots and dashes; not a number alone.",
            ],
        ),
        (
            "new 7",
            [
                "BadOption: '7' is no name for a session.",
                "Letters, digits, dots and dashes; not a number alone.",
            ],
        ),
        ("switch nine", ["BadOption: There is no session nine.", UNKNOWN]),
        ("switch othr", ["BadOption: There is no session othr.", "Did you mean other?"]),
        ("switch 9", ["BadOption: There is no branch 9.", "There are: 2."]),
        ("switch ²", ["BadOption: There is no session ².", UNKNOWN]),
        ("undo some", ["BadOption: some is no number of turns.", HELP]),
        ("undo ²", ["BadOption: ² is no number of turns.", HELP]),
        ("undo 0", ["BadOption: There is no turn to undo.", "%mimo_session show tells what was said."]),
        ("fork new --at 3", ["BadOption: There is no turn 3.", "The conversation has 2."]),
        ("fork new --at", ["BadOption: --at cannot stand there.", "%mimo_session fork NAME --at 3"]),
        ("fork new --at one", ["BadOption: one is no number of turns.", HELP]),
        (
            "fork other",
            [
                "BadOption: There is a session other already.",
                "Rename it first: %mimo_session rename other NAME",
            ],
        ),
        ("rename other", ["BadOption: There is a session other already.", "Choose another name."]),
        ("rename nobody new", ["BadOption: There is no session nobody.", UNKNOWN]),
        ("delete nobody", ["BadOption: There is no session nobody.", UNKNOWN]),
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
                "Nothing is lost: save it again, or under another name.",
            ],
        ),
        (
            "load /nowhere.json",
            ["BadSessionFile: /nowhere.json cannot be read: No such file or directory.", "Check the path."],
        ),
        (
            "export talk.doc",
            [
                "BadOption: There is no form 'doc' of a conversation.",
                "There are: md, html, py, curl, json.",
            ],
        ),
        (
            "export talk.md --as html",
            ["BadOption: --as html cannot stand there.", "%mimo_session export PATH --to html"],
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
    ask(kernel, "one two")
    ask(kernel, "three", "--session other")
    told(peer)
    before = (listed(kernel), shown(kernel))
    ran = kernel.run(f"%mimo_session {line}")
    assert (ran.status, ran.error) == ("error", lines)
    assert (listed(kernel), shown(kernel), told(peer)) == (*before, [])


# Files


def test_a_session_is_saved_and_loaded_with_all_branches(kernel: Kernel, peer: Peer, tmp_path: Path) -> None:
    ask(kernel, "one two three two!")
    path = tmp_path / "talk.json"
    assert kernel.run(f"%mimo_session save '{path}'").documents == [
        f"Session main has 2 turns. Saved in {path}."
    ]
    branches = rows(kernel.run("%mimo_session branches"))
    anew(kernel)
    assert kernel.run(f"%mimo_session load '{path}'").documents == [
        f"Loaded from {path}. Session main has 2 turns. The next prompt goes on there."
    ]
    assert rows(kernel.run("%mimo_session branches")) == branches
    told(peer)
    ask(kernel, "four two?")
    assert told(peer) == [talk("one two! four"), talk("one two! four two?")]


def test_what_was_saved_can_be_saved_again_in_the_same_place(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "talk.json"
    for prompt in ("one", "two"):
        ask(kernel, prompt)
        assert kernel.run(f"%mimo_session save '{path}'").error == []
    assert said(path) == ["one", "two"]
    anew(kernel)
    kernel.run(f"%mimo_session load '{path}'")
    ask(kernel, "three")
    assert kernel.run(f"%mimo_session save '{path}'").error == []
    assert said(path) == ["one", "two", "three"]


def test_a_file_of_somebody_else_is_not_overwritten(kernel: Kernel, peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text("a shopping list", encoding="utf-8")
    ask(kernel, "one")
    for command in ("save", "load"):
        assert kernel.run(f"%mimo_session {command} '{path}'").error == [
            f"BadSessionFile: {path} is not JSON: Expecting value: line 1 column 1 (char 0).",
            "It is left as it is. A backup may have it whole.",
        ]
    assert path.read_text(encoding="utf-8") == "a shopping list"
    assert shown(kernel) == [("Turn 1", "one")]


def test_a_session_is_not_loaded_over_one_in_which_something_was_said(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "talk.json"
    ask(kernel, "one")
    kernel.run(f"%mimo_session save '{path}'")
    ask(kernel, "two")
    assert kernel.run(f"%mimo_session load '{path}'").error == [
        "BadOption: There is a session main already.",
        "Rename it first: %mimo_session rename main NAME",
    ]
    kernel.run("%mimo_session rename main mine")
    kernel.run(f"%mimo_session load '{path}'")
    assert listed(kernel) == [
        ("", "mine", "2", "1", "40", "20", "–"),
        ("→", "main", "1", "1", "20", "10", "–"),
    ]


@pytest.mark.parametrize(
    ("to", "answers"), [("md", True), ("html", True), ("json", True), ("py", False), ("curl", True)]
)
def test_a_conversation_is_exported_in_each_form(
    kernel: Kernel, peer: Peer, tmp_path: Path, to: str, answers: bool
) -> None:
    ask(kernel, "one two")
    for path, option in ((tmp_path / f"talk.{to}", ""), (tmp_path / "talk", f"--to {to}")):
        ran = kernel.run(f"%mimo_session export '{path}' {option}")
        assert ran.documents == [f"Session main has 2 turns. Written to {path}."]
        text = path.read_text(encoding="utf-8")
        assert [word in text for word in ("one", "two", "You said: one")] == [True, True, answers]
        assert KEY not in text


def test_each_session_is_saved_beside_the_notebook_after_each_turn(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    saving(kernel, notebook)
    ask(kernel, "one two")
    ask(kernel, "three", "--session other")
    main, other = notebook.with_name("talk.mimo.json"), notebook.with_name("talk.other.mimo.json")
    assert (said(main), said(other)) == (["one", "two"], ["three"])
    ask(kernel, "one!")
    assert said(main) == ["one!"]
    assert [len(branch.turns) for branch in Session.load(main).branches()] == [2, 1]
    kernel.run("%mimo_session undo")
    assert said(main) == []
    assert listed(kernel) == [
        ("→", "main", "0", "2", "0", "0", "talk.mimo.json"),
        ("", "other", "1", "1", "20", "10", "talk.other.mimo.json"),
    ]


def test_all_sessions_of_a_notebook_are_resumed_from_their_files(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    saving(kernel, notebook)
    ask(kernel, "one two three")
    ask(kernel, "four", "--session other")
    ask(kernel, "three!")
    before = shown(kernel)
    saving(anew(kernel), notebook)
    assert kernel.run("%mimo_session resume").documents == [
        "Resumed from talk.ipynb. Session main has 3 turns. The next prompt goes on there.\n"
        "Session other has 1 turn."
    ]
    assert shown(kernel) == before
    told(peer)
    ask(kernel, "five two!")
    ask(kernel, "six", "--session other")
    assert told(peer) == [talk("one two three! five"), talk("one two!"), talk("four six")]
    assert said(notebook.with_name("talk.mimo.json")) == ["one", "two!"]


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
    ask(kernel, "one")
    assert kernel.run(f"%mimo_session resume '{notebook}'").documents == [
        "Something was said already: nothing was resumed."
    ]


def test_what_was_spent_beside_the_conversation_is_resumed_too(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    saving(kernel, notebook)
    ask(kernel, "aside", "--no-history")
    ask(kernel, "one")
    saving(anew(kernel), notebook)
    kernel.run("%mimo_session resume")
    ask(kernel, "two")
    assert kernel.run("%mimo_usage").documents[0].splitlines()[-1].split()[:4] == ["total", "60", "25", "%"]
    assert Session.load(notebook.with_name("talk.mimo.json")).unrecorded_usage == Usage(20, 10, 5)


def test_a_renamed_session_takes_its_file_with_it(kernel: Kernel, peer: Peer, notebook: Path) -> None:
    saving(kernel, notebook)
    ask(kernel, "one")
    kernel.run("%mimo_session rename mine")
    ask(kernel, "two")
    kernel.run("%mimo_session new main")
    ask(kernel, "three")
    assert ask(kernel, "four", "--session mine")[0].error == []
    assert said(notebook.with_name("talk.mine.mimo.json")) == ["one", "two", "four"]
    saving(anew(kernel), notebook)
    kernel.run("%mimo_session resume")
    assert {row[1]: row[2] for row in listed(kernel)} == {"main": "1", "mine": "3"}


def test_a_notebook_that_is_open_twice_loses_nothing_and_says_so(
    kernels: list[Kernel], peer: Peer, notebook: Path, tmp_path: Path
) -> None:
    one, other = (saving(anew(kernel), notebook) for kernel in kernels)
    ask(one, "one")
    ask(other, "two")
    (ran,) = ask(one, "three")
    path, mine = notebook.with_name("talk.mimo.json"), tmp_path / "mine.json"
    assert ran.documents == ["You said: three"]
    assert ran.error == [
        f"SessionNotSaved: {path} was changed by somebody else since it was read.",
        "Nothing is lost: save it under another name, or load the file to go on with that one.",
    ]
    one.run(f"%mimo_session save '{mine}'")
    assert said(mine) == ["one", "three"]
    assert said(path) == ["two"]
    assert [[turn.prompt.text for turn in branch.turns] for branch in Session.load(path).branches()] == [
        ["one"],
        ["two"],
    ]
    ask(other, "four")
    assert told(peer) == [talk("one"), talk("two"), talk("one three"), talk("two four")]
    assert said(path) == ["two", "four"]


def test_a_damaged_file_is_left_as_it_is_and_nothing_is_sent(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    path = notebook.with_name("talk.mimo.json")
    path.write_text('{"format": "mimo-magics session", "turns": [', encoding="utf-8")
    saving(kernel, notebook)
    (ran,) = ask(kernel, "one")
    resumed = kernel.run("%mimo_session resume")
    assert ran.error == resumed.error
    assert ran.error[0].startswith(f"BadSessionFile: {path} is not JSON: ")
    assert ran.error[1:] == ["It is left as it is. A backup may have it whole."]
    assert path.read_text(encoding="utf-8") == '{"format": "mimo-magics session", "turns": ['
    assert told(peer) == []
    kernel.run("%mimo_config autosave=off")
    assert ask(kernel, "one")[0].documents == ["You said: one"]


def test_nothing_is_sent_where_it_is_not_known_where_to_save(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config autosave=on")
    assert ask(kernel, "one")[0].error == [
        "BadOption: The front end does not tell where the notebook is.",
        "%mimo_config notebook=PATH.ipynb says so.",
    ]
    assert told(peer) == []


# Answers that are kept

KEPT = r"Kept from \d{4}-\d\d-\d\d, as nothing has changed since\. --fresh asks anew\."


def are_kept(runs: list[Ran]) -> list[bool]:
    return [bool(re.fullmatch(KEPT, "".join(remarks(ran)))) for ran in runs]


def test_an_answer_is_kept_as_long_as_nothing_before_it_has_changed(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two three")
    told(peer)
    kernel.run("%mimo_config run_all=keep")
    assert are_kept(ask(kernel, "one two three")) == [True, True, True]
    assert told(peer) == []
    assert are_kept(ask(kernel, "one two! three")) == [True, False, False]
    assert told(peer) == [talk("one two!"), talk("one two! three")]
    assert are_kept([*ask(kernel, "one two!"), *ask(kernel, "three", "-t 0.5")]) == [True, True, False]
    assert told(peer) == [talk("one two! three")]


def test_a_fresh_answer_is_asked_for_where_another_could_be_kept(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one")
    kernel.run("%mimo_config run_all=keep")
    assert are_kept([*ask(kernel, "one", "--fresh"), *ask(kernel, "one")]) == [False, True]
    assert told(peer) == [talk("one"), talk("one")]


def test_answers_are_kept_across_kernels_by_way_of_the_session_file(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    saving(kernel, notebook)
    ask(kernel, "one two")
    told(peer)
    saving(anew(kernel), notebook)
    kernel.run("%mimo_config run_all=keep")
    runs = ask(kernel, "one two three")
    assert (are_kept(runs), told(peer)) == ([True, True, False], [talk("one two three")])


def test_what_was_spent_on_an_answer_that_is_kept_stays_spent(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two")
    kernel.run("%mimo_config run_all=keep")
    ask(kernel, "one two")
    assert kernel.run("%mimo_usage").documents[0].splitlines()[-1].split() == [
        "total",
        "40",
        "25",
        "%",
        "20",
        "–",
    ]


@pytest.mark.parametrize(("answer", "kept"), [("y", [True, True]), ("", [False, False])])
def test_a_person_is_asked_once_whether_answers_are_kept(
    kernel: Kernel, peer: Peer, answer: str, kept: list[bool]
) -> None:
    ask(kernel, "one two")
    told(peer)
    kernel.run("%mimo_config run_all=ask")
    first, question = kernel.answer("%%mimo --new\none", answer)
    second = kernel.run("%%mimo\ntwo")
    assert re.fullmatch(
        r"This notebook holds answers, such as this one of \d{4}-\d\d-\d\d\. Keep them instead of asking anew\? \[y/N\] ",
        question["prompt"],
    )
    assert are_kept([first, second]) == kept
    assert told(peer) == ([] if all(kept) else grown("one two"))


def test_where_nobody_can_be_asked_answers_are_asked_for_anew(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one")
    kernel.run("%mimo_config run_all=ask")
    ran = kernel.run("%%mimo\none", cell="one", watched=False)
    assert (remarks(ran), told(peer)) == (
        ["Asked again in place of turn 1, which stays as branch 1."],
        [talk("one"), talk("one")],
    )


# Budgets


def test_a_budget_stops_the_prompt_that_would_spend_the_rest(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config budget='70 tokens'")
    ask(kernel, "one two")
    third, fourth = kernel.run_all(["%%mimo\nthree", "print('ran')"], cells=["three", "four"])
    assert (third.error, third.documents) == (
        [
            "BudgetExceeded: This prompt of about 31 tokens is more than what is left of the budget: "
            "60 of 70 tokens are spent.",
            "%mimo_config budget=… or --budget allows more; %mimo_usage shows what was spent.",
        ],
        [],
    )
    assert fourth.status == "aborted"
    assert told(peer) == grown("one two")
    kernel.run("%mimo_config budget='200 tokens'")
    ask(kernel, "three")
    assert told(peer) == [talk("one two three")]


def test_what_is_asked_again_in_a_branch_or_aside_counts_for_the_budget(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config budget='90 tokens'")
    ask(kernel, "one one!")
    ask(kernel, "aside", "--no-history")
    (ran,) = ask(kernel, "one")
    assert ran.error == [
        "BudgetExceeded: 90 of 90 tokens are spent.",
        "%mimo_config budget=… or --budget allows more; %mimo_usage shows what was spent.",
    ]
    assert told(peer) == [talk("one"), talk("one!"), talk("aside")]
    assert shown(kernel) == [("Turn 1", "one!")]


def test_an_answer_that_uses_a_turns_budget_up_is_stopped_and_kept(kernel: Kernel, peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.01)))
    ran = kernel.run("%%mimo --budget '40 tokens'\nhello", cell="hello")
    answer = ran.documents[0]
    assert re.fullmatch("(word ){10,100}", answer)
    assert "stopped: the budget is used up" in ran.outputs[0]["data"]["text/html"]
    assert peer.settled()[-1].disconnected
    peer.script = obey
    ask(kernel, "on")
    assert told(peer) == [["hello"], ["hello", answer, "on"]]


def test_a_budget_in_dollars_wants_prices(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config budget='0.0004 USD'")
    assert ask(kernel, "one")[0].error == [
        "BadOption: No price is known for mimo-v2-pro, so a budget in USD cannot be kept.",
        "Name it, %mimo_config prices='{\"mimo-v2-pro\": [1, 0.1, 3]}', or set a budget in tokens.",
    ]
    kernel.run("""%mimo_config prices='{"mimo-v2-pro": [10, 10, 10]}'""")
    ask(kernel, "one")
    assert ask(kernel, "two")[0].error == [
        "BudgetExceeded: This prompt of about 31 tokens is more than what is left of the budget: "
        "0.0003 of 0.0004 USD are spent.",
        "%mimo_config budget=… or --budget allows more; %mimo_usage shows what was spent.",
    ]
    assert told(peer) == [talk("one")]


def test_what_was_spent_is_shown_for_each_session(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one two one!")
    ask(kernel, "aside", "--no-history")
    ask(kernel, "three", "--session other -m mimo-v2-flash")
    (table,) = kernel.run("%mimo_usage").documents
    assert [line.split()[:6] for line in table.splitlines()] == [
        ["turn", "model", "input", "cached", "output", "USD"],
        ["1", "mimo-v2-pro", "20", "25", "%", "10"],
        ["2", "mimo-v2-pro", "20", "25", "%", "10"],
        ["3", "mimo-v2-pro", "20", "25", "%", "10"],
        ["beside", "20", "25", "%", "10", "0.0000"],
        ["total", "80", "25", "%", "40", "–"],
    ]
    (table,) = kernel.run("%mimo_usage other").documents
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [["1", "mimo-v2-flash"], ["total", "20"]]
    assert kernel.run("%mimo_usage othr").error == [
        "BadOption: There is no session othr.",
        "Did you mean other?",
    ]


# The window

FULL = "The conversation fills {} of the window of mimo-v2-pro: {} of 1,000 tokens."


def counted(seen: Seen) -> Answer:
    """Obey, and count 280 tokens for each turn; what is a summary says so."""
    text = "They counted." if seen.prompt == SUMMARY_PROMPT else f"You said: {seen.prompt}"
    return stream(seen, replace(reply(text), usage=Usage(140 * len(seen.body["messages"]), 140)))


def fill(kernel: Kernel, peer: Peer, overflow: str) -> Ran:
    """Ask what fills a window of 1,000 tokens, and return the cell that finds it full."""
    peer.script = counted
    kernel.run(f"%mimo_config window=1000 overflow={overflow}")
    *_, warned, last = ask(kernel, WORDS)
    assert notes(warned) == [FULL.format("112 %", "1,120")]
    return last


def notes(ran: Ran) -> list[str]:
    return re.findall("⚠ ([^<]*)", ran.outputs[0]["data"]["text/html"])


def test_a_full_window_is_an_error_unless_turns_may_be_left_out(kernel: Kernel, peer: Peer) -> None:
    assert fill(kernel, peer, "error").error == [
        "ContextWindowExceeded: The request has about 1,121 tokens, and the model takes 1,000, its answer included.",
        "%mimo_config overflow=drop-oldest leaves out the oldest turns, --new begins anew.",
    ]
    assert told(peer) == grown("one two three four")
    assert list(map(" ".join, shown(kernel))) == ["Turn 1 one", "Turn 2 two", "Turn 3 three", "Turn 4 four"]


def test_the_oldest_turns_are_left_out_of_a_full_window_and_the_answer_says_so(
    kernel: Kernel, peer: Peer
) -> None:
    last = fill(kernel, peer, "drop-oldest")
    assert notes(last) == [
        "The 2 oldest turns are left out: the window of mimo-v2-pro is full.",
        FULL.format("84 %", "840"),
    ]
    assert told(peer) == [*grown("one two three four"), talk("three four five")]
    assert "the 2 oldest turns were not sent" in kernel.run("%mimo_session show").documents[0]


def test_the_oldest_turns_are_sent_as_a_summary_and_the_answer_says_so(kernel: Kernel, peer: Peer) -> None:
    last = fill(kernel, peer, "summarise")
    assert remarks(last) == ["The window is full: the model summarises the oldest turns first."]
    assert notes(last) == [
        "The 2 oldest turns are sent as a summary: the window of mimo-v2-pro is full.",
        FULL.format("112 %", "1,120"),
    ]
    opening = [f"{SUMMARY_PREFIX}They counted.", SUMMARY_ACKNOWLEDGMENT]
    assert told(peer) == [
        *grown("one two three four"),
        [*talk("one two"), "You said: two", SUMMARY_PROMPT],
        [*opening, *talk("three four five")],
    ]
    shown = kernel.run("%mimo_session show").outputs[0]["data"]["text/html"]
    assert "Sent in place of older turns" in shown


# Answers that were broken off


def test_an_answer_that_reached_its_limit_goes_on_as_one_turn(kernel: Kernel, peer: Peer) -> None:
    peer.answers(
        lambda seen: stream(seen, reply("The first half", stop="length")),
        lambda seen: stream(seen, reply(" and the second.")),
        obey,
    )
    ask(kernel, "one")
    ran = kernel.run("%mimo -t 0.5 continue", cell="on")
    ask(kernel, "two")
    assert ran.documents == ["The first half and the second."]
    both = "The first half and the second."
    assert told(peer) == [["one"], ["one", "The first half", CONTINUE_PROMPT], ["one", both, "two"]]
    assert list(map(" ".join, shown(kernel))) == ["Turn 1 one", "Turn 2 two"]


def test_a_stopped_answer_goes_on_where_it_stopped(kernel: Kernel, peer: Peer) -> None:
    said = Event()

    def half(seen: Seen) -> Iterator[Any]:
        yield from frames(seen, ["half ", "an answer"], end=False)
        yield 0.3
        said.set()
        yield 60.0

    peer.answers(lambda seen: Answer(half(seen)))
    ran = kernel.run("%%mimo\none", cell="one", when=said.is_set)
    assert ran.documents == ["half an answer"]
    peer.answers(lambda seen: stream(seen, reply(" is whole now.")))
    assert kernel.run("%mimo continue", cell="on").documents == ["half an answer is whole now."]
    assert told(peer) == [["one"], ["one", "half an answer", CONTINUE_PROMPT]]
    assert list(map(" ".join, shown(kernel))) == ["Turn 1 one"]


def test_an_answer_that_came_to_its_end_does_not_go_on(kernel: Kernel, peer: Peer) -> None:
    assert kernel.run("%mimo continue").error == [
        "BadOption: The last answer was not broken off.",
        "Ask something.",
    ]
    ask(kernel, "one")
    ran = kernel.run("%mimo continue")
    assert (ran.status, ran.documents) == ("ok", ["The last answer came to its end: nothing was asked."])
    assert told(peer) == [talk("one")]
    kernel.run("%mimo -- continue")
    kernel.run("%mimo continue like this")
    assert told(peer) == [
        talk("one continue"),
        [*talk("one continue"), "You said: continue", "continue like this"],
    ]


def test_an_answer_of_another_session_goes_on_there(kernel: Kernel, peer: Peer) -> None:
    ask(kernel, "one")
    peer.answers(lambda seen: stream(seen, reply("half", stop="length")), obey)
    ask(kernel, "two", "--session other")
    told(peer)
    kernel.run("%mimo --session other continue")
    assert told(peer) == [["two", "half", CONTINUE_PROMPT]]


def test_a_broken_off_answer_that_is_asked_for_again_goes_on_in_its_new_form(
    kernel: Kernel, peer: Peer
) -> None:
    halves = [
        lambda seen: stream(seen, reply("half", stop="length")),
        lambda seen: stream(seen, reply(" whole")),
    ]
    peer.answers(*halves, *halves, obey)
    for _ in range(2):
        ask(kernel, "one")
        kernel.run("%mimo continue", cell="on")
    ask(kernel, "two")
    assert told(peer) == [*[["one"], ["one", "half", CONTINUE_PROMPT]] * 2, ["one", "half whole", "two"]]
