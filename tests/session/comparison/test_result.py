"""The result of a comparison."""

from typing import Any

import pytest
from support.peer import Peer, error, reply, stream

from mimo_magics.client import retry
from mimo_magics.core.errors import BadOption
from mimo_magics.core.settings import Api
from mimo_magics.session.comparison.result import Candidate
from mimo_magics.session.session import Session


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


def test_a_reply_can_be_adopted_as_the_next_turn(peer: Peer) -> None:
    own_session = session(peer)
    own_session.ask("one")
    peer.script = lambda seen: stream(seen, reply(f"at {seen.body.get('temperature')}"))
    compared = own_session.compare("two", temperature=[0, 1])
    assert compared.adopt(2).text == "at 1"
    own_session.ask("three")
    assert [message["content"] for message in peer.requests[-1].body["messages"]] == [
        "one",
        "You said: one",
        "two",
        "at 1",
        "three",
    ]


def test_another_adopted_reply_replaces_the_first(peer: Peer) -> None:
    own_session = session(peer)
    peer.script = lambda seen: stream(seen, reply(f"at {seen.body.get('temperature')}"))
    compared = own_session.compare("two", temperature=[0, 1])
    compared.adopt(2)
    spending = own_session.spending
    compared.adopt(1)
    assert [turn.reply.text for turn in own_session.turns] == ["at 0"]
    assert [[turn.reply.text for turn in branch.turns] for branch in own_session.branches()] == [
        ["at 1"],
        ["at 0"],
    ]
    assert own_session.spending == spending


def test_a_reply_cannot_be_adopted_after_newer_turns(peer: Peer) -> None:
    own_session = session(peer)
    compared = own_session.compare("Hello", temperature=[0, 1])
    own_session.ask("Something else")
    with pytest.raises(BadOption, match="The session has changed since this reply"):
        compared.adopt(1)
    own_session.undo()
    assert compared.adopt(1).text == "You said: Hello"


@pytest.mark.parametrize("number", [0, 3, -1])
def test_there_is_no_reply_beyond_the_last(peer: Peer, number: int) -> None:
    compared = session(peer).compare("Hello", temperature=[0, 1])
    with pytest.raises(BadOption, match=f"There is no reply {number}."):
        compared[number]


def test_a_comparison_becomes_a_data_frame(peer: Peer) -> None:
    peer.script = lambda seen: (
        error(400, "Param Incorrect") if seen.body["temperature"] == 1 else stream(seen, reply("fine"))
    )
    frame = session(peer).compare("Hello", temperature=[0, 1]).to_frame()
    assert list(frame.columns) == [
        "temperature",
        "text",
        "reasoning",
        "ended",
        "input",
        "cached",
        "output",
        "first",
        "seconds",
        "cost",
        "failure",
    ]
    assert list(frame.index) == [1, 2]
    assert frame.loc[1, ["temperature", "text", "reasoning", "ended", "input", "output"]].tolist() == [
        0,
        "fine",
        "Hm.",
        "end",
        20,
        10,
    ]
    assert "Param Incorrect" in frame.loc[2, "failure"]


def test_the_document_names_the_methods_of_the_comparison(peer: Peer) -> None:
    text = session(peer).compare("Hello", temperature=[0, 1]).show().bundle["text/plain"]
    assert text.endswith("Diff: .diff(1, 2) · DataFrame: .to_frame() · Use as next turn: .adopt(1)")


def test_long_settings_are_truncated_in_a_diff(peer: Peer) -> None:
    peer.script = lambda seen: stream(seen, reply(f"at {seen.body['messages'][0]['content'][:1]}"))
    compared = session(peer).compare("Hello", system=["<b>" * 1_000, "x" * 5_000])
    assert len(compared.diff(1, 2).bundle["text/html"]) < 3_000


def test_a_candidate_without_a_turn_has_no_reply() -> None:
    assert Candidate("current settings", {}).reply is None
