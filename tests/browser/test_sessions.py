"""A session that follows the notebook: edited, moved, deleted and re-run cells, also after a restart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.peer import Peer, obey
from support.session_requests import (
    expected_contents,
    expected_requests,
    notice_lines,
    sent_contents,
    transcript_turns,
)

from browser.lab import Page, Server, expect
from browser.live import at, everywhere, opened
from mimo_magics import Session

if TYPE_CHECKING:
    from playwright.sync_api import Browser

both = at(("lab", "python3"), ("notebook", "python3"))
SETUP = "%load_ext mimo_magics\n%mimo_config live=off system=none"
WORDS = "one two three four five"
ONE, TWO, THREE, FOUR, FIVE, LAST = range(1, 7)
"""Indexes of the cells below the setup. The last cell prints the transcript."""


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest, server: Server, browser: Browser) -> Iterator[Page]:
    with opened(server, browser, request.param) as page:
        yield page


@pytest.fixture(autouse=True)
def _nothing_was_said(page: Page, model: Peer) -> Iterator[None]:
    page.fill("%unload_ext mimo_magics\n%load_ext mimo_magics")
    run(page, 0)
    model.script = obey
    model.requests.clear()
    yield
    for saved in page.server.folder.glob("*.mimo.json"):
        saved.unlink()


def prompt(word: str, options: str = "") -> str:
    return f"%%mimo {options}\n{word}"


def write(page: Page, setup: str = SETUP) -> None:
    page.fill(setup, *map(prompt, WORDS.split()), "%mimo_session show")


def run(page: Page, *cells: int) -> None:
    for cell in cells:
        page.run(cell)
        page.wait_idle()


def run_all(page: Page) -> None:
    page.run_all()
    page.wait_idle()


def edit_and_run(page: Page, cell: int, source: str) -> None:
    """Edit and run a cell, and then the cell that prints the transcript."""
    page.edit(cell, source)
    run(page, cell, LAST)


def notices(page: Page, cell: int) -> list[str]:
    return notice_lines(page.outputs(cell)[0])


def shown(page: Page) -> list[str]:
    (output,) = page.outputs(LAST)
    return list(map(" ".join, transcript_turns(output["data"]["text/plain"])))


@everywhere
def test_a_re_run_of_an_edited_cell_replaces_its_turn(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    assert sent_contents(model) == expected_requests(WORDS)
    edit_and_run(page, FIVE, prompt("five!"))
    assert sent_contents(model) == [expected_contents("one two three four five!")]
    assert notices(page, FIVE) == ["Replaced turn 5. The previous version is branch 5."]
    edit_and_run(page, THREE, prompt("three!"))
    assert sent_contents(model) == [expected_contents("one two three!")]
    line = "Replaced turn 3. The previous version, with 2 later turns, is branch 6."
    stale = "To update the later replies, run their cells again: 4 «four», 5 «five!»."
    assert notices(page, THREE) == [line, stale]
    expect(page.output(THREE)).to_contain_text(stale)
    assert shown(page) == [
        "Turn 1 one",
        "Turn 2 two",
        "Turn 3 three!",
        "Stale: branch 4 four",
        "Stale: branch 6 five!",
    ]
    edit_and_run(page, ONE, prompt("one!"))
    assert sent_contents(model) == [expected_contents("one!")]
    assert shown(page)[:2] == ["Turn 1 one!", "Stale: branch 2 two"]
    assert len(shown(page)) == 5


@both
def test_run_all_sends_the_same_requests_also_in_a_new_kernel(page: Page, model: Peer) -> None:
    write(page)
    page.edit(THREE, prompt("three", "--new"))
    expected = [*expected_requests("one two"), *expected_requests("three four five")]
    for _ in range(2):
        run_all(page)
        assert sent_contents(model) == expected
    page.restart()
    run_all(page)
    assert sent_contents(model) == expected
    assert shown(page) == ["Turn 1 three", "Turn 2 four", "Turn 3 five"]


@both
def test_a_moved_cell_keeps_its_turn_until_it_runs(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    sent_contents(model)
    page.change(THREE, "move-cell-up")
    run(page, TWO, LAST)
    assert sent_contents(model) == [expected_contents("one two three")]
    assert shown(page)[2:] == ["Turn 3 three", "Stale: branch 4 four", "Stale: branch 5 five"]
    run_all(page)
    assert sent_contents(model) == expected_requests("one three two four five")


@both
def test_the_turn_of_a_deleted_cell_leaves_the_session(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    sent_contents(model)
    page.change(THREE, "delete-cell")
    run(page, THREE, LAST - 1)
    assert sent_contents(model) == [expected_contents("one two four")]
    assert notices(page, THREE) == [
        "Removed the turn of a deleted cell. The previous version is branch 5.",
        "Replaced turn 3. The previous version, with 1 later turn, is branch 7.",
    ]
    run_all(page)
    assert sent_contents(model) == expected_requests("one two four five")


@both
def test_a_cut_and_pasted_cell_keeps_its_id(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    sent_contents(model)
    page.change(TWO, "cut-cell")
    page.change(FIVE - 1, "paste-cell-below")
    run(page, FIVE)
    assert sent_contents(model) == [expected_contents("one two")]
    run_all(page)
    assert sent_contents(model) == expected_requests("one three four five two")
    page.change(FIVE, "cut-cell")
    page.change(ONE, "paste-cell-below")
    run_all(page)
    assert sent_contents(model) == expected_requests("one two three four five")


@both
def test_a_copied_cell_has_its_own_turn(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    sent_contents(model)
    page.change(TWO, "copy-cell", "paste-cell-below")
    run(page, TWO + 1)
    assert sent_contents(model) == [expected_contents(f"{WORDS} two")]


@both
def test_a_re_run_after_a_reload_replaces_its_turn(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    page.save()
    page.reload()
    page.wait_idle()
    sent_contents(model)
    edit_and_run(page, FOUR, prompt("four!"))
    assert sent_contents(model) == [expected_contents("one two three four!")]
    assert shown(page)[3:] == ["Turn 4 four!", "Stale: branch 5 five"]


@both
def test_a_session_is_resumed_from_the_saved_notebook(page: Page, model: Peer) -> None:
    write(page)
    run_all(page)
    edit_and_run(page, FOUR, prompt("four!"))
    path = page.save()
    page.restart()
    sent_contents(model)
    page.edit(0, f"{SETUP}\n%mimo_session resume")
    run(page, 0)
    assert f"Resumed from {path.name}. Session main has 4 turns." in page.output(0).inner_text()
    run(page, FIVE)
    assert sent_contents(model) == [expected_contents("one two three four! five")]
    edit_and_run(page, TWO, prompt("two!"))
    assert sent_contents(model) == [expected_contents("one two!")]
    assert shown(page)[1:3] == ["Turn 2 two!", "Stale: branch 3 three"]


REUSED = re.compile(
    r"Reused the reply of \d{4}-\d\d-\d\d \(request unchanged\)\. Use --fresh to call the model again\."
)


def reused(page: Page) -> list[bool]:
    """Return for each reply whether it was reused."""
    return [any(map(REUSED.fullmatch, notices(page, cell))) for cell in range(ONE, LAST)]


@both
def test_replies_of_the_saved_notebook_are_reused_until_a_request_changes(page: Page, model: Peer) -> None:
    write(page, f"{SETUP} run_all=keep")
    run_all(page)
    page.save()
    page.restart()
    sent_contents(model)
    run_all(page)
    assert (sent_contents(model), reused(page)) == ([], [True] * 5)
    page.edit(THREE, prompt("three!"))
    run_all(page)
    assert sent_contents(model) == expected_requests("one two three! four five")[2:]
    assert reused(page) == [True, True, False, False, False]
    page.edit(FIVE, prompt("five", "--fresh"))
    run_all(page)
    assert sent_contents(model) == [expected_contents("one two three! four five")]
    assert reused(page) == [True, True, True, True, False]


@both
def test_replies_are_reused_if_the_notebook_is_saved_while_it_runs(page: Page, model: Peer) -> None:
    write(page, f"{SETUP} run_all=keep")
    run_all(page)
    page.save()
    page.restart()
    sent_contents(model)
    run(page, 0, ONE)
    page.execute("notebook:clear-all-cell-outputs")
    page.save()
    run_all(page)
    assert (sent_contents(model), reused(page)) == ([], [True] * 5)


DIE = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@both
def test_a_session_outlives_its_kernel_in_a_file_beside_the_notebook(page: Page, model: Peer) -> None:
    write(page, f"{SETUP} autosave=on")
    run_all(page)
    edit_and_run(page, THREE, prompt("three!"))
    before = shown(page)
    (path,) = page.server.folder.glob("*.mimo.json")
    session = Session.load(path)
    assert [turn.prompt.text for turn in session.turns] == ["one", "two", "three!"]
    assert str(session.show()) == page.outputs(LAST)[0]["data"]["text/plain"]
    page.edit(FIVE, DIE)
    page.run(FIVE)
    page.window.get_by_role("dialog").get_by_role("button", name="Ok").click()
    page.wait_idle()
    sent_contents(model)
    page.edit(0, f"{SETUP} autosave=on\n%mimo_session resume")
    run(page, 0, LAST)
    assert shown(page) == before
    run(page, FOUR)
    assert sent_contents(model) == [expected_contents("one two three! four")]
    assert [turn.prompt.text for turn in Session.load(path).turns] == ["one", "two", "three!", "four"]
