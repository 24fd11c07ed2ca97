"""In which session a cell asks, as which cell, and which replies it reuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.kernel import Kernel, Ran
from support.peer import KEY, Peer
from support.session_cells import (
    WORDS,
    cell_notices,
    enable_autosave,
    listed_sessions,
    reload_extension,
    run_prompts,
    saved_prompts,
)
from support.session_requests import expected_contents, expected_requests, sent_contents

from mimo_magics import Session
from mimo_magics.notebook.session_selection import NO_CELL_ID_NOTICE


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Where the notebook is to be."""
    return tmp_path / "talk.ipynb"


def test_the_id_option_identifies_a_cell_and_overrides_the_front_end(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one")
    kernel.run("%%mimo --id second\ntwo", cell="a")
    run_prompts(kernel, "three")
    kernel.run("%%mimo --id second\ntwo!", cell="b")
    kernel.run("%mimo --id second two!!", cell="one")
    assert sent_contents(peer) == [
        *expected_requests("one two three"),
        expected_contents("one two!"),
        expected_contents("one two!!"),
    ]


def test_a_busy_session_follows_deleted_cells_with_its_next_prompt(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    kernel.run("busy = mimo_magics.sessions().current.lock.hold(); busy.__enter__()")
    assert kernel.run("%%mimo --session other\nthree", deleted=("one",)).status == "ok"
    kernel.run("busy.__exit__(None, None, None)")
    sent_contents(peer)
    run_prompts(kernel, "four")
    assert sent_contents(peer) == [expected_contents("two four")]


def test_append_adds_a_turn_in_a_re_run(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two")
    (ran,) = run_prompts(kernel, "one", "--append")
    assert sent_contents(peer) == [*expected_requests("one two"), expected_contents("one two one")]
    assert cell_notices(ran) == []


def test_the_turns_of_deleted_cells_stay_as_a_branch(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, WORDS)
    sent_contents(peer)
    kernel.run("1 + 1", deleted=("two",))
    (ran,) = run_prompts(kernel, "six")
    assert sent_contents(peer) == [expected_contents("one three four five six")]
    assert cell_notices(ran) == ["Removed the turn of a deleted cell. The previous version is branch 5."]
    ran = kernel.run("%%mimo\nseven", deleted=("three", "four", "missing"))
    assert sent_contents(peer) == [expected_contents("one five six seven")]
    assert cell_notices(ran) == ["Removed 2 turns of deleted cells. The previous version is branch 9."]


def test_a_cut_and_pasted_cell_keeps_its_turn_once_it_runs(kernel: Kernel, peer: Peer) -> None:
    cells = ["one", "two", "three"]
    run_prompts(kernel, "one two three")
    sent_contents(peer)
    codes = [f"%%mimo\n{cell}" for cell in cells]
    kernel.run_all(codes, cells=cells, deleted=("two",))  # as JupyterLab tells it until a cell is over
    assert sent_contents(peer) == expected_requests("one two three")
    kernel.run_all(codes, cells=cells)
    kernel.run("%%mimo\nfour", cell="four", deleted=("two",))
    assert sent_contents(peer) == [*expected_requests("one two three"), expected_contents("one three four")]


def test_a_pasted_cell_runs_at_its_old_place(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two three")
    sent_contents(peer)
    kernel.run("%%mimo\nfour", cell="four", deleted=("one", "two"))
    (pasted,) = run_prompts(kernel, "two!")
    run_prompts(kernel, "five")
    assert sent_contents(peer) == [
        expected_contents("three four"),
        expected_contents("two!"),
        expected_contents("two! five"),
    ]
    assert cell_notices(pasted) == [
        "Replaced turn 1. The previous version, with 2 later turns, is branch 8.",
        "To update the later replies, run their cells again: 2 «three», 3 «four».",
    ]
    run_prompts(kernel, "one!")
    assert sent_contents(peer) == [expected_contents("one!")]


def test_a_cell_may_use_another_session_without_switching(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one")
    first, second = run_prompts(kernel, "two three", "--session other")
    run_prompts(kernel, "four")
    run_prompts(kernel, "two!", "--session other")
    assert sent_contents(peer) == [
        *expected_requests("one"),
        *expected_requests("two three"),
        expected_contents("one four"),
        expected_contents("two!"),
    ]
    assert (cell_notices(first), cell_notices(second)) == (["Started session other."], [])
    assert listed_sessions(kernel) == [
        ("→", "main", "2", "1", "40", "20", "–"),
        ("", "other", "1", "2", "20", "10", "–"),
    ]


def test_each_session_is_saved_beside_the_notebook_after_each_turn(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one two")
    run_prompts(kernel, "three", "--session other")
    main, other = notebook.with_name("talk.mimo.json"), notebook.with_name("talk.other.mimo.json")
    assert (saved_prompts(main), saved_prompts(other)) == (["one", "two"], ["three"])
    run_prompts(kernel, "one!")
    assert saved_prompts(main) == ["one!"]
    assert [len(branch.turns) for branch in Session.load(main).branches()] == [2, 1]
    kernel.run("%mimo_session undo")
    assert saved_prompts(main) == []
    assert listed_sessions(kernel) == [
        ("→", "main", "0", "2", "0", "0", "talk.mimo.json"),
        ("", "other", "1", "1", "20", "10", "talk.other.mimo.json"),
    ]


def test_a_renamed_notebook_moves_its_session_files(kernel: Kernel, peer: Peer, notebook: Path) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one")
    run_prompts(kernel, "two", "--session other")
    enable_autosave(kernel, notebook.with_name("new.ipynb"))
    first, second = run_prompts(kernel, "three four")
    assert (cell_notices(first), cell_notices(second)) == (
        ["The session file talk.mimo.json was moved to new.mimo.json."],
        [],
    )
    assert cell_notices(run_prompts(kernel, "five", "--session other")[0]) == [
        "The session file talk.other.mimo.json was moved to new.other.mimo.json."
    ]
    assert {each.name: saved_prompts(each) for each in notebook.parent.iterdir()} == {
        "new.mimo.json": ["one", "three", "four"],
        "new.other.mimo.json": ["two", "five"],
    }


def test_a_copied_notebook_keeps_its_file_and_an_existing_file_keeps_its_turns(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    notebook.write_text("{}")
    new = notebook.with_name("new.mimo.json")
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one")
    older = Session(base_url=f"{peer.url}/v1", model="mimo-test")
    older.ask("older")
    older.save(new)
    enable_autosave(kernel, notebook.with_name("new.ipynb"))
    (ran,) = run_prompts(kernel, "two")
    assert cell_notices(ran) == ["The session is now saved in new.mimo.json; talk.mimo.json is unchanged."]
    assert (saved_prompts(notebook.with_name("talk.mimo.json")), saved_prompts(new)) == (
        ["one"],
        ["one", "two"],
    )
    assert [branch.turns[-1].prompt.text for branch in Session.load(new).branches()] == ["older", "two"]


def test_a_missing_notebook_is_an_error_that_names_the_setting(kernel: Kernel, notebook: Path) -> None:
    kernel.run(f"%mimo_config notebook='{notebook}'")
    assert kernel.run("%mimo_session resume").error == [
        f"BadSessionFile: {str(notebook)!r} cannot be read: No such file or directory.",
        "If you renamed the notebook, set its path: %mimo_config notebook=PATH",
    ]


def test_a_damaged_file_stays_unchanged_and_nothing_is_sent(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    path = notebook.with_name("talk.mimo.json")
    path.write_text('{"format": "mimo-magics session", "turns": [', encoding="utf-8")
    enable_autosave(kernel, notebook)
    (ran,) = run_prompts(kernel, "one")
    resumed = kernel.run("%mimo_session resume")
    assert ran.error == resumed.error
    assert ran.error[0].startswith(f"BadSessionFile: {path} is not valid JSON: ")
    assert ran.error[1:] == ["The file was not changed. Restore it from a backup."]
    assert path.read_text(encoding="utf-8") == '{"format": "mimo-magics session", "turns": ['
    assert sent_contents(peer) == []
    kernel.run("%mimo_config autosave=off")
    assert run_prompts(kernel, "one")[0].documents == ["You said: one"]


def test_nothing_is_sent_if_the_path_of_the_file_is_unknown(kernel: Kernel, peer: Peer) -> None:
    kernel.run("%mimo_config autosave=on")
    assert run_prompts(kernel, "one")[0].error == [
        "BadOption: The front end does not report the path of the notebook.",
        "Set it: %mimo_config notebook=PATH.ipynb",
    ]
    assert sent_contents(peer) == []


REUSED = r"Reused the reply of \d{4}-\d\d-\d\d \(request unchanged\)\. Use --fresh to call the model again\."


def are_kept(runs: list[Ran]) -> list[bool]:
    return [bool(re.fullmatch(REUSED, "".join(cell_notices(ran)))) for ran in runs]


def test_a_reply_is_reused_while_no_turn_before_it_changes(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one two three")
    sent_contents(peer)
    kernel.run("%mimo_config run_all=keep")
    assert are_kept(run_prompts(kernel, "one two three")) == [True, True, True]
    assert sent_contents(peer) == []
    assert are_kept(run_prompts(kernel, "one two! three")) == [True, False, False]
    assert sent_contents(peer) == [expected_contents("one two!"), expected_contents("one two! three")]
    assert are_kept([*run_prompts(kernel, "one two!"), *run_prompts(kernel, "three", "-t 0.5")]) == [
        True,
        True,
        False,
    ]
    assert sent_contents(peer) == [expected_contents("one two! three")]


def test_fresh_calls_the_model_instead_of_reusing_a_reply(kernel: Kernel, peer: Peer) -> None:
    run_prompts(kernel, "one")
    kernel.run("%mimo_config run_all=keep")
    assert are_kept([*run_prompts(kernel, "one", "--fresh"), *run_prompts(kernel, "one")]) == [False, True]
    assert sent_contents(peer) == [expected_contents("one"), expected_contents("one")]


def test_replies_of_the_session_file_are_reused_in_another_kernel(
    kernel: Kernel, peer: Peer, notebook: Path
) -> None:
    enable_autosave(kernel, notebook)
    run_prompts(kernel, "one two")
    sent_contents(peer)
    enable_autosave(reload_extension(kernel), notebook)
    kernel.run("%mimo_config run_all=keep")
    runs = run_prompts(kernel, "one two three")
    assert (are_kept(runs), sent_contents(peer)) == (
        [True, True, False],
        [expected_contents("one two three")],
    )


@pytest.mark.parametrize("magic", ["%%mimo\n", "%mimo ", "%%mimo_compare --repeat 2\n"])
@pytest.mark.parametrize("place", ["no/such/folder/talk.ipynb", "a-file/talk.ipynb", "taken/talk.ipynb"])
def test_a_folder_that_cannot_be_written_is_an_error_before_a_prompt_is_sent(
    kernel: Kernel, peer: Peer, tmp_path: Path, place: str, magic: str
) -> None:
    (tmp_path / "a-file").write_text("", encoding="utf-8")
    (tmp_path / "taken" / "talk.mimo.json").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    enable_autosave(kernel, tmp_path / place)
    for _ in range(2):
        fact, advice = kernel.run(f"{magic}one").error
        assert fact.startswith("SessionNotSaved: ")
        assert "talk.mimo.json cannot be written: " in fact
        assert advice == (
            "Nothing was sent. Set another path with %mimo_config notebook=PATH.ipynb, or turn saving off with autosave=off."
        )
    assert (peer.requests, sorted(tmp_path.rglob("*"))) == ([], before)
    enable_autosave(kernel, tmp_path / "talk.ipynb")
    assert kernel.run(f"{magic}one").error == []


def test_a_deleted_folder_is_an_error_before_the_next_prompt_is_sent(
    kernel: Kernel, peer: Peer, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    enable_autosave(kernel, folder / "talk.ipynb")
    run_prompts(kernel, "one")
    (folder / "talk.mimo.json").unlink()
    folder.rmdir()
    (ran,) = run_prompts(kernel, "two")
    assert ran.error[1].startswith("Nothing was sent. Set another path with %mimo_config notebook=PATH.ipynb")
    assert sent_contents(peer) == [expected_contents("one")]
    enable_autosave(kernel, tmp_path / "talk.ipynb")
    run_prompts(kernel, "two")
    assert saved_prompts(tmp_path / "talk.mimo.json") == ["one", "two"]


def test_a_large_prompt_that_stays_in_the_session_gets_one_notice(kernel: Kernel, peer: Peer) -> None:
    kernel.run("report = 'word ' * 10_000")
    (ran,) = run_prompts(kernel, "{report}")
    (notice,) = cell_notices(ran)
    assert re.fullmatch(
        r"The prompt has about 1\d,\d{3} tokens, which stay in the session and are sent with each later prompt\. "
        r"Use --no-history for a one-off prompt\.",
        notice,
    )
    assert cell_notices(run_prompts(kernel, "short")[0]) == []
    assert cell_notices(run_prompts(kernel, "{report}", "--no-history")[0]) == []


def test_a_notebook_that_reports_no_cell_ids_gets_one_notice(peer: Peer, tmp_path: Path) -> None:
    environment = {"MIMO_API_KEY": KEY, "MIMO_BASE_URL": f"{peer.url}/v1", "JPY_SESSION_NAME": "talk.ipynb"}
    with Kernel(tmp_path, console=True, **environment) as kernel:
        kernel.run("%load_ext mimo_magics")
        unattended = kernel.run("%%mimo\nzero", watched=False)
        assert [cell_notices(unattended), *map(cell_notices, run_prompts(kernel, "one two"))] == [
            [],
            [NO_CELL_ID_NOTICE],
            [],
        ]
