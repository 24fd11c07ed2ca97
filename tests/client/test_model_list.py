"""The models of a service: what its server lists, and what is published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.peer import KEY, Answer, Peer

from mimo_magics.client import endpoint, http, model_list
from mimo_magics.core.errors import BadOption
from mimo_magics.core.services import SERVICES
from mimo_magics.core.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def mimo(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """The peer as the service of the default preset."""
    base_urls = {"openai": f"{peer.url}/v1", "anthropic": f"{peer.url}/anthropic"}
    monkeypatch.setitem(SERVICES, "mimo-v2", replace(SERVICES["mimo-v2"], base_urls=base_urls))
    return peer


async def test_the_list_of_the_server_is_asked_for_once(mimo: Peer) -> None:
    mimo.models = ["mimo-v2-pro", "mimo-v2-tts", "new"]
    assert model_list.get_known_models(Settings()) == ("mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni")
    assert await model_list.list_models(Settings()) == ("mimo-v2-pro", "mimo-v2-tts", "new")
    mimo.models = None
    assert await model_list.list_models(Settings(api="anthropic")) == ("mimo-v2-pro", "mimo-v2-tts", "new")
    assert model_list.get_known_models(Settings(api="anthropic")) == ("mimo-v2-pro", "mimo-v2-tts", "new")


async def test_a_server_that_does_not_tell_is_asked_again(mimo: Peer) -> None:
    mimo.models = None
    assert await model_list.list_models(Settings()) == ()
    mimo.models = ["new"]
    assert await model_list.list_models(Settings()) == ("new",)


async def test_a_prompt_does_not_wait_twice_for_a_list_that_is_not_told(mimo: Peer) -> None:
    mimo.models = None
    service, service_endpoint = SERVICES["mimo-v2"], endpoint.resolve_endpoint(Settings())
    for _ in range(3):
        assert await model_list.list_models_at(service, service_endpoint) == ()
    assert [seen.path for seen in mimo.lists] == ["/v1/models", "/models"]


async def test_where_the_list_is_not_found_the_address_without_the_version_is_tried(mimo: Peer) -> None:
    listed = b'{"data": [{"id": "mimo-v2.6-pro"}]}'
    mimo.models = lambda path: listed if path == "/models" else None
    assert await model_list.list_models(Settings()) == ("mimo-v2.6-pro",)
    assert [seen.path for seen in mimo.lists] == ["/v1/models", "/models"]


LISTED_IN_SEPTEMBER = (
    *("mimo-v2.5", "mimo-v2.5-asr", "mimo-v2.5-pro", "mimo-v2.5-tts"),
    *("mimo-v2.6-flash", "mimo-v2.6-pro", "mimo-v2.6-pro-ultraspeed"),
)


@pytest.mark.parametrize(
    ("model_ids", "model"),
    [
        ((), "mimo-v2.6-pro"),
        (LISTED_IN_SEPTEMBER, "mimo-v2.6-pro"),
        (LISTED_IN_SEPTEMBER[::-1], "mimo-v2.6-pro"),
        (("mimo-v2.5", "mimo-v2.7-pro", "mimo-v2.10-pro", "mimo-v2.10-flash"), "mimo-v2.10-pro"),
        (("mimo-v3-flash", "mimo-v3-pro"), "mimo-v3-pro"),
        (("mimo-v3-tts", "mimo-v3-flash", "mimo-v3"), "mimo-v3-flash"),
        (("mimo-v3-tts", "mimo-v3-asr"), "mimo-v2.6-pro"),
        (("qwen", "llama"), "qwen"),
    ],
)
async def test_the_model_of_the_preset_answers_or_its_successor_or_the_first_one(
    model_ids: tuple[str, ...], model: str
) -> None:
    assert model_list.choose_model(SERVICES["xiaomi"], model_ids) == model


async def test_without_a_key_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIMO_API_KEY", raising=False)
    assert await model_list.list_models(Settings()) == ()


async def test_the_embedded_model_is_the_only_one_there() -> None:
    assert (
        await model_list.list_models(Settings(preset="local"))
        == model_list.get_known_models(Settings(preset="local"))
        == ("mimo-local",)
    )


async def test_another_address_is_asked_for_its_own_models(peer: Peer) -> None:
    peer.models = ["qwen"]
    settings = Settings(base_url=f"{peer.url}/v1")
    assert "mimo-v2-pro" in model_list.get_known_models(settings)
    assert await model_list.list_models(settings) == ("qwen",)
    assert model_list.get_known_models(settings) == ("qwen",)


async def test_an_address_is_asked_in_the_persons_own_words(peer: Peer) -> None:
    """With a slash at its end, and with the key in the header that they chose."""
    peer.models = ["qwen"]
    settings = Settings(base_url=f"{peer.url}/v1/", auth="api-key")
    assert await model_list.list_models(settings) == model_list.get_known_models(settings) == ("qwen",)
    assert [(seen.path, seen.headers.get("api-key")) for seen in peer.lists] == [("/v1/models", KEY)]


async def test_the_format_of_the_settings_does_not_matter(mimo: Peer) -> None:
    """The Anthropic format has no list."""
    mimo.models = ["new"]
    assert await model_list.list_models(Settings(api="anthropic")) == ("new",)
    assert [(seen.path, seen.headers.get("authorization")) for seen in mimo.lists] == [
        ("/v1/models", f"Bearer {KEY}")
    ]


async def test_a_preset_that_is_not_there_is_told() -> None:
    with pytest.raises(BadOption, match="Unknown preset 'nowhere'"):
        await model_list.list_models(Settings(preset="nowhere"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": 1}', b'{"data": [{}]}', b"[" * 100_000])
async def test_a_server_that_answers_something_else_lists_nothing(mimo: Peer, body: bytes) -> None:
    mimo.models = body
    assert await model_list.list_models(Settings()) == ()


async def test_only_names_are_listed_and_each_once(mimo: Peer) -> None:
    mimo.models = b'{"data": [{"id": null}, {"id": "new"}, {"id": ""}, {"id": {"a": 1}}, {"id": "new"}]}'
    assert await model_list.list_models(Settings()) == ("new",)


async def test_a_server_that_is_silent_is_not_waited_for(mimo: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIST_TIMEOUT", 0.1)
    mimo.models = Answer([60.0, b'{"data": [{"id": "late"}]}'])
    assert await model_list.list_models(Settings()) == ()
    assert model_list.get_known_models(Settings()) == ("mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni")


async def test_what_no_screen_can_show_is_no_model(mimo: Peer) -> None:
    mimo.models = ["fine", "mimo\u202eevil", "a\x1b[35mb", "two\nlines", "x" * 201, ""]
    assert await model_list.list_models(Settings()) == ("fine",)
