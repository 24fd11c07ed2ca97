"""Programs of others ask the service of a notebook through a relay: the official SDKs, and plain HTTP."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from peer import CUT, KEY, Answer, Peer, error, frames

from mimo_magics import Relay
from mimo_magics.errors import BadOption

MESSAGES = [{"role": "user", "content": "hello"}]
ASKED: dict[str, Any] = {"model": "mimo-test", "messages": MESSAGES}


@pytest.fixture
def relay(peer: Peer) -> Iterator[Relay]:
    with Relay(base_url=f"{peer.url}/v1") as relay:
        yield relay


def posted(relay: Relay, key: str | None = None, path: str = "/v1/chat/completions") -> httpx.Response:
    headers = {"api-key": relay.key if key is None else key}
    return httpx.post(relay.url + path, json=ASKED, headers=headers, trust_env=False)


def test_the_openai_sdk_asks_through_it_and_the_services_key_is_shown_to_the_service_only(
    peer: Peer, relay: Relay
) -> None:
    with openai.OpenAI(base_url=relay.openai, api_key=relay.key) as sdk:
        whole = sdk.chat.completions.create(**ASKED)
        chunks = list(sdk.chat.completions.create(**ASKED, stream=True))
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert [whole.choices[0].message.content, told] == ["You said: hello"] * 2
    assert [seen.body for seen in peer.requests] == [ASKED, {**ASKED, "stream": True}]
    assert [seen.headers["authorization"] for seen in peer.requests] == [f"Bearer {KEY}"] * 2
    assert relay.key not in json.dumps([seen.headers for seen in peer.requests])


def test_the_anthropic_sdk_asks_through_it(peer: Peer) -> None:
    with (
        Relay(api="anthropic", base_url=f"{peer.url}/anthropic") as relay,
        anthropic.Anthropic(base_url=relay.anthropic, api_key=relay.key) as sdk,
    ):
        message = sdk.messages.create(**ASKED, max_tokens=100)
        events = list(sdk.messages.create(**ASKED, max_tokens=100, stream=True))
    told = [
        event.delta.text for event in events if getattr(event, "delta", None) and hasattr(event.delta, "text")
    ]
    assert ["".join(told), message.content[-1].text] == ["You said: hello"] * 2
    assert [seen.path for seen in peer.requests] == ["/anthropic/v1/messages"] * 2
    assert [seen.headers["anthropic-version"] for seen in peer.requests] == ["2023-06-01"] * 2


def test_an_answer_is_passed_on_while_it_comes(peer: Peer, relay: Relay) -> None:
    heard = threading.Event()

    def answer(seen: Any) -> Iterator[Any]:
        yield from frames(seen, ["first"], end=False)
        yield 0.01
        heard.wait(5)  # the rest is said when the first word has been heard
        yield from frames(seen, ["second"])

    peer.script = lambda seen: Answer(answer(seen))
    with openai.OpenAI(base_url=relay.openai, api_key=relay.key) as sdk:
        words = []
        for chunk in sdk.chat.completions.create(**ASKED, stream=True):
            words += [chunk.choices[0].delta.content]
            heard.set()
    assert words[:2] == ["first", "second"]


@pytest.mark.parametrize("key", ["", "sk-wrong", KEY])
def test_who_does_not_show_its_key_asks_nobody(peer: Peer, relay: Relay, key: str) -> None:
    answer = posted(relay, key)
    assert (answer.status_code, peer.requests) == (401, [])
    assert answer.json()["error"]["message"] == "This address wants the key of the relay."


@pytest.mark.parametrize("header", ["Authorization", "api-key", "x-api-key"])
def test_the_key_may_stand_in_any_header_that_mimo_takes(relay: Relay, header: str) -> None:
    value = f"Bearer {relay.key}" if header == "Authorization" else relay.key
    answer = httpx.post(
        f"{relay.openai}/chat/completions", json=ASKED, headers={header: value}, trust_env=False
    )
    assert answer.status_code == 200


def test_what_the_service_refuses_is_refused_in_its_words(peer: Peer, relay: Relay) -> None:
    peer.answers(error(429, "Too many requests", **{"Retry-After": "7"}))
    answer = posted(relay)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"]["message"] == "Too many requests"
    assert len(peer.requests) == 1


def test_the_models_of_the_service_are_listed(peer: Peer, relay: Relay) -> None:
    peer.models = ["mimo-v2-pro"]
    with openai.OpenAI(base_url=relay.openai, api_key=relay.key) as sdk:
        assert [model.id for model in sdk.models.list()] == ["mimo-v2-pro"]


def test_a_call_is_recorded_and_replayed_byte_by_byte_without_a_key(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lesson.jsonl"
    with Relay(base_url=f"{peer.url}/v1", tape=f"record:{path}") as recording:
        recorded = posted(recording)
    monkeypatch.delenv("MIMO_API_KEY")
    with Relay(tape=f"replay:{path}") as replaying:
        replayed = posted(replaying)
        missing = httpx.post(
            f"{replaying.openai}/chat/completions",
            json={**ASKED, "model": "another"},
            headers={"api-key": replaying.key},
            trust_env=False,
        )
    assert (replayed.status_code, replayed.content) == (recorded.status_code, recorded.content)
    assert len(peer.requests) == 1
    tape = path.read_text(encoding="utf-8")
    assert [key for key in (KEY, recording.key, replaying.key) if key in tape] == []
    assert missing.status_code == 400
    told = missing.json()["error"]["message"]
    assert "TapeMissing: lesson.jsonl has no answer to this request: " in told
    assert "model is «another», recorded was «mimo-test»" in told


def test_without_a_key_for_the_service_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIMO_API_KEY", raising=False)
    with Relay(preset="mimo-v2") as relay:
        answer = posted(relay)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(
        "NoKey: There is no key for api.mimo-v2.com. Set MIMO_API_KEY"
    )


def test_a_service_that_is_not_there_is_a_bad_gateway() -> None:
    with Relay(base_url="http://127.0.0.1:9/v1") as relay:
        answer = posted(relay)
    assert answer.status_code == 502
    assert answer.json()["error"]["message"].startswith("ConnectionFailed: 127.0.0.1:9 could not be reached.")


def test_an_answer_that_breaks_off_breaks_off(peer: Peer, relay: Relay) -> None:
    peer.script = lambda seen: Answer([*frames(seen, ["half"], end=False), 0.01, CUT])
    with pytest.raises(httpx.RemoteProtocolError):
        posted(relay)


def test_a_program_that_hangs_up_hangs_up_on_the_service(peer: Peer, relay: Relay) -> None:
    peer.script = lambda seen: Answer(frames(seen, ["word "] * 10_000, 0.005))
    headers = {"api-key": relay.key}
    url = f"{relay.openai}/chat/completions"
    with httpx.stream("POST", url, json=ASKED, headers=headers, trust_env=False) as answer:
        next(answer.iter_bytes())
    assert peer.settled()[0].closed_after is not None


def test_what_is_no_address_of_the_service_is_refused(peer: Peer, relay: Relay) -> None:
    answer = posted(relay, path="/elsewhere")
    assert (answer.status_code, peer.requests) == (400, [])
    assert answer.json()["error"]["message"].startswith("BadOption: There is nothing at /elsewhere.")


def test_a_request_of_unknown_length_is_refused(relay: Relay) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", int(relay.url.rpartition(":")[2]))) as connection:
        connection.putrequest("POST", "/v1/chat/completions")
        connection.putheader("api-key", relay.key)
        connection.endheaders()
        assert connection.getresponse().status == 411


def test_it_ends_when_it_is_closed_and_closing_it_twice_is_nothing(peer: Peer) -> None:
    relay = Relay(base_url=f"{peer.url}/v1")
    relay.close()
    relay.close()
    with pytest.raises(httpx.ConnectError):
        posted(relay)


def test_a_setting_that_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(BadOption, match="There is no preset 'elsewhere'"):
        Relay(preset="elsewhere")


def test_its_key_is_not_shown(relay: Relay) -> None:
    assert relay.key not in repr(relay)
    assert relay.key not in repr(vars(relay))
    assert repr(relay) == f"<Relay of mimo-v2 at {relay.url}>"
