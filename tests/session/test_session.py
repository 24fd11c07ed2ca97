"""A conversation, against a server that refuses what MiMo refuses."""

import asyncio

import pytest
from peer import CUT, Answer, Peer, error, frames, reply, sse, stream

from mimo_magics import client
from mimo_magics.errors import ApiError, BadOption, NoKey, SessionBusy, StreamCut
from mimo_magics.events import TextDelta
from mimo_magics.messages import (
    Message,
    Params,
    ReasoningPart,
    Reply,
    Request,
    ToolCall,
    Usage,
    system,
    user,
)
from mimo_magics.session import Session, ask
from mimo_magics.session.turns import Turn
from mimo_magics.settings import Api

pytestmark = pytest.mark.anyio
APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(base_url=base_url, api=api, **options)


def said(peer: Peer, number: int = -1) -> list[tuple[str, object]]:
    """Role and content of the messages that the server got."""
    return [(message["role"], message["content"]) for message in peer.requests[number].body["messages"]]


def without_timing(answer: Reply) -> Reply:
    assert answer.timing
    return Reply(*(getattr(answer, name) for name in Reply.__slots__ if name != "timing"))


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
def test_a_second_prompt_follows_the_first_turn_with_its_reasoning(
    peer: Peer, api: Api, streamed: bool
) -> None:
    talk = session(peer, api, stream=streamed)
    assert without_timing(talk.ask("one")) == reply("You said: one")
    assert without_timing(talk.ask("two")) == reply("You said: two")
    assert (
        peer.requests[1].body["messages"]
        == {
            "openai": [
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "You said: one", "reasoning_content": "Hm."},
                {"role": "user", "content": "two"},
            ],
            "anthropic": [
                {"role": "user", "content": [{"type": "text", "text": "one"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": ""},
                        {"type": "text", "text": "You said: one"},
                    ],
                },
                {"role": "user", "content": [{"type": "text", "text": "two"}]},
            ],
        }[api]
    )
    assert talk.usage == Usage(40, 20, 10)


def test_a_turn_is_what_was_really_asked_and_answered(peer: Peer) -> None:
    talk = session(peer, system="Be brief.", temperature=0.5, max_tokens=9, thinking=False)
    answer = talk.ask("one", model="mimo-v2-flash", temperature=0.0)
    (turn,) = talk.turns
    assert turn == Turn(
        Request(
            (system("Be brief."), user("one")),
            Params("mimo-v2-flash", temperature=0.0, max_completion_tokens=9, thinking=False),
        ),
        answer,
        "mimo-v2",
        "openai",
        turn.asked,
    )
    assert peer.requests[0].body == {
        "model": "mimo-v2-flash",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 9,
        "temperature": 0.0,
        "thinking": {"type": "disabled"},
    }


def test_the_anthropic_format_always_gets_a_bound_and_it_is_what_the_model_and_the_service_allow(
    peer: Peer,
) -> None:
    talk = session(peer, "anthropic")
    for model in ("mimo-v2-pro", "mimo-v2-flash", "some-other"):
        talk.ask("hello", model=model, keep=False)
    assert [seen.body["max_tokens"] for seen in peer.requests] == [128_000, 65_536, 128_000]


def test_a_turn_that_is_not_kept_neither_sees_nor_joins_the_conversation(peer: Peer) -> None:
    talk = session(peer)
    talk.ask("one")
    talk.ask("aside", keep=False)
    assert said(peer) == [("user", "aside")]
    talk.ask("two")
    assert said(peer) == [("user", "one"), ("assistant", "You said: one"), ("user", "two")]


def test_a_conversation_can_be_forgotten(peer: Peer) -> None:
    talk = session(peer)
    talk.ask("one")
    talk.clear()
    talk.ask("two")
    assert said(peer) == [("user", "two")]


def test_a_question_without_a_conversation(peer: Peer) -> None:
    assert str(ask("one", base_url=f"{peer.url}/v1")) == "You said: one"
    assert str(ask("two", base_url=f"{peer.url}/v1")) == "You said: two"
    assert said(peer) == [("user", "two")]


