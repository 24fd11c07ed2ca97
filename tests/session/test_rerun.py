"""Re-runs, branches, forks and deleted cells, against a server that records every request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from support.peer import SILENCE, Answer, Peer, error, obey, stream
from support.peer_sessions import (
    CALL,
    api_base_url,
    ask,
    cancel_after_request,
    create_session,
    current_prompts,
    describe_branches,
    expected_body,
    interrupt_turn,
    notices,
    request_bodies,
    run_cells,
)

from mimo_magics.client import http
from mimo_magics.core.errors import BadOption, MimoError, SessionBusy
from mimo_magics.core.messages import ToolResult
from mimo_magics.session.deleted_cells import remove_cells
from mimo_magics.session.history import Branch, History
from mimo_magics.session.session import Session

pytestmark = pytest.mark.anyio
CELLS = ["a", "b", "c", "d", "e"]


# Re-runs


@pytest.mark.parametrize("failing", [error(400), Answer([b"data: {oops\n\n"])], ids=["refused", "malformed"])
def test_a_failed_re_run_leaves_the_session_unchanged(peer: Peer, failing: Answer) -> None:
    chat = create_session(peer)
    run_cells(chat, *CELLS)
    before = chat.history
    peer.answers(failing)
    with pytest.raises(MimoError):
        ask(chat, "again", cell="b")
    assert chat.history == before
    peer.script = obey
    ask(chat, "next")
    assert request_bodies(peer)[-1] == expected_body(*CELLS, "next")


async def test_a_re_run_that_is_stopped_before_a_reply_leaves_the_session_unchanged(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    before = chat.history
    peer.answers(Answer([SILENCE]))
    await cancel_after_request(peer, chat.stream("again", cell="a"))
    assert chat.history == before
    await http.aclose()


def test_an_interrupted_re_run_replaces_its_turn(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c")
    interrupt_turn(chat, peer, "again", cell="b")
    assert (chat.turns[-1].reply.text, chat.turns[-1].reply.stop) == ("Half an ", "interrupted")
    assert describe_branches(chat) == [(3, "a b c", False), (4, "a again", True)]


# Branches from the root


def test_a_failed_call_opens_no_branch(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a")
    peer.answers(error(400))
    with pytest.raises(MimoError):
        ask(chat, "n", cell="n", new=True)
    peer.script = obey
    ask(chat, "b")
    assert request_bodies(peer)[-1] == expected_body("a", "b")


def test_a_branch_can_be_opened_before_a_prompt_is_sent(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a")
    chat.start_branch()
    assert (current_prompts(chat), describe_branches(chat)) == ("", [(1, "a", False)])
    ask(chat, "b")
    assert request_bodies(peer)[-1] == expected_body("b")


# Undo, switch and fork


def test_undone_turns_stay_as_a_branch(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c")
    turns = chat.turns
    assert chat.undo() == turns[2:]
    assert chat.undo(5) == turns[:2]
    assert (chat.turns, describe_branches(chat)) == ((), [(3, "a b c", False)])
    ask(chat, "d")
    assert request_bodies(peer)[-1] == expected_body("d")


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_turn_cannot_be_undone(peer: Peer, count: int) -> None:
    chat = create_session(peer)
    run_cells(chat, "a")
    with pytest.raises(BadOption):
        chat.undo(count)
    assert current_prompts(chat) == "a"


def test_an_empty_session_has_no_turn_to_undo() -> None:
    with pytest.raises(BadOption):
        Session().undo()


def test_a_session_can_switch_to_any_branch_and_any_turn(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c")
    run_cells(chat, "b", words="!")
    chat.switch(3)
    ask(chat, "d")
    chat.switch(1)
    ask(chat, "e")
    assert request_bodies(peer, 4) == [expected_body("a", "b", "c", "d"), expected_body("a", "e")]
    assert describe_branches(chat) == [(4, "a b!", False), (5, "a b c d", False), (6, "a e", True)]


def test_a_branch_is_a_value(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    chat.undo()
    one, two = chat.history.all_turns
    assert chat.branches() == (Branch(1, (one,), is_current=True), Branch(2, (one, two), is_current=False))


@pytest.mark.parametrize("number", [0, -1, 4])
def test_an_unknown_branch_is_refused_with_the_available_ones(peer: Peer, number: int) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "b")
    with pytest.raises(BadOption) as refused:
        chat.switch(number)
    assert (str(refused.value), refused.value.hint) == (
        f"There is no branch {number}.",
        "Available: 2, 3.",
    )
    assert current_prompts(chat) == "a b"


def test_an_empty_session_has_no_branch() -> None:
    with pytest.raises(BadOption) as refused:
        Session().switch(1)
    assert (Session().branches(), refused.value.hint) == ((), "Available: none yet.")


@pytest.mark.parametrize(("at", "begins"), [(None, "a b c"), (3, "a b c"), (1, "a"), (0, "")])
def test_a_fork_has_the_turns_and_settings_and_is_independent(
    peer: Peer, at: int | None, begins: str
) -> None:
    chat = create_session(peer, temperature=0.5)
    chat.started_on = date(2026, 3, 20)
    run_cells(chat, "a", "b", "c")
    other = chat.fork("other", at)
    assert (other.name, current_prompts(other), other.settings, other.started_on) == (
        "other",
        begins,
        chat.settings,
        chat.started_on,
    )
    ask(other, "x")
    ask(chat, "y")
    assert [seen["messages"] for seen in request_bodies(peer, 3)] == [
        expected_body(*begins.split(), "x")["messages"],
        expected_body("a", "b", "c", "y")["messages"],
    ]


def test_a_re_run_in_a_fork_replaces_its_turn_there(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "c")
    other = chat.fork("other")
    run_cells(other, "b", words="!")
    assert (current_prompts(other), current_prompts(chat)) == ("a b!", "a b c")


def test_a_fork_of_a_branch_has_only_its_turns(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a")
    run_cells(chat, "n", new=True)
    other = chat.fork("other")
    assert other.history == History().append_turn(chat.history.all_turns[1])


@pytest.mark.parametrize("at", [-1, 3])
def test_a_fork_at_an_unknown_turn_is_refused(peer: Peer, at: int) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    with pytest.raises(BadOption) as refused:
        chat.fork("other", at)
    assert (str(refused.value), refused.value.hint) == (
        f"There is no turn {at}.",
        "Number of turns: 2.",
    )


def test_clear_deletes_all_branches(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b", "a")
    chat.started_on = date(2026, 3, 20)
    chat.clear()
    assert (chat.history, chat.started_on) == (History(), date.today())  # noqa: DTZ011


def test_clear_keeps_the_spending(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    assert chat.spending.tokens == 60
    chat.clear()
    assert chat.spending.tokens == 60


# While a turn runs


@pytest.mark.parametrize(
    "change",
    [
        lambda chat: chat.undo(),
        lambda chat: chat.switch(1),
        lambda chat: chat.start_branch(),
        lambda chat: chat.clear(),
        lambda chat: remove_cells(chat, {"a"}),
        lambda chat: chat.ask("two"),
        lambda chat: chat.ask(None),
    ],
    ids=["undo", "switch", "begin", "clear", "forget", "ask", "go on"],
)
async def test_nothing_changes_the_history_while_a_turn_runs(
    peer: Peer, change: Callable[[Session], object]
) -> None:
    chat = create_session(peer)
    async with chat.stream("a", cell="a") as running:
        async for _ in running:
            pass
    started = chat.started_on = date(2026, 3, 20)
    before = chat.history
    async with chat.stream("b") as running:
        with pytest.raises(SessionBusy):
            await asyncio.to_thread(change, chat)
        assert (chat.history, chat.started_on) == (before, started)
        async for _ in running:
            pass
    assert current_prompts(chat) == "a b"
    await http.aclose()


def test_a_tool_cannot_change_the_session_that_calls_it(peer: Peer) -> None:
    def get_time() -> str:
        """Tell the time, and forget all."""
        chat.clear()
        return "12:00"

    chat = create_session(peer, tools=[get_time])
    run_cells(chat, "a")
    peer.answers(lambda seen: stream(seen, CALL), obey)
    run_cells(chat, "b")
    results = [part for part in chat.turns[-1].reply.message.parts if isinstance(part, ToolResult)]
    assert [(result.output, result.is_error) for result in results] == [
        ("mimo_magics.core.errors.SessionBusy: The session is busy: another turn is running.", True)
    ]
    assert current_prompts(chat) == "a b"


async def test_a_session_can_be_read_and_forked_while_a_turn_runs(peer: Peer) -> None:
    chat = create_session(peer)
    async with chat.stream("a") as running:
        async for _ in running:
            pass
    async with chat.stream("b"):
        assert describe_branches(chat) == [(1, "a", True)]
        assert current_prompts(chat.fork("other")) == "a"
    await http.aclose()


@pytest.mark.parametrize(
    "refused", [{"preset": "nowhere"}, {"prompt": " "}, {"web_search": "on", "api": "anthropic"}], ids=str
)
def test_an_invalid_prompt_or_setting_leaves_the_session_usable(
    peer: Peer, refused: dict[str, object]
) -> None:
    chat = create_session(peer)
    run_cells(chat, "a", "b")
    before = chat.history
    remove_cells(chat, {"b"})
    with pytest.raises(BadOption):
        ask(chat, **{"prompt": "again", "cell": "a", **refused})
    assert chat.history == before.remove_cells({"b"})
    assert len(notices(chat, "c")) == 1


# Session files


def test_a_loaded_session_equals_the_saved_one_with_the_date_of_today(peer: Peer, tmp_path: Path) -> None:
    chat = create_session(peer)
    chat.started_on = date(2026, 3, 20)
    run_cells(chat, "a", "b", "a")
    ask(chat, "aside", keep=False)
    chat.save(tmp_path / "talk.json")
    other = Session.load(tmp_path / "talk.json", base_url=api_base_url(peer, "openai"))
    assert (other.name, other.history, other.started_on, other.unrecorded.usage, other.unrecorded.cost) == (
        chat.name,
        chat.history,
        Session().started_on,
        chat.unrecorded.usage,
        chat.unrecorded.cost,
    )
