"""The turns of deleted and restored cells."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.peer import Peer, error
from support.peer_sessions import (
    ask,
    create_session,
    current_prompts,
    describe_branches,
    expected_body,
    get_time,
    notices,
    request_bodies,
    run_cells,
)

from mimo_magics.core.errors import MimoError, SessionNotSaved
from mimo_magics.session.autosave import attach_file
from mimo_magics.session.deleted_cells import remove_cells, restore_cell
from mimo_magics.session.history import History
from mimo_magics.session.session import Session
from mimo_magics.tools.registry import as_tools


@pytest.mark.parametrize(
    ("cells", "left", "expected"),
    [
        ({"b"}, "a c", ("Removed the turn of a deleted cell. The previous version is branch 3.",)),
        (
            {"a", "b"},
            "c",
            ("Removed 2 turns of deleted cells. The previous version is branch 3.",),
        ),
        ({"z"}, "a b c", ()),
    ],
    ids=["one", "two", "none"],
)
def test_deleted_cells_leave_the_line_and_the_next_reply_has_a_notice(
    peer: Peer, cells: set[str], left: str, expected: tuple[str, ...]
) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c")
    remove_cells(chat, cells)
    assert current_prompts(chat) == left
    assert [notices(chat, "d"), notices(chat, "e")] == [expected, ()]
    assert request_bodies(peer, 3) == [
        expected_body(*left.split(), "d"),
        expected_body(*left.split(), "d", "e"),
    ]
    assert chat.history.path_to(2) == (0, 1, 2)


@pytest.mark.parametrize(
    ("cell", "past", "place"),
    [
        ("a", [], "turn 1. The previous version, with 3 later turns,"),
        ("b", ["a"], "turn 2. The previous version, with 2 later turns,"),
        ("c", ["a", "b"], "turn 3. The previous version, with 1 later turn,"),
    ],
)
def test_a_pasted_cell_replaces_its_turn_at_its_old_place(
    peer: Peer, cell: str, past: list[str], place: str
) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c")
    remove_cells(chat, {cell})
    run_cells(chat, "d")
    restore_cell(chat, cell)
    assert current_prompts(chat) == "a b c d"
    notice, *_ = notices(chat, "again", cell=cell)
    assert notice.startswith(f"Replaced {place}")
    assert request_bodies(peer)[-1] == expected_body(*past, "again")
    assert ("a b c d" in [way for _, way, _ in describe_branches(chat)], current_prompts(chat)) == (
        True,
        " ".join([*past, "again"]),
    )


def test_a_failed_re_run_of_a_pasted_cell_restores_its_turn(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    remove_cells(chat, {"a"})
    restore_cell(chat, "a")
    peer.answers(error(400))
    with pytest.raises(MimoError):
        ask(chat, "again", cell="a")
    assert current_prompts(chat) == "a b"


def test_no_cell_is_restored_after_clear(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    remove_cells(chat, {"a"})
    chat.clear()
    for cell in ("a", "z", ""):
        restore_cell(chat, cell)
    assert chat.history == History()


def test_a_cached_reply_leaves_the_notice_of_deleted_cells_to_the_next_reply(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    remove_cells(chat, {"b"})
    saved, sent = notices(chat, "a", cell="a", run_all="keep"), notices(chat, "c")
    assert (len(saved), saved[0][:9]) == (1, "Reused th")
    assert sent == ("Removed the turn of a deleted cell. The previous version is branch 2.",)


def test_clear_drops_pending_notices(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    remove_cells(chat, {"a"})
    chat.clear()
    assert notices(chat, "c") == ()


def lose_folder(chat: Session, folder: Path) -> None:
    """Save the session in a folder, and put a file in the place of the folder."""
    folder.mkdir()
    attach_file(chat, folder / "main.json")
    folder.rmdir()
    folder.write_text("")


def test_a_cell_can_be_restored_after_its_deletion_could_not_be_saved(peer: Peer, tmp_path: Path) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    lose_folder(chat, tmp_path / "folder")
    with pytest.raises(SessionNotSaved):
        remove_cells(chat, {"a"})
    assert current_prompts(chat) == "b"
    chat.file = None
    restore_cell(chat, "a")
    assert current_prompts(chat) == "a b"


def test_clear_counts_the_usage_also_if_the_file_cannot_be_written(peer: Peer, tmp_path: Path) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    lose_folder(chat, tmp_path / "folder")
    with pytest.raises(SessionNotSaved):
        chat.clear()
    assert (chat.turns, chat.spending.tokens) == ((), 60)


def test_a_new_branch_clears_approvals_also_if_the_file_cannot_be_written(tmp_path: Path) -> None:
    chat = Session()
    lose_folder(chat, tmp_path / "folder")
    chat.trusted_tools["tide"] = as_tools([get_time])[0]
    with pytest.raises(SessionNotSaved):
        chat.start_branch()
    assert chat.trusted_tools == {}
