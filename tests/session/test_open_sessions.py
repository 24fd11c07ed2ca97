"""The open sessions of a kernel, by name."""

from pathlib import Path

import pytest
from support.peer import Peer

from mimo_magics.core.errors import BadOption
from mimo_magics.session.open_sessions import Sessions
from mimo_magics.session.session import Session


@pytest.fixture
def sessions(peer: Peer) -> Sessions:
    """One session in which something was said."""
    sessions = Sessions()
    sessions.current.overrides |= {"base_url": f"{peer.url}/v1", "system": "none"}
    sessions.current.ask("hello")
    return sessions


def state(sessions: Sessions) -> tuple[str, dict[str, int]]:
    return sessions.current.name, {session.name: len(session.turns) for session in sessions}


def test_a_kernel_starts_with_one_session() -> None:
    assert state(Sessions()) == ("main", {"main": 0})


def test_a_new_session_is_the_current_one(sessions: Sessions) -> None:
    sessions.new("critic")
    assert state(sessions) == ("critic", {"main": 1, "critic": 0})
    sessions.switch("main")
    assert state(sessions) == ("main", {"main": 1, "critic": 0})
    assert sessions.list() == ("main", "critic")


def test_new_with_an_existing_name_opens_a_branch_from_the_root(sessions: Sessions) -> None:
    sessions.new("main")
    assert state(sessions) == ("main", {"main": 0})
    assert len(sessions.current.history.all_turns) == 1


def test_a_session_is_renamed_and_deleted(sessions: Sessions) -> None:
    sessions.rename("main", "first")
    sessions.get_or_create("second")
    assert state(sessions) == ("first", {"first": 1, "second": 0})
    sessions.delete("first")
    assert state(sessions) == ("second", {"second": 0})
    sessions.delete("second")
    assert state(sessions) == ("main", {"main": 0})


def test_a_session_replaces_only_an_empty_one_of_its_name(sessions: Sessions, tmp_path: Path) -> None:
    sessions.current.save(tmp_path / "talk.json")
    with pytest.raises(BadOption, match="Session 'main' already exists"):
        sessions.add(Session.load(tmp_path / "talk.json"))
    others = Sessions()
    others.add(Session.load(tmp_path / "talk.json"))
    assert state(others) == ("main", {"main": 1})
    assert others.current.history == sessions.current.history


@pytest.mark.parametrize("name", ["", "7", "a/b", "..", "x" * 65, "a\nb", " a"])
def test_an_invalid_name_is_refused(sessions: Sessions, name: str) -> None:
    for refused in (sessions.new, sessions.get_or_create, lambda name: sessions.rename("main", name)):
        with pytest.raises(BadOption, match="is not a valid session name"):
            refused(name)
    assert state(sessions) == ("main", {"main": 1})


def test_an_unknown_name_gets_a_suggestion(sessions: Sessions) -> None:
    sessions.get_or_create("critic")
    for refused in (sessions.get, sessions.switch, sessions.delete, lambda name: sessions.rename(name, "x")):
        with pytest.raises(BadOption, match="Session 'critik' does not exist") as error:
            refused("critik")
        assert "critic" in error.value.hint


def test_an_existing_name_is_refused(sessions: Sessions) -> None:
    sessions.get_or_create("critic")
    with pytest.raises(BadOption, match="Session 'critic' already exists"):
        sessions.rename("main", "critic")
