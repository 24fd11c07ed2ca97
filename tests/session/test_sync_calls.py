"""The same turns for callers that cannot await."""

import threading
from itertools import repeat

import pytest
from support.peer import Answer, Peer, frames

from mimo_magics.core.events import Event, TextDelta
from mimo_magics.session import sync_calls
from mimo_magics.session.session import Session


def session(peer: Peer) -> Session:
    return Session(base_url=f"{peer.url}/v1")


def test_events_come_in_the_callers_thread(peer: Peer) -> None:
    shown: list[tuple[Event, str]] = []
    with sync_calls.open_turn(session(peer).stream("hello")) as call:
        shown.extend((event, threading.current_thread().name) for event in call)
    assert {thread for _, thread in shown} == {threading.current_thread().name}
    assert "".join(event.text for event, _ in shown if isinstance(event, TextDelta)) == "You said: hello"
    assert call.turn
    assert call.turn.reply.text == "You said: hello"


def test_leaving_early_breaks_the_answer_off(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    talk = session(peer)
    with sync_calls.open_turn(talk.stream("hello")) as call:
        next(event for event in call if isinstance(event, TextDelta))
    assert talk.turns[0].reply.stop == "interrupted"
    assert peer.settled()[0].disconnected


def test_an_error_of_whoever_shows_the_events_breaks_the_answer_off_and_comes_through(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    talk = session(peer)
    with pytest.raises(ZeroDivisionError), sync_calls.open_turn(talk.stream("hello")) as call:
        for event in call:
            if isinstance(event, TextDelta):
                1 / 0  # noqa: B018
    assert talk.turns[0].reply.stop == "interrupted"
