"""The size limit of a response."""

from itertools import repeat

import pytest
from support.peer import Answer, Peer, frames, sse
from support.peer_sessions import APIS, create_session

from mimo_magics.core.errors import WireError
from mimo_magics.core.settings import Api
from mimo_magics.session.limits.response_size import MAX_RESPONSE_CHARS


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("unit", ["word ", "<tool_call>{}</tool_call>"], ids=["text", "markup"])
def test_an_endless_response_is_read_up_to_a_limit(peer: Peer, api: Api, unit: str) -> None:
    chat = create_session(peer, api)
    obeying = peer.script
    peer.answers(lambda seen: Answer(frames(seen, repeat(unit * 1_000))))
    with pytest.raises(WireError, match="The response is larger than 2 MB"):
        chat.ask("one")
    assert len(peer.left()) == 1
    assert len(chat.turns[0].reply.text) <= MAX_RESPONSE_CHARS if chat.turns else unit != "word "
    peer.script = obeying
    assert str(chat.ask("two")) == "You said: two"


@pytest.mark.parametrize(
    "delta",
    [
        {"error_message": "no"},
        {"annotations": [{"url": "https://a.example"}] * 9},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "clock", "arguments": "x" * 99}}]},
        {"reasoning_content": "Hm. " * 99},
    ],
    ids=["notes", "sources", "arguments", "reasoning"],
)
def test_every_endless_type_of_event_is_limited(peer: Peer, delta: dict[str, object]) -> None:
    chat = create_session(peer)
    frame = sse({"id": "1", "model": "mimo-test", "choices": [{"index": 0, "delta": delta}]})
    peer.answers(Answer(repeat(frame * 20)))
    with pytest.raises(WireError, match="The response is larger than 2 MB"):
        chat.ask("one")
    assert len(peer.left()) == 1
