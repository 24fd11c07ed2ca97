"""Where a call goes and with which key."""

import pytest

from mimo_magics import endpoint
from mimo_magics.endpoint import Endpoint
from mimo_magics.errors import BadOption, NoKey
from mimo_magics.secret import Secret
from mimo_magics.settings import Settings

KEY = Secret("sk-canary-0123456789")


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMO_API_KEY", f"  {KEY}\n")


@pytest.mark.usefixtures("_key")
def test_the_default_is_the_service_of_the_quick_start_page() -> None:
    assert endpoint.find(Settings()) == Endpoint("https://api.mimo-v2.com/v1", KEY, "bearer")
    assert endpoint.find(Settings(api="anthropic")) == Endpoint(
        "https://api.mimo-v2.com/anthropic", KEY, "api-key"
    )


@pytest.mark.usefixtures("_key")
def test_another_address_and_another_header_can_be_set() -> None:
    found = endpoint.find(Settings(base_url="http://localhost:8000/v1/", auth="x-api-key"))
    assert found == Endpoint("http://localhost:8000/v1", KEY, "x-api-key")
    assert found.host == "localhost:8000"


def test_without_a_key_a_person_is_told_where_to_get_one_and_how_to_do_without() -> None:
    with pytest.raises(NoKey) as error:
        endpoint.find(Settings())
    assert str(error.value) == "There is no key for api.mimo-v2.com."
    assert error.value.hint == (
        "Set MIMO_API_KEY (keys: https://www.mimo-v2.com) or %mimo_config api_key; "
        "without one: %mimo_config preset=local"
    )


def test_another_address_may_do_without_a_key() -> None:
    assert endpoint.find(Settings(base_url="http://127.0.0.1:1/v1")).key == ""


@pytest.mark.parametrize("url", ["api.mimo-v2.com/v1", "ftp://host/v1", "javascript:alert(1)"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadOption, match="is no web address"):
        endpoint.find(Settings(base_url=url))


def test_an_unknown_preset_gets_a_suggestion() -> None:
    with pytest.raises(BadOption) as error:
        endpoint.preset(Settings(preset="mimo-v3"))
    assert (str(error.value), error.value.hint) == (
        "There is no preset 'mimo-v3'.",
        "Did you mean mimo-v2?",
    )
    with pytest.raises(BadOption) as error:
        endpoint.preset(Settings(preset="x"))
    assert error.value.hint == "There are: mimo-v2, xiaomi, local."


@pytest.mark.usefixtures("_key")
def test_another_host_needs_a_key_of_its_own_unless_it_is_this_machine() -> None:
    endpoint.find(Settings())
    with pytest.raises(NoKey) as error:
        endpoint.find(Settings(preset="xiaomi"))
    assert (str(error.value), error.value.hint) == (
        "There is no key for api.xiaomimimo.com.",
        "The key at hand was given for another host; give one for this host by %mimo_config api_key",
    )
    with pytest.raises(NoKey):
        endpoint.find(Settings(base_url="https://evil.example/v1"))
    assert endpoint.find(Settings(base_url="http://127.0.0.1:8000/v1")).key == ""


@pytest.mark.usefixtures("_key")
def test_an_endpoint_does_not_show_its_key() -> None:
    assert KEY[:-4] not in repr(endpoint.find(Settings()))
