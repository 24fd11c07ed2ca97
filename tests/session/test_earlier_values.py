"""The values in earlier turns, which a request with `share=schema` leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from support.canaries import FOUND, FRAME
from support.peer import Peer, reply, stream
from support.peer_sessions import APIS, create_session

from mimo_magics.core.messages import ContextPart, Message, Params, Reply, TextPart, ToolCall, ToolResult
from mimo_magics.core.settings import Api
from mimo_magics.session.continuation import join_turns
from mimo_magics.session.earlier_values import count_values, without_values
from mimo_magics.session.turn import Turn

CALL = ToolCall("1", "rows", "{}")
REFUSED = ToolResult("2", "rows", "The user refused.", refused=True)
PROMPT = Message("user", (TextPart("Describe "), ContextPart("x\n1\n2", "df"), ContextPart("3")))
REPLY = Reply(
    Message("assistant", (CALL, ToolResult("1", "rows", "4, 5"), REFUSED, TextPart("Numbers."))), stop="stop"
)
TURN = Turn(PROMPT, REPLY, Params("m"), "other", "openai", 1.0)


@pytest.fixture
def server() -> Iterator[Peer]:
    with Peer(lambda seen: stream(seen, reply("Fine."))) as peer:
        yield peer


def test_values_and_results_of_tools_become_text_and_other_parts_stay() -> None:
    prompt = Message(
        "user",
        (
            TextPart("Describe "),
            TextPart("(df was omitted. It is not shared.)"),
            TextPart("(A value was omitted. It is not shared.)"),
        ),
    )
    result = ToolResult("1", "rows", "(The result was omitted. It is not shared.)")
    message = Message("assistant", (CALL, result, REFUSED, TextPart("Numbers.")))
    assert count_values(TURN) == 3
    assert without_values(TURN) == replace(TURN, prompt=prompt, reply=replace(REPLY, message=message))


def test_a_turn_without_values_is_the_same_object() -> None:
    for turn in (replace(TURN, hides_values=True), replace(TURN, prompt=Message("user"), reply=Reply())):
        assert count_values(turn) == 0
        assert without_values(turn) is turn


@pytest.mark.parametrize(
    ("first", "second", "joined"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_continued_turn_hides_values_if_both_parts_do(first: bool, second: bool, joined: bool) -> None:
    turns = (replace(TURN, hides_values=each) for each in (first, second))
    assert join_turns(*turns).hides_values is joined


@pytest.mark.parametrize("api", APIS)
def test_no_value_of_an_earlier_turn_leaves_once_only_schemas_are_shared(server: Peer, api: Api) -> None:
    session, columns = create_session(server, api), pd.DataFrame({"height": [1.5]})
    session.ask("Describe this.", FRAME, "text")
    assert FOUND.search(str(server.requests[-1].body))
    draft = session.draft("And this?", columns, share="schema")
    notes = session.ask("And this?", columns, share="schema").notes
    assert notes == ("share=schema: values of earlier turns were not sent: 2.",)
    assert draft.body == server.requests[-1].body
    assert not FOUND.search(str(draft.body))


def test_a_schema_of_an_earlier_turn_is_sent(server: Peer) -> None:
    session = create_session(server, share="schema")
    session.ask("Describe this.", pd.DataFrame({"height": [1.5]}))
    session.ask("Go on.")
    assert "height (float64)" in str(server.requests[-1].body)


def test_values_of_earlier_turns_are_sent_where_values_are_shared(server: Peer) -> None:
    session = create_session(server)
    session.ask("Describe this.", FRAME)
    session.ask("Go on.", share="schema")
    session.ask("Go on.")
    assert FOUND.search(str(server.requests[-1].body))
