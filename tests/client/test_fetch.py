"""Downloads: which addresses are public, what connects where, and the limits."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import Any, ClassVar

import pytest

from mimo_magics.client import portal
from mimo_magics.client.fetch import Download, fetch, is_public
from mimo_magics.core.errors import BadOption

PUBLIC = "http://93.184.215.14"
"""An address that the proxy of the tests serves. Nothing else is contacted."""
PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]
FORMS = [
    "http://127.0.0.1:8888/x",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://127.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://localhost/",
    "https://localhost/",
    "http://169.254.169.254/latest/meta-data/",
    "http://①②⑦.⓪.⓪.①/",
]


class _Proxy(BaseHTTPRequestHandler):
    """Replies to every request for a URL, as a proxy does."""

    pages: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]] = {}
    seen: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Host"]))
        status, headers, body = self.pages.get(self.path, (404, {"Content-Type": "text/plain"}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Proxy]]:
    """A proxy that serves pages of public addresses."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    _Proxy.pages, _Proxy.seen = {}, []
    yield _Proxy
    server.shutdown()
    server.server_close()
    thread.join()


def download(url: str, types: tuple[str, ...] = ("text/",), max_bytes: int = 1_000) -> Download:
    return portal.run_async(lambda: fetch(url, types, max_bytes))


def error_of(url: str, types: tuple[str, ...] = ("text/",)) -> str:
    with pytest.raises(BadOption) as caught:
        download(url, types)
    return caught.value.message


def page(
    body: bytes, kind: str = "text/plain; charset=utf-8", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": kind, "Content-Length": str(len(body)), **headers}, body


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("url", FORMS)
def test_this_machine_is_refused_in_every_form_of_its_address(url: str) -> None:
    message = error_of(url)
    assert "leads to the private address" in message or message.endswith(
        ("DNS lookup failed.", "not a valid URL.")
    )


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/x", "file:///etc/passwd", "http://", "https://user:secret@a.example/"],
)
def test_another_url_is_refused(url: str) -> None:
    assert error_of(url).endswith("is not a valid URL.")


def test_a_file_is_downloaded_with_the_name_of_its_host(proxy: type[_Proxy]) -> None:
    proxy.pages[f"{PUBLIC}/a.txt"] = page(b"High tide", "Text/Plain; charset=utf-8")
    assert download(f"{PUBLIC}/a.txt") == Download(f"{PUBLIC}/a.txt", "text/plain", b"High tide")
    assert proxy.seen == [(f"{PUBLIC}/a.txt", "93.184.215.14")]


def test_the_connection_goes_to_the_address_that_was_checked(
    proxy: type[_Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = iter(["93.184.215.14", "127.0.0.1"])
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", (next(results), 80))]
    )
    proxy.pages[f"{PUBLIC}/a.txt"] = page(b"High tide")
    assert download("http://rebinding.example/a.txt").data == b"High tide"
    assert proxy.seen == [(f"{PUBLIC}/a.txt", "rebinding.example")]


def test_a_host_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 1, 6, "", (address, 80)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert (
        error_of("http://mixed.example/") == "'http://mixed.example/' leads to the private address 10.0.0.1."
    )


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "//[::1]/x",
        "http://2130706433/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(proxy: type[_Proxy], target: str) -> None:
    proxy.pages[f"{PUBLIC}/a"] = (302, {"Location": target, "Content-Length": "0"}, b"")
    assert "private address" in error_of(f"{PUBLIC}/a") or error_of(f"{PUBLIC}/a").endswith(
        "is not a valid URL."
    )
    assert {path for path, _ in proxy.seen} == {f"{PUBLIC}/a"}


def test_a_redirect_is_followed_without_cookies(proxy: type[_Proxy]) -> None:
    headers = {"Location": "/b", "Set-Cookie": "a=b", "Content-Length": "0"}
    proxy.pages[f"{PUBLIC}/a"] = (301, headers, b"")
    proxy.pages[f"{PUBLIC}/b"] = page(b"x")
    assert download(f"{PUBLIC}/a") == Download(f"{PUBLIC}/b", "text/plain", b"x")


def test_the_number_of_redirects_is_limited(proxy: type[_Proxy]) -> None:
    proxy.pages[f"{PUBLIC}/a"] = (302, {"Location": "/a", "Content-Length": "0"}, b"")
    assert error_of(f"{PUBLIC}/a") == f"'{PUBLIC}/a' cannot be downloaded: it has more than 5 redirects."
    assert len(proxy.seen) == 6


def test_the_type_and_the_status_are_checked(proxy: type[_Proxy]) -> None:
    proxy.pages[f"{PUBLIC}/a"] = page(b"MZ", "application/x-msdownload")
    assert error_of(f"{PUBLIC}/a").endswith("cannot be downloaded: its type is 'application/x-msdownload'.")
    assert error_of(f"{PUBLIC}/b").endswith("cannot be downloaded: HTTP 404 Not Found.")


def test_the_size_is_limited_also_unpacked(proxy: type[_Proxy]) -> None:
    proxy.pages[f"{PUBLIC}/long"] = page(b"x" * 1_001)
    proxy.pages[f"{PUBLIC}/bomb"] = page(gzip.compress(bytes(10**7)), **{"Content-Encoding": "gzip"})
    assert "larger than" in error_of(f"{PUBLIC}/long")
    assert "larger than" in error_of(f"{PUBLIC}/bomb")


def test_a_host_that_cannot_be_found_or_reached_is_an_error(
    proxy: type[_Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert error_of(f"{PUBLIC}/a") == f"'{PUBLIC}/a' cannot be downloaded: connection refused."

    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert "DNS lookup failed" in error_of("http://nowhere.example/")
