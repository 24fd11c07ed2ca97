"""The request of a prompt and its settings."""

from dataclasses import replace
from datetime import date

import pytest
from support.peer import Peer
from support.peer_sessions import sent_messages

from mimo_magics.client import model_list, retry
from mimo_magics.core.messages import Message, ReasoningPart, TextPart
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Api, Settings
from mimo_magics.session.request import build_turn_input
from mimo_magics.session.session import Session, ask
from mimo_magics.session.system_prompt import build_system_prompt
from mimo_magics.wire.formats import FORMATS

pytestmark = pytest.mark.anyio


APIS: list[Api] = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "INITIAL_DELAY", 0.001)


def session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    base_url = peer.url + ("/v1" if api == "openai" else "/anthropic")
    return Session(**{"base_url": base_url, "api": api, "system": "none", **options})


@pytest.mark.parametrize(("api", "field"), [("openai", "max_completion_tokens"), ("anthropic", "max_tokens")])
def test_the_output_limit_of_mimo_is_that_of_model_and_service(mimo: Peer, api: Api, field: str) -> None:
    for model, sent_turn in (
        ("mimo-v2-pro", None),
        ("mimo-v2-flash", None),
        ("some-other", None),
        ("mimo-v2-pro", 200_000),
    ):
        ask("hello", api=api, model=model, max_tokens=sent_turn)
    assert [seen.body[field] for seen in mimo.requests] == [128_000, 65_536, 128_000, 128_000]


def test_an_own_server_gets_an_output_limit_only_in_the_anthropic_format(peer: Peer) -> None:
    session(peer).ask("hello", model="some-other")
    session(peer, "anthropic").ask("hello", model="some-other")
    assert "max_completion_tokens" not in peer.requests[0].body
    assert peer.requests[1].body["max_tokens"] == 8_192


@pytest.mark.parametrize("api", APIS)
def test_mimo_gets_its_system_prompt_with_the_date_of_the_session(mimo: Peer, api: Api) -> None:
    chat = Session(api=api)
    chat.started_on = date(2026, 3, 20)
    chat.ask("one")
    chat.ask("two", system="mimo-zh")
    chat.ask("three", system="Be brief.")
    chat.clear()
    chat.ask("four")
    expected = [
        seen.body.get("system") or next(m["content"] for m in seen.body["messages"] if m["role"] == "system")
        for seen in mimo.requests
    ]
    assert expected == [
        build_system_prompt("mimo", None, date(2026, 3, 20)),
        build_system_prompt("mimo-zh", None, date(2026, 3, 20)),
        "Be brief.",
        build_system_prompt("mimo", None, date.today()),  # noqa: DTZ011
    ]


def test_an_own_server_gets_no_system_prompt_by_default(peer: Peer) -> None:
    answer = Session(base_url=f"{peer.url}/v1").ask("one", temperature=9.0)
    assert (sent_messages(peer), answer.notes, answer.cost) == ([("user", "one")], (), None)


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


def test_a_service_with_a_model_list_uses_the_successor_of_its_model(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_list, "_model_ids_by_url", {})
    place = replace(SERVICES["xiaomi"], base_urls={"openai": f"{peer.url}/v1", "anthropic": peer.url})
    monkeypatch.setitem(SERVICES, "xiaomi", place)
    peer.models = ["mimo-v2.5-tts", "mimo-v2.6-flash", "mimo-v2.7-pro"]
    chat = Session(preset="xiaomi")
    chat.ask("one")
    peer.models = None
    chat.ask("two", api="anthropic")
    chat.ask("three", model="mine")
    assert [seen.body["model"] for seen in peer.requests] == ["mimo-v2.7-pro", "mimo-v2.7-pro", "mine"]
    assert [turn.params.model for turn in chat.turns] == ["mimo-v2.7-pro", "mimo-v2.7-pro", "mine"]
    monkeypatch.setattr(model_list, "_model_ids_by_url", {})
    chat.ask("four")
    assert peer.requests[-1].body["model"] == "mimo-v2.6-pro"


# Differences between services


def hinted(peer: Peer, **options: object) -> dict[str, object]:
    """The body of a prompt at another base URL, with thinking on."""
    session(peer, thinking=True, max_tokens=9, **options).ask("hi")
    return peer.requests[-1].body


def test_an_own_base_url_gets_the_fields_of_open_servers(peer: Peer) -> None:
    body = hinted(peer)
    assert (body["chat_template_kwargs"], body["max_tokens"]) == ({"enable_thinking": True}, 9)
    assert not body.keys() & {"thinking", "max_completion_tokens"}


def test_the_field_for_thinking_can_be_set(peer: Peer) -> None:
    assert hinted(peer, thinking_form="reasoning_effort")["reasoning_effort"] == "medium"
    assert hinted(peer, thinking_form="thinking")["thinking"] == {"type": "enabled"}


REASONED = Message("assistant", (ReasoningPart("Hm."), TextPart("Hello.")))


@pytest.mark.parametrize(("preset", "sent"), [("other", "Hm."), ("mimo-v2", None)])
def test_reasoning_is_sent_only_to_servers_that_sent_it(peer: Peer, preset: str, sent: str | None) -> None:
    chat = session(peer)
    chat.ask("one")
    (turn,) = chat.turns
    past = replace(turn, reply=replace(turn.reply, message=REASONED), preset=preset)
    settings = Settings(base_url=f"{peer.url}/v1", system="none")
    request, _ = build_turn_input("two", [past], settings, date(2026, 1, 1)).build_request()
    assert FORMATS["openai"].encode(request)["messages"][1].get("reasoning_content") == sent
