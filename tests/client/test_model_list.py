"""The models of a service: the list of its server, and the published models."""

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
    """Return the peer as the server of the default preset."""
    base_urls = {"openai": f"{peer.url}/v1", "anthropic": f"{peer.url}/anthropic"}
    monkeypatch.setitem(SERVICES, "mimo-v2", replace(SERVICES["mimo-v2"], base_urls=base_urls))
    return peer


async def test_the_list_of_a_server_is_requested_once(mimo: Peer) -> None:
    mimo.models = ["mimo-v2-pro", "mimo-v2-tts", "new"]
    assert model_list.get_known_models(Settings()) == ("mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni")
    assert await model_list.list_models(Settings()) == ("mimo-v2-pro", "mimo-v2-tts", "new")
    mimo.models = None
    assert await model_list.list_models(Settings(api="anthropic")) == ("mimo-v2-pro", "mimo-v2-tts", "new")
    assert model_list.get_known_models(Settings(api="anthropic")) == ("mimo-v2-pro", "mimo-v2-tts", "new")


async def test_an_empty_list_is_requested_again(mimo: Peer) -> None:
    mimo.models = None
    assert await model_list.list_models(Settings()) == ()
    mimo.models = ["new"]
    assert await model_list.list_models(Settings()) == ("new",)


async def test_a_prompt_waits_only_once_for_an_empty_list(mimo: Peer) -> None:
    mimo.models = None
    service, service_endpoint = SERVICES["mimo-v2"], endpoint.resolve_endpoint(Settings())
    for _ in range(3):
        assert await model_list.list_models_at(service, service_endpoint) == ()
    assert [seen.path for seen in mimo.lists] == ["/v1/models", "/models"]


async def test_a_list_that_is_not_found_is_requested_from_the_url_without_the_version(mimo: Peer) -> None:
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
async def test_the_default_model_is_that_of_the_preset_or_its_successor_or_the_first_in_the_list(
    model_ids: tuple[str, ...], model: str
) -> None:
    assert model_list.choose_model(SERVICES["xiaomi"], model_ids) == model


async def test_without_a_key_no_list_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIMO_API_KEY", raising=False)
    assert await model_list.list_models(Settings()) == ()


async def test_the_local_service_has_only_the_embedded_model() -> None:
    assert (
        await model_list.list_models(Settings(preset="local"))
        == model_list.get_known_models(Settings(preset="local"))
        == ("mimo-local",)
    )


async def test_another_base_url_has_its_own_list(peer: Peer) -> None:
    peer.models = ["qwen"]
    settings = Settings(base_url=f"{peer.url}/v1")
    assert "mimo-v2-pro" in model_list.get_known_models(settings)
    assert await model_list.list_models(settings) == ("qwen",)
    assert model_list.get_known_models(settings) == ("qwen",)


async def test_a_list_is_requested_with_the_base_url_and_the_header_of_the_user(peer: Peer) -> None:
    peer.models = ["qwen"]
    settings = Settings(base_url=f"{peer.url}/v1/", auth="api-key")
    assert await model_list.list_models(settings) == model_list.get_known_models(settings) == ("qwen",)
    assert [(seen.path, seen.headers.get("api-key")) for seen in peer.lists] == [("/v1/models", KEY)]


async def test_the_list_is_requested_in_the_openai_format_whatever_the_setting_is(mimo: Peer) -> None:
    mimo.models = ["new"]
    assert await model_list.list_models(Settings(api="anthropic")) == ("new",)
    assert [(seen.path, seen.headers.get("authorization")) for seen in mimo.lists] == [
        ("/v1/models", f"Bearer {KEY}")
    ]


async def test_an_unknown_preset_is_an_error() -> None:
    with pytest.raises(BadOption, match="Unknown preset 'nowhere'"):
        await model_list.list_models(Settings(preset="nowhere"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": 1}', b'{"data": [{}]}', b"[" * 100_000])
async def test_an_invalid_list_is_empty(mimo: Peer, body: bytes) -> None:
    mimo.models = body
    assert await model_list.list_models(Settings()) == ()


async def test_a_list_contains_only_names_and_no_duplicates(mimo: Peer) -> None:
    mimo.models = b'{"data": [{"id": null}, {"id": "new"}, {"id": ""}, {"id": {"a": 1}}, {"id": "new"}]}'
    assert await model_list.list_models(Settings()) == ("new",)


async def test_a_list_has_a_read_timeout(mimo: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIST_TIMEOUT", 0.1)
    mimo.models = Answer([60.0, b'{"data": [{"id": "late"}]}'])
    assert await model_list.list_models(Settings()) == ()
    assert model_list.get_known_models(Settings()) == ("mimo-v2-pro", "mimo-v2-flash", "mimo-v2-omni")


async def test_an_id_that_cannot_be_displayed_is_left_out(mimo: Peer) -> None:
    mimo.models = ["fine", "mimo\u202eevil", "a\x1b[35mb", "two\nlines", "x" * 201, ""]
    assert await model_list.list_models(Settings()) == ("fine",)
