"""A conversation, against a server that refuses what MiMo refuses."""

import asyncio
import re
from dataclasses import replace
from datetime import date
from itertools import repeat

import pytest
from support.peer import CUT, SILENCE, Answer, Peer, error, frames, reply, sse, stream
from support.talking import cancelled_when_it_was_sent

from mimo_magics.client import http, model_list, retry
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
    IncompleteStream,
    MissingApiKey,
    SessionBusy,
    UnknownModel,
)
from mimo_magics.core.events import TextDelta
from mimo_magics.core.messages import Message, Params, ReasoningPart, Reply, ToolCall, Usage, user_message
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Api
from mimo_magics.session.session import Session, ask
from mimo_magics.session.system_prompt import build_system_prompt
from mimo_magics.session.turn import Turn

pytestmark = pytest.mark.anyio
APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


@pytest.fixture
def mimo(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """The peer as the service of the default preset."""
    base_urls = {"openai": f"{peer.url}/v1", "anthropic": f"{peer.url}/anthropic"}
    monkeypatch.setitem(SERVICES, "mimo-v2", replace(SERVICES["mimo-v2"], base_urls=base_urls))
    return peer


def said(peer: Peer, number: int = -1) -> list[tuple[str, object]]:
    """Role and content of the messages that the server got."""
    return [(message["role"], message["content"]) for message in peer.requests[number].body["messages"]]


def without_timing(answer: Reply) -> Reply:
    assert answer.timing
    return replace(answer, timing=None, cost=None)


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
        user_message("one"),
        answer,
        Params("mimo-v2-flash", temperature=0.0, max_completion_tokens=9, thinking=False),
        "other",
        "openai",
        turn.created_at,
        id=turn.id,
        system="Be brief.",
        usage=turn.usage,
        context_tokens=turn.context_tokens,
        digest=turn.digest,
    )
    assert re.fullmatch("[0-9a-f]{12}", turn.id)
    assert re.fullmatch("[0-9a-f]{32}", turn.digest)
    assert peer.requests[0].body == {
        "model": "mimo-v2-flash",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 9,
        "temperature": 0.0,
        "thinking": {"type": "disabled"},
    }


@pytest.mark.parametrize(("api", "field"), [("openai", "max_completion_tokens"), ("anthropic", "max_tokens")])
def test_an_answer_of_mimo_is_bounded_by_what_model_and_service_allow(
    mimo: Peer, api: Api, field: str
) -> None:
    for model, asked in (
        ("mimo-v2-pro", None),
        ("mimo-v2-flash", None),
        ("some-other", None),
        ("mimo-v2-pro", 200_000),
    ):
        ask("hello", api=api, model=model, max_tokens=asked)
    assert [seen.body[field] for seen in mimo.requests] == [128_000, 65_536, 128_000, 128_000]


def test_only_the_anthropic_format_wants_a_bound_of_a_server_of_ones_own(peer: Peer) -> None:
    session(peer).ask("hello", model="some-other")
    session(peer, "anthropic").ask("hello", model="some-other")
    assert "max_completion_tokens" not in peer.requests[0].body
    assert peer.requests[1].body["max_tokens"] == 8_192


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
    where = {"base_url": f"{peer.url}/v1", "system": "none"}
    assert str(ask("one", **where)) == "You said: one"
    assert str(ask("two", **where)) == "You said: two"
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
        ([CUT], IncompleteStream),
        ([], IncompleteStream),
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
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    async with talk.stream("one") as running:
        async for event in running:
            if isinstance(event, TextDelta):
                break
    assert running.turn == talk.turns[0]
    assert (running.turn.reply.text, running.turn.reply.stop) == ("word ", "interrupted")
    assert peer.settled()[0].disconnected
    await http.aclose()


async def test_a_cancelled_task_keeps_what_had_come(peer: Peer) -> None:
    talk = session(peer)
    peer.answers(lambda seen: Answer([*frames(seen, ["word "], end=False), SILENCE]))
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
    await http.aclose()


async def test_a_turn_stopped_before_anything_came_is_not_kept(peer: Peer) -> None:
    talk = session(peer)
    peer.answers(Answer([SILENCE]))
    await cancelled_when_it_was_sent(peer, talk.stream("one"))
    assert talk.turns == ()
    await http.aclose()


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
    await http.aclose()


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
    with pytest.raises(MissingApiKey):
        Session().ask("one")
    assert peer.requests == []


