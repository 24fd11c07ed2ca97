"""Turns beside a session: they add no turn, and their usage counts."""

from __future__ import annotations

from typing import Any

import pytest
from support.peer import Peer, error, reply, stream

from mimo_magics.core.errors import ApiError, BudgetExceeded
from mimo_magics.core.messages import Usage
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.session import turn_driver
from mimo_magics.session.one_off_turn import open_one_off_turn
from mimo_magics.session.session import Session
from mimo_magics.tools.approval import refuse_unattended


def session(peer: Peer, **options: Any) -> Session:
    return Session(base_url=f"{peer.url}/v1", system="none", **options)


def send(chat: Session, prompt: str, schema: Any = None) -> Any:
    turn = open_one_off_turn(chat, prompt, chat.settings, schema)
    return turn_driver.drive_sync(turn, SilentRenderer(), refuse_unattended).finished_reply


def test_the_turn_has_no_history_and_adds_no_turn(peer: Peer) -> None:
    chat = session(peer)
    chat.ask("first")
    assert send(chat, "second").text == "You said: second"
    assert [each["content"] for each in peer.requests[1].body["messages"]] == ["second"]
    assert len(chat.history.all_turns) == 1


def test_the_usage_counts_in_the_session_and_in_its_budget(peer: Peer) -> None:
    chat = session(peer, budget="40 tokens")
    peer.answers(lambda seen: stream(seen, reply("a")), lambda seen: stream(seen, reply("b")))
    send(chat, "one")
    assert chat.unrecorded.usage == Usage(20, 10, 5)
    send(chat, "two")
    with pytest.raises(BudgetExceeded):
        send(chat, "three")
    assert (chat.unrecorded.usage, len(peer.requests)) == (Usage(40, 20, 10), 2)


def test_it_runs_while_a_turn_holds_the_session(peer: Peer) -> None:
    chat = session(peer)
    with chat.lock.hold():
        assert send(chat, "now").text == "You said: now"


def test_with_run_all_keep_the_reply_to_an_equal_request_is_reused(peer: Peer) -> None:
    chat = session(peer, run_all="keep")
    assert [send(chat, "one").text, send(chat, "one").text, send(chat, "two").text] == [
        "You said: one",
        "You said: one",
        "You said: two",
    ]
    assert len(peer.requests) == 2


def test_an_invalid_result_is_not_reused(peer: Peer) -> None:
    chat = session(peer, run_all="keep")
    assert (send(chat, "one", "age int").value, chat.cached_turns) == (None, {})


def test_a_failed_call_raises_and_keeps_nothing(peer: Peer) -> None:
    chat = session(peer, run_all="keep")
    peer.answers(lambda _: error(400, "no"))
    with pytest.raises(ApiError):
        send(chat, "one")
    assert (chat.turns, chat.cached_turns) == ((), {})
