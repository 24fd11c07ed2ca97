"""The proxy of a call, and the errors for an invalid or unreachable proxy."""

from __future__ import annotations

import pytest
from support.http_calls import REQUEST, fold_events, send_request
from support.peer import KEY, Peer, reply

from mimo_magics.client import http, model_list
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.proxy import ProxySetting, find_proxy
from mimo_magics.core.errors import BadOption, ConnectionFailed
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Settings

PASSWORD = "pass#word-canary"
PROXY = "http://proxy.invalid:3128"
REMOTE_URLS = ["http://vllm.invalid/v1", "https://api.invalid/v1"]
BAD_PROXIES = [
    "socks://127.0.0.1:1080/",
    "socks5://127.0.0.1:1080",
    "ftp://proxy.invalid",
    f"http://me:{PASSWORD}@proxy.invalid:3128",
    "http://proxy.invalid:port",
    "http://",
    "http://:3128",
    "http://[::1",
    "://",
    "proxy.invalid:a:b",
    '"http://proxy.invalid:3128"',
    "http://proxy.invalid:\x1b[31m",
]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def call(url: str) -> None:
    try:
        async for _ in http.stream(Endpoint(url, Secret(KEY), "bearer"), "openai", REQUEST):
            pass
    finally:
        await http.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("url", REMOTE_URLS)
@pytest.mark.parametrize("value", BAD_PROXIES)
@pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy"])
async def test_an_invalid_proxy_is_an_error_that_names_the_variable_and_hides_the_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, url: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadOption, match=variable) as failure:
        await call(url)
    shown = "".join(failure.value.lines)
    assert failure.value.hint
    assert len(shown) < 400
    assert shown.isprintable()
    assert "canary" not in shown + repr(failure.value.__context__)


@pytest.mark.anyio
@pytest.mark.usefixtures("_closed")
@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"])
@pytest.mark.parametrize(
    "value", [*BAD_PROXIES, "localhost,fe80::/10", "localhost,[::1]", "a\nb", "/nonexistent"]
)
async def test_this_machine_is_called_whatever_the_environment_variables_are(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert fold_events(await send_request(peer)) == reply("You said: hello")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "localhost.", "0.0.0.0"),
        *("[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::]"),
    ],
)
def test_this_machine_has_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert find_proxy(f"http://{host}:8000/v1") is None


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, ("HTTPS_PROXY", PROXY)),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other.invalid"}, ("https_proxy", PROXY)),
        ({"HTTP_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, ("ALL_PROXY", PROXY)),
        ({"ALL_PROXY": "socks://bad", "HTTPS_PROXY": PROXY}, ("HTTPS_PROXY", PROXY)),
        ({"HTTPS_PROXY": " proxy.invalid:3128\n"}, ("HTTPS_PROXY", PROXY)),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_the_variable_of_the_scheme_comes_before_the_one_for_all(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[str, str] | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = find_proxy("https://api.invalid/v1")
    assert found == (ProxySetting(expected[0], Secret(expected[1])) if expected else None)


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_exempt"),
    [
        ("*", "https://api.invalid", True),
        ("api.invalid", "https://api.invalid", True),
        ("invalid", "https://api.invalid", True),
        ("API.invalid.", "https://api.invalid", True),
        ("*.invalid", "https://api.invalid", True),
        (".api.invalid", "https://api.invalid", False),
        (".api.invalid", "https://eu.api.invalid", True),
        ("pi.invalid", "https://api.invalid", False),
        ("a, b\napi.invalid\r\n", "https://api.invalid", True),
        ("api.invalid:443", "https://api.invalid", True),
        ("api.invalid:8443", "https://api.invalid", False),
        ("http://api.invalid", "https://api.invalid", False),
        ("all://api.invalid", "https://api.invalid", True),
        ("192.168.0.0/16", "http://192.168.7.1:8000", True),
        ("192.168.0.0/16", "http://192.169.7.1:8000", False),
        ("10.0.0.1", "http://10.0.0.1", True),
        ("10.0.0.1:80", "http://10.0.0.1", True),
        ("fe80::/10", "http://[fe80::1]:8000", True),
        ("[fe80::1]", "http://[fe80:0::1]:8000", True),
        ("[fe80::1]:8000", "http://[fe80::1]:8000", True),
        ("[fe80::1]:80", "http://[fe80::1]:8000", False),
        ("fe80::/10", "https://api.invalid", False),
        ("localhost,fe80::/10,[::1],http://,://,,*x,[", "https://api.invalid", False),
        ("", "https://api.invalid", False),
    ],
)
def test_no_proxy_names_hosts_addresses_and_networks(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, is_exempt: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (find_proxy(url) is None) is is_exempt


@pytest.mark.anyio
@pytest.mark.usefixtures("_short_delays")
async def test_an_unreachable_proxy_is_named_in_the_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed) as failure:
        await call("http://vllm.invalid/v1")
    assert failure.value.lines == (
        "Cannot connect to vllm.invalid: connection refused.",
        "Check the proxy in ALL_PROXY, the network and the base URL.",
    )


@pytest.mark.anyio
async def test_a_call_goes_through_the_proxy(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", peer.url)
    await call("http://vllm.invalid/v1")
    assert [(seen.path, seen.headers["host"]) for seen in peer.requests] == [
        ("http://vllm.invalid/v1/chat/completions", "vllm.invalid")
    ]


@pytest.mark.anyio
async def test_a_corrected_variable_applies_to_the_next_call(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks://bad")
    with pytest.raises(BadOption):
        await call("http://vllm.invalid/v1")
    monkeypatch.setenv("HTTP_PROXY", peer.url)
    await call("http://vllm.invalid/v1")
    assert len(peer.requests) == 1


@pytest.mark.anyio
async def test_an_invalid_proxy_is_an_error_for_the_list_of_models_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080/")
    with pytest.raises(BadOption, match="ALL_PROXY"):
        await model_list.list_models(Settings(base_url="http://vllm.invalid/v1"))
