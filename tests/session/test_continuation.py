"""Continued replies, against a server that refuses what MiMo refuses."""

from __future__ import annotations

import pytest
from support.peer import CUT, Answer, Peer, error, reply, stream
from support.peer_sessions import (
    APIS,
    CALL,
    CONTINUATION,
    api_base_url,
    continue_reply,
    create_session,
    describe_branches,
    get_time,
    run_cells,
    run_incomplete_turn,
)
from support.rules import find_fault

from mimo_magics.client import portal, retry
from mimo_magics.core.errors import BadOption, MimoError
from mimo_magics.core.events import ToolProgress
from mimo_magics.core.messages import (
    Annotation,
    Message,
    Params,
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    Timing,
    ToolCall,
    ToolResult,
    Usage,
    user_message,
)
from mimo_magics.core.settings import Api
from mimo_magics.session.continuation import CONTINUE_PROMPT, can_continue, join_turns
from mimo_magics.session.session import Session
from mimo_magics.session.turn import Turn

# Two parts of a reply


def piece(*parts: Part, stop: str | None = "end", **reply: object) -> Turn:
    answer = Reply(Message("assistant", parts), stop=stop, **reply)
    return Turn(user_message("one"), answer, Params("m"), "mimo-v2", "openai", 1.0)


@pytest.mark.parametrize(
    ("stop", "can"),
    [
        ("end", False),
        ("stop", False),
        ("filter", False),
        ("tool_calls", False),
        ("length", True),
        ("cut", True),
        ("interrupted", True),
        ("budget", True),
    ],
)
def test_incomplete_and_truncated_replies_can_be_continued(stop: str, can: bool) -> None:
    assert can_continue(piece(TextPart("Half an "), stop=stop)) is can


HM, SO = ReasoningPart("Hm."), ReasoningPart("So.")
CLOCK, NOON = ToolCall("c", "clock", "{}"), ToolResult("c", "clock", "12:00")
HALF, END, FULL = TextPart("Half an "), TextPart("answer."), TextPart("Half an answer.")


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ([HALF], [END], [FULL]),
        ([HM, HALF], [SO, END], [HM, SO, FULL]),
        ([HALF], [], [HALF]),
        ([HALF], [SO], [HALF, SO]),
        ([], [END], [END]),
        ([HM], [END], [HM, END]),
        ([HM, CLOCK, NOON], [SO, END], [HM, CLOCK, NOON, SO, END]),
        ([HALF], [SO, CLOCK, NOON, END], [HALF, SO, CLOCK, NOON, END]),
        ([HALF], [END, CLOCK, NOON, END], [FULL, CLOCK, NOON, END]),
        # some models repeat what they go on from, and a few letters are the same by chance
        (
            [TextPart("It is high at noon.")],
            [TextPart("high at noon. Not")],
            [TextPart("It is high at noon. Not")],
        ),
        (
            [TextPart("It is high at noon.")],
            [TextPart("noon. Not")],
            [TextPart("It is high at noon.noon. Not")],
        ),
    ],
)
def test_two_parts_of_a_reply_are_joined(first: list[Part], second: list[Part], both: list[Part]) -> None:
    assert join_turns(piece(*first, stop="cut"), piece(*second)).reply == Reply(
        Message("assistant", tuple(both)), stop="end"
    )


def test_a_joined_reply_has_the_notes_and_usage_of_both_parts() -> None:
    first = piece(
        HALF,
        stop="cut",
        usage=Usage(1, 2, 3, 4),
        model="old",
        id="1",
        annotations=(Annotation("a"),),
        notes=("slow",),
        timing=Timing(0.5, 1.0, 2.0),
        cost=0.25,
    )
    second = piece(
        END,
        stop="length",
        usage=Usage(10, 20, 30, 40),
        model="new",
        id="2",
        annotations=(Annotation("b"),),
        notes=("full",),
        timing=Timing(0.1, 2.0, 3.0),
        cost=0.5,
    )
    assert join_turns(first, second).reply == Reply(
        Message("assistant", (FULL,)),
        Usage(11, 22, 33, 44),
        "length",
        "new",
        "2",
        (Annotation("a"), Annotation("b")),
        ("slow", "full"),
        Timing(0.5, 3.0, 5.0),
        0.75,
    )


@pytest.mark.parametrize("known", ["usage", "timing"])
def test_a_value_of_one_part_only_is_the_value_of_the_joined_reply(known: str) -> None:
    value = {"usage": Usage(1, 2), "timing": Timing(0.5, None, 2.0)}[known]
    for expected in ({}, {known: value}), ({known: value}, {}):
        first, second = expected
        assert getattr(join_turns(piece(HALF, **first), piece(END, **second)).reply, known) == value


# With a server