@pytest.mark.parametrize(
    "failing",
    [error(400), error(401), error(500), Answer([b"data: {oops\n\n"]), Answer([CUT])],
    ids=["400", "401", "500", "malformed", "dropped"],
)
@pytest.mark.parametrize("api", APIS)
def test_a_failed_call_leaves_the_conversation_as_it_was(peer: Peer, api: Api, failing: Answer) -> None:
    talk = session(peer, api)
    talk.ask("one")
    before = talk.turns
    obeying = peer.script
    peer.answers(failing)
    with pytest.raises(Exception) as failure:
        talk.ask("two")
    assert failure.value.reply == Reply(timing=failure.value.reply.timing)
    assert talk.turns == before
    peer.script = obeying
    assert str(talk.ask("three")) == "You said: three"
    assert [role for role, _ in said(peer)] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ([CUT], StreamCut),
        ([], StreamCut),
        ([sse({"error": {"code": "503", "message": "gone"}})], ApiError),
        ([b"data: {oops\n\n"], Exception),
    ],
    ids=["dropped", "ended", "error frame", "malformed"],
)
@pytest.mark.parametrize("api", APIS)
def test_an_answer_that_breaks_off_is_kept_marked_and_can_be_followed(
    peer: Peer, api: Api, end: list[object], kind: type[Exception]
) -> None:
    talk = session(peer, api)
    obeying = peer.script
    peer.answers(lambda seen: Answer([*frames(seen, ["half ", "an answer"], end=False), *end]))
    with pytest.raises(kind) as failure:
        talk.ask("one")
    (turn,) = talk.turns
    assert (turn.reply.text, turn.reply.stop) == ("half an answer", "cut")
    assert failure.value.reply.text == "half an answer"
    peer.script = obeying
    assert str(talk.ask("two")) == "You said: two"
    assert [role for role, _ in said(peer)] == ["user", "assistant", "user"]


async def test_leaving_a_turn_early_keeps_what_had_come_and_closes_the_socket(peer: Peer) -> None:
    talk = session(peer)
    peer.answers(lambda seen: Answer(frames(seen, ["word "] * 100, 0.05)))
    async with talk.stream("one") as running:
        async for event in running:
            if isinstance(event, TextDelta):
                break
    assert running.turn == talk.turns[0]
    assert (running.turn.reply.text, running.turn.reply.stop) == ("word ", "interrupted")
    assert peer.settled()[0].closed_after is not None
    await client.aclose()


async def test_a_cancelled_task_keeps_what_had_come(peer: Peer) -> None:
    talk = session(peer)
    peer.answers(lambda seen: Answer([*frames(seen, ["word "], end=False), 60.0]))
    begun = asyncio.Event()

    async def turn() -> None:
        async with talk.stream("one") as running:
            async for event in running:
                if isinstance(event, TextDelta):
                    begun.set()

    task = asyncio.create_task(turn())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(turn.reply.text, turn.reply.stop) for turn in talk.turns] == [("word ", "interrupted")]
    await client.aclose()


async def test_a_turn_stopped_before_anything_came_is_not_kept(peer: Peer) -> None:
    talk = session(peer)
    peer.answers(Answer([60.0]))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), talk.stream("one") as running:
            async for _ in running:
                pass
    assert talk.turns == ()
    await client.aclose()


async def test_a_session_answers_one_prompt_at_a_time(peer: Peer) -> None:
    talk = session(peer)
    async with talk.stream("one"):
        with pytest.raises(SessionBusy):
            async with talk.stream("two"):
                pass
    async with talk.stream("three") as running:
        async for _ in running:
            pass
    assert [turn.prompt.text for turn in talk.turns] == ["three"]
    await client.aclose()


def test_a_call_that_never_got_its_result_is_not_sent_again(peer: Peer) -> None:
    talk = session(peer)
    wish = Reply(
        Message("assistant", (ReasoningPart("I need it."), ToolCall("c1", "clock", "{}"))), stop="tool_calls"
    )
    obeying = peer.script
    peer.answers(lambda seen: stream(seen, wish))
    assert talk.ask("What time is it?").tool_calls == (ToolCall("c1", "clock", "{}"),)
    peer.script = obeying
    talk.ask("And now?")
    assert peer.requests[-1].body["messages"][1] == {
        "role": "assistant",
        "content": "(no answer)",
        "reasoning_content": "I need it.",
    }


def test_nothing_is_sent_for_settings_that_cannot_be(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadOption):
        session(peer, preset="nowhere").ask("one")
    with pytest.raises(BadOption):
        Session(base_url="nowhere").ask("one")
    monkeypatch.delenv("MIMO_API_KEY")
    with pytest.raises(NoKey):
        Session().ask("one")
    assert peer.requests == []


def test_a_session_prints_short(peer: Peer) -> None:
    talk = session(peer)
    talk.ask("one")
    assert repr(talk) == "<Session of 1 turns, 20 tokens in, 10 out>"