@pytest.mark.parametrize("api", APIS)
def test_mimo_is_told_who_it_is_and_which_day_the_conversation_began(mimo: Peer, api: Api) -> None:
    talk = Session(api=api)
    talk.started_on = date(2026, 3, 20)
    talk.ask("one")
    talk.ask("two", system="mimo-zh")
    talk.ask("three", system="Be brief.")
    talk.clear()
    talk.ask("four")
    told = [
        seen.body.get("system") or next(m["content"] for m in seen.body["messages"] if m["role"] == "system")
        for seen in mimo.requests
    ]
    assert told == [
        build_system_prompt("mimo", None, date(2026, 3, 20)),
        build_system_prompt("mimo-zh", None, date(2026, 3, 20)),
        "Be brief.",
        build_system_prompt("mimo", None, date.today()),  # noqa: DTZ011
    ]


def test_a_server_of_ones_own_is_told_nothing_unasked(peer: Peer) -> None:
    answer = Session(base_url=f"{peer.url}/v1").ask("one", temperature=9.0)
    assert (said(peer), answer.notes, answer.cost) == ([("user", "one")], (), None)


def test_warnings_are_remarks_of_the_reply(mimo: Peer) -> None:
    answer = ask("one", temperature=9.0, model="mimo-v2-flash")
    assert answer.notes == ("temperature 9 is outside what mimo-v2 documents: 0 to 2.",)
    assert mimo.requests[0].body["temperature"] == 9.0


def test_every_parameter_reaches_the_server(peer: Peer) -> None:
    session(peer).ask(
        "Answer in JSON.",
        stop=("END", "STOP"),
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        json=True,
        param={"seed": 1, "temperature": 0.7},
        top_p=0.5,
        stream=False,
    )
    assert peer.requests[0].body == {
        "model": "mimo-v2-pro",
        "messages": [{"role": "user", "content": "Answer in JSON."}],
        "stream": False,
        "stop": ["END", "STOP"],
        "frequency_penalty": 0.5,
        "presence_penalty": -0.5,
        "response_format": {"type": "json_object"},
        "seed": 1,
        "temperature": 0.7,
        "top_p": 0.5,
    }


def test_a_retired_model_points_to_its_successor(peer: Peer) -> None:
    peer.answers(error(400, "Param Incorrect", "Not supported model mimo-v2-flash"))
    with pytest.raises(UnknownModel) as failure:
        session(peer).ask("one", model="mimo-v2-flash")
    assert failure.value.hint == "Where it is retired, its successor is mimo-v2.6-flash: -m mimo-v2.6-flash"


def test_a_service_whose_models_change_answers_with_its_first_chat_model(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_list, "_model_ids_by_url", {})
    here = replace(SERVICES["xiaomi"], base_urls={"openai": f"{peer.url}/v1", "anthropic": peer.url})
    monkeypatch.setitem(SERVICES, "xiaomi", here)
    peer.models = ["mimo-v2.5-tts", "mimo-v2.7-pro", "mimo-v2.6-pro"]
    talk = Session(preset="xiaomi")
    talk.ask("one")
    peer.models = None
    talk.ask("two", api="anthropic")
    talk.ask("three", model="mine")
    assert [seen.body["model"] for seen in peer.requests] == ["mimo-v2.7-pro", "mimo-v2.7-pro", "mine"]
    assert [turn.params.model for turn in talk.turns] == ["mimo-v2.7-pro", "mimo-v2.7-pro", "mine"]
    monkeypatch.setattr(model_list, "_model_ids_by_url", {})
    talk.ask("four")
    assert peer.requests[-1].body["model"] == "mimo-v2.6-pro"


def test_a_reply_tells_about_what_it_cost(mimo: Peer) -> None:
    assert ask("one").cost == pytest.approx((20 * 1.05 + 10 * 3.15) / 1e6)
    assert ask("one", model="another").cost is None


def test_a_session_prints_short(peer: Peer) -> None:
    talk = session(peer)
    talk.ask("one")
    assert repr(talk) == "<Session main of 1 turns, 20 tokens in, 10 out>"