@pytest.mark.parametrize("how", ["length", "cut", "interrupted"])
@pytest.mark.parametrize("api", APIS)
def test_an_incomplete_reply_is_continued(peer: Peer, api: Api, how: str) -> None:
    chat = create_session(peer, api)
    run_incomplete_turn(chat, peer, how, cell="a")
    (first,) = chat.turns
    assert (first.reply.text, first.reply.stop) == ("Half an ", how)
    peer.answers(continue_reply)
    answer = chat.ask(None)
    (turn,) = chat.turns
    parts = (ReasoningPart("Hm, hm."), TextPart("Half an answer."))
    assert (turn.reply, turn.reply.message.parts, turn.reply.stop) == (answer, parts, "end")
    saved = ("prompt", "id", "created_at", "digest", "cell", "params", "opens_branch")
    assert [getattr(turn, name) for name in saved] == [getattr(first, name) for name in saved]
    assert describe_branches(chat) == [(1, "one", True)]
    assert find_fault(peer.requests[-1].body, api) == ""
    assert (
        peer.requests[-1].body["messages"]
        == {
            "openai": [
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "Half an "},
                {"role": "user", "content": CONTINUE_PROMPT},
            ],
            "anthropic": [
                {"role": "user", "content": [{"type": "text", "text": "one"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "Half an "}]},
                {"role": "user", "content": [{"type": "text", "text": CONTINUE_PROMPT}]},
            ],
        }[api]
    )


def test_the_next_prompt_follows_the_joined_reply(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "cut")
    peer.answers(continue_reply)
    chat.ask(None)
    chat.ask("two")
    assert peer.requests[-1].body["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "Half an answer.", "reasoning_content": "Hm, hm."},
        {"role": "user", "content": "two"},
    ]


def test_usage_and_times_of_the_parts_add_up(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "length")
    first = chat.turns[0]
    chat.ask(None)
    (turn,) = chat.turns
    assert turn.reply.usage == turn.usage == Usage(40, 20, 10)
    assert first.reply.usage == Usage(20, 10, 5)
    assert turn.reply.timing.total >= first.reply.timing.total
    assert turn.context_tokens == 30


def test_a_reply_may_be_continued_several_times(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "length")
    run_incomplete_turn(chat, peer, "cut", None)
    run_incomplete_turn(chat, peer, "interrupted", None)
    peer.answers(continue_reply)
    chat.ask(None)
    (turn,) = chat.turns
    assert (turn.reply.text, turn.reply.stop) == ("Half an Half an Half an answer.", "end")


def test_a_reply_may_be_continued_with_other_settings_and_in_the_other_format(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "cut")
    chat.ask(None, api="anthropic", base_url=api_base_url(peer, "anthropic"), max_tokens=99, thinking=False)
    assert chat.turns[0].reply.text.startswith("Half an You said: ")
    sent = peer.requests[-1].body
    assert (sent["max_tokens"], sent["thinking"]) == (99, {"type": "disabled"})


def test_the_last_reply_of_the_current_line_is_continued(peer: Peer) -> None:
    chat = create_session(peer)
    run_cells(chat, "a")
    run_incomplete_turn(chat, peer, "cut", "b", cell="b")
    run_cells(chat, "b", words="!")
    chat.switch(2)
    peer.answers(continue_reply)
    chat.ask(None)
    assert describe_branches(chat) == [(2, "a b", True), (3, "a b!", False)]
    assert [turn.reply.text for turn in chat.history.all_turns] == [
        "You said: a",
        "Half an answer.",
        "You said: b!",
    ]


def test_a_continuation_without_text_completes_the_reply(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "cut")
    peer.answers(lambda seen: stream(seen, reply("", "")))
    chat.ask(None)
    (turn,) = chat.turns
    assert (turn.reply.message.parts, turn.reply.stop) == ((TextPart("Half an "),), "end")
    with pytest.raises(BadOption):
        chat.ask(None)


def test_a_complete_reply_cannot_be_continued(peer: Peer) -> None:
    chat = create_session(peer)
    for _ in range(2):
        with pytest.raises(BadOption) as refused:
            chat.ask(None)
        assert str(refused.value) == "The last reply is complete; there is nothing to continue."
        chat.ask("one")
    assert len(peer.requests) == 2


def test_a_one_off_prompt_cannot_continue_a_reply(peer: Peer) -> None:
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "cut")
    before = chat.history
    with pytest.raises(BadOption):
        chat.ask(None, keep=False)
    assert (chat.history, len(peer.requests)) == (before, 1)


@pytest.mark.parametrize(
    "failing", [error(400), Answer([CUT]), Answer([b"data: {oops\n\n"])], ids=["refused", "cut", "malformed"]
)
def test_a_failed_continuation_leaves_the_reply_unchanged(
    peer: Peer, failing: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)
    chat = create_session(peer)
    run_incomplete_turn(chat, peer, "cut")
    before = chat.history
    peer.answers(failing)
    with pytest.raises(MimoError):
        chat.ask(None)
    assert chat.history == before
    peer.answers(continue_reply)
    assert chat.ask(None).text == "Half an answer."


@pytest.mark.parametrize("api", APIS)
def test_a_reply_with_stopped_tool_calls_is_continued_after_their_results(peer: Peer, api: Api) -> None:
    chat = create_session(peer, api)
    chat.tools = Session(tools=[get_time]).tools
    peer.answers(lambda seen: stream(seen, CALL))
    with portal.PortalStream(chat.stream("one")) as call:
        next(event for event in call if isinstance(event, ToolProgress))
    (first,) = chat.turns
    assert first.reply.stop == "interrupted"
    peer.answers(continue_reply)
    chat.ask(None)
    (turn,) = chat.turns
    assert turn.reply.message.parts == (*first.reply.message.parts, *CONTINUATION.message.parts)
    chat.ask("two")
    assert [find_fault(seen.body, api) for seen in peer.requests] == ["", "", ""]
