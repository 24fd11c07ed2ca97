"""Dry runs: requests that are not sent."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.media_files import png
from support.peer import KEY, Peer, Seen, reply, stream

from mimo_magics.core.errors import BadOption, ContextWindowExceeded
from mimo_magics.core.messages import (
    AudioPart,
    ImagePart,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    Usage,
)
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Api, Settings
from mimo_magics.session.dry_run import settings_for_code
from mimo_magics.session.limits.context_window import SUMMARY_PREFIX, SUMMARY_PROMPT
from mimo_magics.session.session import Session
from mimo_magics.tools.registry import from_function

APIS: list[Api] = ["openai", "anthropic"]
PICTURE = "data:image/png;base64," + "A" * 10_000
PNG_URL = f"data:image/png;base64,{b64encode(png(640, 480)).decode()}"


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def session(peer: Peer, api: Api = "openai", **options: Any) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


@pytest.mark.parametrize("api", APIS)
def test_a_dry_run_equals_the_request_that_is_sent(peer: Peer, api: Api) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    called = Reply(
        Message("assistant", (ReasoningPart("Hm."), ToolCall("c1", "clock", "{}"))), None, "tool_calls"
    )
    answers = iter((called, reply("Noon.")))
    peer.script = lambda seen: stream(seen, next(answers, reply("Fine.")))
    chat = session(peer, api, system="Be brief.", max_tokens=99)
    chat.ask("What time is it?", tools=[clock], approve=lambda _: True)
    options: dict[str, Any] = {"temperature": 0.5, "thinking": True, "stop": ("END",), "param": {"seed": 1}}
    draft = chat.draft("And now?", tools=[clock], **options)
    chat.ask("And now?", tools=[clock], **options)
    assert draft.body == peer.requests[-1].body
    assert draft.call.url == f"{peer.url}{peer.requests[-1].path}"


@pytest.mark.parametrize("api", APIS)
def test_a_dry_run_contains_the_summary_of_omitted_turns(peer: Peer, api: Api) -> None:
    def counting(seen: Seen) -> bytes:
        wants_summary = SUMMARY_PROMPT in str(seen.body["messages"][-1]["content"])
        words = "In short." if wants_summary else "word " * 20
        return stream(seen, replace(reply(words), usage=Usage(100 * len(seen.body["messages"]), 100)))

    peer.script = counting
    chat = session(peer, api, window=605, model="mine", overflow="summarize", max_tokens=50)
    for prompt in ("one", "two", "three", "four"):
        chat.ask(prompt)
    assert chat.turns[-1].summary == "In short."
    draft = chat.draft("five", window=950)
    chat.ask("five", window=950)
    assert SUMMARY_PREFIX + "In short." in str(draft.body["messages"][0]["content"]).replace("\\n", "\n")
    assert draft.body == peer.requests[-1].body
    assert draft.warnings == ()
    assert chat.draft("six", window=600).warnings == (
        "The context window is full: first the model summarizes the oldest turns, and the summary is sent in their place.",
    )


def test_a_dry_run_uses_the_listed_model(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    place = replace(SERVICES["xiaomi"], base_urls={"openai": f"{peer.url}/v1"})
    monkeypatch.setitem(SERVICES, "xiaomi", place)
    peer.models = ["mimo-v2.6-tts", "mimo-v2.6-flash"]
    chat = Session(preset="xiaomi")
    (line,) = chat.draft("one").warnings
    assert line.endswith("If mimo-v2.6-pro is not listed, the request uses its successor.")
    chat.ask("one")
    draft = chat.draft("two")
    chat.ask("two")
    assert draft.warnings == ()
    assert draft.body == peer.requests[-1].body
    assert draft.body["model"] == "mimo-v2.6-flash"


def test_a_dry_run_sends_nothing_and_changes_nothing(peer: Peer) -> None:
    def clock() -> str:
        """Tell the time."""
        return "12:00"

    chat = session(peer)
    chat.ask("one", cell="a")
    chat.trusted_tools["clock"] = from_function(clock)
    before = (chat.history, chat.trusted_tools.copy(), chat.unrecorded.usage)
    sent = len(peer.requests)
    assert [message["content"] for message in chat.draft("two").body["messages"]] == [
        "one",
        "You said: one",
        "two",
    ]
    assert [message["content"] for message in chat.draft("two", cell="a").body["messages"]] == ["two"]
    assert [message["content"] for message in chat.draft("two", new=True).body["messages"]] == ["two"]
    assert [message["content"] for message in chat.draft("two", keep=False).body["messages"]] == ["two"]
    assert len(chat.draft("two", cell="a", append=True).body["messages"]) == 3
    assert (chat.history, chat.trusted_tools, chat.unrecorded.usage) == before
    assert len(peer.requests) == sent


def test_a_dry_run_needs_no_key_and_shows_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIMO_API_KEY", raising=False)
    draft = Session().draft("Hello", max_tokens=1_000)
    assert draft.call.url == "https://api.mimo-v2.com/v1/chat/completions"
    assert draft.max_output_tokens == 1_000
    lines = repr(draft).splitlines()
    assert lines[:7] == [
        "Request (not sent)",
        "URL                 https://api.mimo-v2.com/v1/chat/completions",
        "format              openai",
        "model               mimo-v2-pro",
        f"input               about {draft.tokens:,} tokens",
        "output              at most 1,000 tokens",
        "cost                less than 0.0001 USD for the input, about 0.0032 USD with the maximum output (prices of 2026-09)",
    ]
    assert '"content": "Hello"' in repr(draft)
    assert draft.cost == pytest.approx((draft.tokens * 1.05e-6, draft.tokens * 1.05e-6 + 1_000 * 3.15e-6))


def test_without_a_price_the_cost_is_unknown(peer: Peer) -> None:
    elsewhere = session(peer).draft("Hello")
    assert (elsewhere.cost, elsewhere.max_output_tokens) == (None, None)
    lines = repr(elsewhere).splitlines()
    assert lines[5:7] == [
        "output              no limit sent",
        "cost                unknown: no price is published for this model",
    ]
    own = session(peer, prices={"mimo-v2-pro": [1, 0.1, 3]}).draft("Hello")
    assert own.cost == (own.tokens / 1e6, None)
    with pytest.raises(BadOption, match="The price of mimo-v2-pro must be three numbers"):
        session(peer, prices={"mimo-v2-pro": "free"}).draft("Hello")


def test_the_embedded_model_has_no_url_and_no_code() -> None:
    draft = Session(preset="local").draft("Hello", thinking=True)
    assert draft.body["chat_template_kwargs"] == {"enable_thinking": True}
    assert "embedded model (no URL until it runs)" in repr(draft)
    assert draft.cost == (0, None)
    assert settings_for_code(draft.settings, "anthropic").api == "anthropic"
    with pytest.raises(BadOption, match="no public base URL"):
        draft.to_code("curl")


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        (
            {"temperature": 3.0, "thinking": False},
            "temperature 3 is outside the documented range of mimo-v2: 0 to 2.",
        ),
        (
            {"temperature": 1.0},
            "temperature will have no effect: mimo-v2-pro uses its own values while it thinks (--thinking off).",
        ),
        ({"turn_budget": "1 tokens"}, "This prompt of about"),
        ({"preset": "xiaomi"}, "Sending this prompt first requests the model list."),
        (
            {"model": "new", "turn_budget": "1 USD"},
            "No price is known for new, so a budget in USD cannot be checked.",
        ),
    ],
)
def test_a_dry_run_shows_warnings(options: dict[str, Any], warning: str) -> None:
    (line,) = Session().draft("Hello", **options).warnings
    assert line.startswith(warning)


def test_a_dry_run_shows_that_a_cached_reply_would_be_reused(peer: Peer) -> None:
    chat = session(peer, run_all="keep")
    chat.ask("one", cell="a")
    (line,) = chat.draft("one", cell="a").warnings
    assert line.startswith("No request would be sent. Reused the reply of 20")


def test_turns_that_do_not_fit_are_omitted_or_an_error(peer: Peer) -> None:
    chat = session(peer, window=70)
    chat.ask("one")
    with pytest.raises(ContextWindowExceeded):
        chat.draft("word " * 40)
    draft = chat.draft("word " * 40, overflow="drop-oldest")
    assert len(draft.body["messages"]) == 1
    assert draft.warnings == ("The oldest turn is not sent: the context window of mimo-v2-pro is full.",)


@pytest.mark.parametrize("api", APIS)
def test_an_image_is_complete_in_the_body_and_shortened_in_the_display(api: Api) -> None:
    draft = Session(model="mimo-v2-omni", api=api).draft([ImagePart(PICTURE), TextPart("What is it?")])
    shown = draft._repr_mimebundle_()
    assert PICTURE.partition(",")[2] in str(draft.body)
    for page in shown.values():
        assert f"{'A' * 24}… 9,976 characters more" in page
        assert len(page) < 4_000


def test_media_are_listed_with_their_sizes_and_tokens() -> None:
    address = "https://a.example/bell.mp3"
    parts = [ImagePart(PNG_URL, "plot.png"), AudioPart(address, address), TextPart("What is it?")]
    page = repr(Session(model="mimo-v2-omni").draft(parts))
    assert re.findall(r"^context +(.*?)(?: · about \$.*)?$", page, re.MULTILINE) == [
        "plot.png 640x480, about 300 tokens",
        "https://a.example/bell.mp3, tokens unknown",
    ]


def test_audio_is_shortened_in_the_display() -> None:
    sound = AudioPart(PICTURE.replace("image/png", "audio/wav"))
    page = repr(Session(model="mimo-v2-omni").draft([sound, TextPart("What is it?")]))
    assert "9,976 characters more" in page
    assert len(page) < 4_000


def test_a_text_that_looks_like_an_image_is_not_shortened() -> None:
    prompt = f'"url": "{PICTURE}", "data": "{"B" * 500}"'
    assert json.dumps(prompt) in repr(Session().draft(prompt))


def test_hostile_prompts_are_escaped_in_the_display() -> None:
    page = Session().draft("<script>alert(1)</script>\x9b\u202e")._repr_mimebundle_()
    assert "\\u009b\\u202e" in page["text/plain"]
    assert "<script" not in page["text/html"]
    assert "\x9b" not in page["text/plain"] + page["text/html"]
    assert "\u202e" not in page["text/plain"] + page["text/html"]


def test_code_of_an_sdk_requires_its_own_format() -> None:
    with pytest.raises(BadOption, match="uses the openai format, but the code is for anthropic") as caught:
        Session().draft("Hello").to_code("anthropic")
    assert caught.value.hint == "Use --api anthropic."
    assert "client.messages.create(" in Session().draft("Hello", api="anthropic").to_code("anthropic")


def test_code_for_the_other_format_uses_its_base_url() -> None:
    assert settings_for_code(Settings(), "anthropic") == Settings(api="anthropic")
    assert settings_for_code(Settings(api="anthropic"), "openai") == Settings()
    assert settings_for_code(Settings(api="anthropic"), "curl") == Settings(api="anthropic")
    own = replace(Settings(), base_url="http://127.0.0.1/v1")
    assert settings_for_code(own, "openai") == own
    with pytest.raises(BadOption, match="the code needs the anthropic format") as caught:
        settings_for_code(own, "anthropic")
    assert caught.value.hint == "Set its base URL: --api anthropic --base-url URL"
