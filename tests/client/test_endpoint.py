"""The endpoint of a call: base URL, API key and authentication."""

from pathlib import Path

import pytest

from mimo_magics.client import credentials, endpoint
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import BadOption, MissingApiKey
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Settings
from mimo_magics.tape.tape import resolve_tapes

KEY = Secret("sk-canary-0123456789")


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_API_KEY", f"  {KEY}\n")


@pytest.mark.usefixtures("_key")
def test_the_default_endpoint_is_that_of_the_default_preset() -> None:
    assert endpoint.resolve_endpoint(Settings()) == Endpoint("https://api.mimo-v2.com/v1", KEY, "bearer")
    assert endpoint.resolve_endpoint(Settings(api="anthropic")) == Endpoint(
        "https://api.mimo-v2.com/anthropic", KEY, "api-key"
    )


@pytest.mark.usefixtures("_key")
def test_a_base_url_and_an_auth_header_can_be_set() -> None:
    found = endpoint.resolve_endpoint(Settings(base_url="http://localhost:8000/v1/", auth="x-api-key"))
    assert found == Endpoint("http://localhost:8000/v1", KEY, "x-api-key")
    assert found.host == "localhost:8000"


def test_the_error_on_a_missing_key_says_how_to_get_one_and_how_to_continue_without() -> None:
    with pytest.raises(MissingApiKey) as error:
        endpoint.resolve_endpoint(Settings())
    assert str(error.value) == "There is no API key for api.mimo-v2.com."
    assert error.value.hint == (
        "Get a key at https://www.mimo-v2.com and set MIMO_API_KEY,\n"
        "or enter the key: %mimo_config api_key,\n"
        "or use the embedded model without a key: %mimo_config preset=local"
    )


@pytest.mark.parametrize(
    ("settings", "base_url"),
    [
        (Settings(), "https://api.mimo-v2.com/v1"),
        (Settings(preset="local"), "http://127.0.0.1/v1"),
        (Settings(preset="local", api="anthropic"), "http://127.0.0.1"),
    ],
)
def test_a_replay_needs_neither_a_key_nor_a_server(tmp_path: Path, settings: Settings, base_url: str) -> None:
    (tmp_path / "tape.jsonl").write_text('{"tape": 1, "by": "mimo-magics"}\n', encoding="utf-8")
    tapes = resolve_tapes(f"replay:{tmp_path / 'tape.jsonl'}")
    found = endpoint.resolve_endpoint(settings, tapes)
    assert (found.base_url, found.key, found.tapes) == (base_url, "", tapes)


def test_the_embedded_model_has_no_base_url_before_it_runs() -> None:
    assert endpoint.resolve_address(Settings(preset="local")).base_url == ""


def test_a_custom_base_url_needs_no_key() -> None:
    assert endpoint.resolve_endpoint(Settings(base_url="http://127.0.0.1:1/v1")).key == ""


@pytest.mark.parametrize(
    "url",
    ["api.mimo-v2.com/v1", "ftp://host/v1", "javascript:alert(1)", "http://[::1", "https://", "https://h:x/"],
)
def test_an_invalid_base_url_is_refused(url: str) -> None:
    with pytest.raises(BadOption, match="is not a valid URL"):
        endpoint.resolve_endpoint(Settings(base_url=url))


def test_an_unknown_preset_gets_a_suggestion() -> None:
    with pytest.raises(BadOption) as error:
        endpoint.resolve_service(Settings(preset="mimo-v3"))
    assert (str(error.value), error.value.hint) == (
        "Unknown preset 'mimo-v3'.",
        "Did you mean mimo-v2?",
    )
    with pytest.raises(BadOption) as error:
        endpoint.resolve_service(Settings(preset="x"))
    assert error.value.hint == "Available: mimo-v2, xiaomi, local."


