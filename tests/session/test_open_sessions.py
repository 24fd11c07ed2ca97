"""The sessions of a kernel, by name."""

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


def test_a_kernel_begins_with_one_session() -> None:
    assert state(Sessions()) == ("main", {"main": 0})


def test_a_new_session_is_gone_on_with(sessions: Sessions) -> None:
    sessions.new("critic")
    assert state(sessions) == ("critic", {"main": 1, "critic": 0})
    sessions.switch("main")
    assert state(sessions) == ("main", {"main": 1, "critic": 0})
    assert sessions.list() == ("main", "critic")


def test_a_new_session_of_an_old_name_is_a_new_conversation_in_it(sessions: Sessions) -> None:
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


def test_a_session_is_taken_in_where_nothing_is_lost(sessions: Sessions, tmp_path: Path) -> None:
    sessions.current.save(tmp_path / "talk.json")
    with pytest.raises(BadOption, match="Session 'main' already exists"):
        sessions.add(Session.load(tmp_path / "talk.json"))
    others = Sessions()
    others.add(Session.load(tmp_path / "talk.json"))
    assert state(others) == ("main", {"main": 1})
    assert others.current.history == sessions.current.history


@pytest.mark.parametrize("name", ["", "7", "a/b", "..", "x" * 65, "a\nb", " a"])
def test_what_cannot_be_a_name_is_refused(sessions: Sessions, name: str) -> None:
    for refused in (sessions.new, sessions.get_or_create, lambda name: sessions.rename("main", name)):
        with pytest.raises(BadOption, match="is not a valid session name"):
            refused(name)
    assert state(sessions) == ("main", {"main": 1})


def test_what_is_not_there_is_suggested(sessions: Sessions) -> None:
    sessions.get_or_create("critic")
    for refused in (sessions.get, sessions.switch, sessions.delete, lambda name: sessions.rename(name, "x")):
        with pytest.raises(BadOption, match="Session 'critik' does not exist") as error:
            refused("critik")
        assert "critic" in error.value.hint


def test_a_name_that_is_taken_is_refused(sessions: Sessions) -> None:
    sessions.get_or_create("critic")
    with pytest.raises(BadOption, match="Session 'critic' already exists"):
        sessions.rename("main", "critic")
