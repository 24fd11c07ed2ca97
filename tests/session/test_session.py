"""A session, against a server that refuses what MiMo refuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.peer import CUT, Answer, Peer, error, reply, stream
from support.peer_sessions import notices, sent_messages

from mimo_magics.client import http, retry
from mimo_magics.core.errors import (
    BadOption,
    MissingApiKey,
    SessionBusy,
)
from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    Usage,
    user_message,
)
from mimo_magics.core.settings import Api
from mimo_magics.session.session import Session, ask

pytestmark = pytest.mark.anyio
APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


def without_timing(answer: Reply) -> Reply:
    assert answer.timing
    return replace(answer, timing=None, cost=None)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
def test_a_second_prompt_follows_the_first_turn_with_its_reasoning(
    peer: Peer, api: Api, streamed: bool
) -> None:
    chat = session(peer, api, stream=streamed)
    assert without_timing(chat.ask("one")) == reply("You said: one")
    assert without_timing(chat.ask("two")) == reply("You said: two")
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
    assert chat.usage == Usage(40, 20, 10)


def test_a_one_off_prompt_neither_sees_nor_joins_the_session(peer: Peer) -> None:
    chat = session(peer)
    chat.ask("one")
    chat.ask("aside", keep=False)
    assert sent_messages(peer) == [("user", "aside")]
    chat.ask("two")
    assert sent_messages(peer) == [("user", "one"), ("assistant", "You said: one"), ("user", "two")]


def test_a_session_can_be_cleared(peer: Peer) -> None:
    chat = session(peer)
    chat.ask("one")
    chat.clear()
    chat.ask("two")
    assert sent_messages(peer) == [("user", "two")]


def test_a_prompt_without_a_session(peer: Peer) -> None:
    where = {"base_url": f"{peer.url}/v1", "system": "none"}
    assert str(ask("one", **where)) == "You said: one"
    assert str(ask("two", **where)) == "You said: two"
    assert sent_messages(peer) == [("user", "two")]


@pytest.mark.parametrize(
    "failing",
    [error(400), error(401), error(500), Answer([b"data: {oops\n\n"]), Answer([CUT])],
    ids=["400", "401", "500", "malformed", "dropped"],
)
@pytest.mark.parametrize("api", APIS)
def test_a_failed_call_leaves_the_session_unchanged(peer: Peer, api: Api, failing: Answer) -> None:
    chat = session(peer, api)
    chat.ask("one")
    before = chat.turns
    obeying = peer.script
    peer.answers(failing)
    with pytest.raises(Exception) as failure:
        chat.ask("two")
    assert failure.value.reply == Reply(timing=failure.value.reply.timing)
    assert chat.turns == before
    peer.script = obeying
    assert str(chat.ask("three")) == "You said: three"
    assert [role for role, _ in sent_messages(peer)] == ["user", "assistant", "user"]


async def test_a_session_runs_one_turn_at_a_time(peer: Peer) -> None:
    chat = session(peer)
    async with chat.stream("one"):
        with pytest.raises(SessionBusy):
            async with chat.stream("two"):
                pass
    async with chat.stream("three") as running:
        async for _ in running:
            pass
    assert [turn.prompt.text for turn in chat.turns] == ["three"]
    await http.aclose()


def test_a_tool_call_without_a_result_is_not_sent(peer: Peer) -> None:
    chat = session(peer)
    wish = Reply(
        Message("assistant", (ReasoningPart("I need it."), ToolCall("c1", "clock", "{}"))), stop="tool_calls"
    )
    obeying = peer.script
    peer.answers(lambda seen: stream(seen, wish))
    assert chat.ask("What time is it?").tool_calls == (ToolCall("c1", "clock", "{}"),)
    peer.script = obeying
    chat.ask("And now?")
    assert peer.requests[-1].body["messages"][1] == {
        "role": "assistant",
        "content": "(no answer)",
        "reasoning_content": "I need it.",
    }


def test_nothing_is_sent_with_invalid_settings(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadOption):
        session(peer, preset="nowhere").ask("one")
    with pytest.raises(BadOption):
        Session(base_url="nowhere").ask("one")
    monkeypatch.delenv("MIMO_API_KEY")
    with pytest.raises(MissingApiKey):
        Session().ask("one")
    assert peer.requests == []


def test_a_session_has_a_short_repr(peer: Peer) -> None:
    chat = session(peer)
    chat.ask("one")
    assert repr(chat) == "<Session main of 1 turns, 20 tokens in, 10 out>"


@pytest.mark.parametrize(
    "name",
    ["\x1b]0;owned\x07", "\x9b2J", "a\nb", "\u202egpj.exe", "\U000e0041", "n" * 1_000_000, "\ud83d", "<b>"],
    ids=ascii,
)
def test_the_name_in_a_repr_is_printable_and_short(name: str) -> None:
    shown = repr(Session(name=name))
    assert shown.isprintable()
    assert len(shown) < 200
    assert shown.endswith(" of 0 turns, 0 tokens in, 0 out>")


def test_a_key_from_an_env_file_gets_one_notice(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MIMO_API_KEY")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("MIMO_API_KEY=sk-canary-of-a-stranger\n")
    chat = session(peer)
    assert [notices(chat, prompt) for prompt in ("one", "two")] == [
        ("The API key comes from .env in the working directory; prompts are billed to its account.",),
        (),
    ]


def test_a_key_from_the_environment_gets_no_notice(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("MIMO_API_KEY=sk-canary-of-a-stranger\n")
    assert notices(session(peer), "one") == ()


@pytest.mark.parametrize(
    ("prompt", "text"),
    [(["hi"], "hi"), (("hi", "!"), "hi!"), (TextPart("hi"), "hi"), ([TextPart("hi"), "!"], "hi!")],
)
def test_a_prompt_may_be_texts_and_parts(peer: Peer, prompt: Any, text: str) -> None:
    assert session(peer).ask(prompt).text == f"You said: {text}"


@pytest.mark.parametrize(
    "prompt",
    [
        *(123, 1.5, True, b"hi", object(), {"role": "user"}, {"hi"}, iter(["hi"])),
        *([1], [None], [{"role": "user", "content": "hi"}], [user_message("hi")], [ToolCall("a", "b")]),
        *([ImagePart(5)], TextPart(5), AudioPart(b"x")),  # type: ignore[arg-type]
    ],
)
def test_an_invalid_prompt_is_an_error_of_two_lines(peer: Peer, prompt: Any) -> None:
    with pytest.raises(BadOption, match="A prompt must be text") as failure:
        session(peer).ask(prompt)
    assert failure.value.hint.startswith("A part is a value such as ImagePart.")
    assert peer.requests == []


@pytest.mark.parametrize("api", APIS)
def test_half_a_surrogate_pair_is_sent_as_a_replacement_character(peer: Peer, api: Api) -> None:
    def look(place: str) -> None:
        """Look \ud800."""

    options = {"model": "mimo-v2.6-pro\ud800", "stop": "\ud800", "param": {"user": ["\ud83d\ude00 \ud800"]}}
    chat = session(peer, api, tools=[look], **options)
    chat.ask([TextPart("\ud800"), ImagePart("https://a.invalid/\ud800")])
    body = json.dumps(peer.requests[0].body, ensure_ascii=False)
    assert "\ud800" not in body
    assert peer.requests[0].body["user"] == ["\U0001f600 \ufffd"]
    assert body.count("\ufffd") == 6