@pytest.mark.usefixtures("_key")
def test_a_key_that_a_host_accepted_is_not_sent_to_another() -> None:
    endpoint.bind_key(endpoint.resolve_endpoint(Settings()))
    with pytest.raises(MissingApiKey) as error:
        endpoint.resolve_endpoint(Settings(preset="xiaomi"))
    assert (str(error.value), error.value.hint) == (
        "There is no API key for api.xiaomimimo.com.",
        "The known API key belongs to another host. Set a key for this host with %mimo_config api_key",
    )
    with pytest.raises(MissingApiKey):
        endpoint.resolve_endpoint(Settings(base_url="https://evil.example/v1"))
    assert endpoint.resolve_endpoint(Settings(base_url="http://127.0.0.1:8000/v1")).key == ""
    credentials.set_key("api.xiaomimimo.com", KEY)
    assert endpoint.resolve_endpoint(Settings(preset="xiaomi")).key == KEY


@pytest.mark.usefixtures("_key")
def test_a_key_that_a_host_rejected_can_be_sent_to_another() -> None:
    endpoint.resolve_endpoint(Settings())
    assert endpoint.resolve_endpoint(Settings(preset="xiaomi")).key == KEY


@pytest.mark.usefixtures("_key")
def test_a_loopback_server_does_not_bind_a_key() -> None:
    endpoint.bind_key(endpoint.resolve_endpoint(Settings(base_url="http://localhost:8000/v1")))
    assert endpoint.resolve_endpoint(Settings()).key == KEY


@pytest.mark.usefixtures("_key")
def test_a_key_is_not_sent_unencrypted() -> None:
    assert endpoint.resolve_endpoint(Settings(base_url="http://api.mimo-v2.com/v1")).key == ""
    credentials.set_key("http://vllm.lan:8000", "sk-lan")
    assert endpoint.resolve_endpoint(Settings(base_url="http://vllm.lan:8000/v1")).key == "sk-lan"


@pytest.mark.parametrize("host", ["api.mimo-v2.com", "vllm.lan:8000", "10.0.0.5", "[fd00::1]:8000"])
def test_a_key_for_https_is_never_sent_over_http(host: str) -> None:
    credentials.set_key(endpoint.get_key_origin(f"https://{host}/v1"), "sk-typed")
    assert endpoint.resolve_endpoint(Settings(base_url=f"https://{host}/v1")).key == "sk-typed"
    assert endpoint.resolve_endpoint(Settings(base_url=f"http://{host}/v1")).key == ""


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.mimo-v2.com:443/v1", "api.mimo-v2.com"),
        ("http://api.mimo-v2.com/v1", "http://api.mimo-v2.com"),
        ("http://vllm.lan:8000/v1", "http://vllm.lan:8000"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("https://[2001:db8::1]:8080/v1", "[2001:db8::1]:8080"),
        ("https://[2001:db8::1:8080]/v1", "[2001:db8::1:8080]"),
        ("http://localhost/v1", "localhost"),
        ("", ""),
    ],
)
def test_a_key_is_bound_to_scheme_and_host(url: str, origin: str) -> None:
    assert endpoint.get_key_origin(url) == origin


def test_different_spellings_of_a_host_are_the_same_origin() -> None:
    urls = ("https://API.mimo-v2.com/v1", "https://api.mimo-v2.com:443/v1", "https://api.mimo-v2.com")
    assert {endpoint.parse_host(url) for url in urls} == {"api.mimo-v2.com"}
    assert endpoint.parse_host("http://127.0.0.1:8000/v1") == "127.0.0.1:8000"


def test_the_embedded_model_has_no_base_url() -> None:
    with pytest.raises(BadOption, match="has no base URL"):
        endpoint.resolve_service(Settings(preset="local", base_url="http://127.0.0.1:8000/v1"))


@pytest.mark.usefixtures("_key")
def test_the_repr_of_an_endpoint_masks_the_key() -> None:
    assert KEY[:-4] not in repr(endpoint.resolve_endpoint(Settings()))


def test_a_base_url_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(BadOption) as error:
        endpoint.resolve_endpoint(Settings(base_url="https://me:S3cretPw@host/v1"))
    assert "S3cretPw" not in str(error.value)
