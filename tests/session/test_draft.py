"""Requests that are not sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from peer import Peer, reply, stream

from mimo_magics.errors import BadOption, WindowFull
from mimo_magics.messages import ImagePart, Message, ReasoningPart, Reply, TextPart, ToolCall
from mimo_magics.session import Session
from mimo_magics.session.draft import for_sdk
from mimo_magics.settings import Api, Settings

APIS: list[Api] = ["openai", "anthropic"]
PICTURE = "data:image/png;base64," + "A" * 10_000


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def session(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


@pytest.mark.parametrize("api", APIS)
def test_it_is_what_is_sent(peer: Peer, api: Api) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    called = Reply(
        Message("assistant", (ReasoningPart("Hm."), ToolCall("c1", "clock", "{}"))), None, "tool_calls"
    )
    answers = iter((called, reply("Noon.")))
    peer.script = lambda seen: stream(seen, next(answers, reply("Fine.")))
    talk = session(peer, api, system="Be brief.", max_tokens=99)
    talk.ask("What time is it?", tools=[clock], approve=lambda _: True)
    options: dict[str, Any] = {"temperature": 0.5, "thinking": True, "stop": ("END",), "param": {"seed": 1}}
    draft = talk.draft("And now?", tools=[clock], **options)
    talk.ask("And now?", tools=[clock], **options)
    assert draft.body == peer.requests[-1].body
    assert draft.call.url == f"{peer.url}{peer.requests[-1].path}"


def test_nothing_is_sent_and_nothing_changes(peer: Peer) -> None:
    talk = session(peer)
    talk.ask("one", cell="a")
    talk.trusted.add("clock")
    before = (talk.history, talk.trusted.copy(), talk.aside)
    asked = len(peer.requests)
    assert [message["content"] for message in talk.draft("two").body["messages"]] == [
        "one",
        "You said: one",
        "two",
    ]
    assert [message["content"] for message in talk.draft("two", cell="a").body["messages"]] == ["two"]
    assert [message["content"] for message in talk.draft("two", new=True).body["messages"]] == ["two"]
    assert [message["content"] for message in talk.draft("two", keep=False).body["messages"]] == ["two"]
    assert len(talk.draft("two", cell="a", append=True).body["messages"]) == 3
    assert (talk.history, talk.trusted, talk.aside) == before
    assert len(peer.requests) == asked


def test_no_key_is_needed_and_the_cost_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIMO_API_KEY", raising=False)
    draft = Session().draft("Hello", max_tokens=1_000)
    assert draft.call.url == "https://api.mimo-v2.com/v1/chat/completions"
    assert draft.most_output == 1_000
    lines = repr(draft).splitlines()
    assert lines[:7] == [
        "of the request",
        "to              https://api.mimo-v2.com/v1/chat/completions",
        "format          openai",
        "model           mimo-v2-pro",
        f"input           about {draft.tokens:,} tokens in 2 messages",
        "output          at most 1,000 tokens",
        "cost            less than 0.0001 USD for the input, about 0.0032 USD with all of the output (prices of 2026-09)",
    ]
    assert '"content": "Hello"' in repr(draft)


def test_the_embedded_model_gets_its_own_words_and_has_no_code() -> None:
    draft = Session(preset="local").draft("Hello", thinking=True)
    assert draft.body["chat_template_kwargs"] == {"enable_thinking": True}
    assert "the embedded model, which has no address until it runs" in repr(draft)
    with pytest.raises(BadOption, match="no address for others"):
        draft.code("curl")


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"temperature": 3.0, "thinking": False}, "temperature 3 is outside what mimo-v2 documents: 0 to 2."),
        (
            {"temperature": 1.0},
            "temperature will not act: mimo-v2-pro sets its own while it thinks (--thinking off).",
        ),
        ({"turn_budget": "1 tokens"}, "This prompt of about"),
        ({"preset": "xiaomi"}, "The service is asked for its models first; if it answers, its first one"),
        (
            {"model": "new", "turn_budget": "1 USD"},
            "No price is known for new, so a budget in USD cannot be kept.",
        ),
    ],
)
def test_what_is_odd_about_it_is_told(options: dict[str, Any], warning: str) -> None:
    (line,) = Session().draft("Hello", **options).warnings
    assert line.startswith(warning)


def test_an_answer_that_would_be_kept_is_told(peer: Peer) -> None:
    talk = session(peer, run_all="keep")
    talk.ask("one", cell="a")
    (line,) = talk.draft("one", cell="a").warnings
    assert line.startswith("Nothing would be sent: Kept from 20")


def test_turns_that_do_not_fit_are_left_out_or_an_error(peer: Peer) -> None:
    talk = session(peer, window=70)
    talk.ask("one")
    with pytest.raises(WindowFull):
        talk.draft("word " * 40)
    draft = talk.draft("word " * 40, overflow="drop-oldest")
    assert len(draft.body["messages"]) == 1
    assert draft.warnings == ("The oldest turn is left out: the window of mimo-v2-pro is full.",)


def test_a_picture_is_whole_in_the_body_and_short_on_the_page() -> None:
    draft = Session(model="mimo-v2-omni").draft([ImagePart(PICTURE), TextPart("What is it?")])
    shown = draft._repr_mimebundle_()
    assert PICTURE in str(draft.body)
    assert len(shown["text/html"]) < 4_000
    assert len(shown["text/plain"]) < 4_000


def test_the_page_shows_hostile_prompts_and_obeys_none() -> None:
    page = Session().draft("<script>alert(1)</script>\x9b\u202e")._repr_mimebundle_()
    assert "<script" not in page["text/html"]
    assert "\x9b" not in page["text/plain"] + page["text/html"]
    assert "\u202e" not in page["text/plain"] + page["text/html"]


def test_code_for_the_other_format_asks_at_its_address() -> None:
    assert for_sdk(Settings(), "anthropic") == Settings(api="anthropic")
    assert for_sdk(Settings(api="anthropic"), "openai") == Settings()
    assert for_sdk(Settings(api="anthropic"), "curl") == Settings(api="anthropic")
    own = replace(Settings(), base_url="http://127.0.0.1/v1")
    assert for_sdk(own, "openai") == own
    with pytest.raises(BadOption, match="is none for the anthropic format") as caught:
        for_sdk(own, "anthropic")
    assert caught.value.hint == "Say the address for it: --api anthropic --base-url URL"
