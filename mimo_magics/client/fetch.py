"""Download of a file of the user from a public web address.

A notebook that was received can contain any URL, so a download must not reach the network of the user. Each host is
resolved here, all its addresses are checked, and the connection goes to a checked address: a second DNS lookup could
return another one. This holds for each redirect. The TLS certificate is still that of the host.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urljoin

import anyio
import httpx

from mimo_magics.client.body import read_body
from mimo_magics.client.connection_errors import HTTPX_ERRORS, describe_cause
from mimo_magics.client.route import Route
from mimo_magics.core.errors import BadOption, WireError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

MAX_SECONDS, CONNECT_TIMEOUT = 60.0, 10.0
"""Seconds for a download with all its redirects, and for one connection."""
MAX_REDIRECTS = 5
MAX_ADDRESSES = 4
"""Addresses of a host to which a connection is tried."""
MAX_URL_CHARS = 200
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
NAT64 = IPv6Network("64:ff9b::/96")
SPECIAL_NETWORKS = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"), ip_network("64:ff9b:1::/48"))
"""Networks of clouds and protocols that not all versions of Python know. The other ones are private or link-local."""

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Download:
    """A downloaded file."""

    url: str
    """The URL after all redirects."""
    content_type: str
    """The type in lower case, without parameters; empty if the server sent none."""
    data: bytes


async def fetch(url: str, content_types: Sequence[str], max_bytes: int) -> Download:
    """Download a file.

    Args:
        url: an http or https URL.
        content_types: beginnings of the accepted content types, such as `image/`.
        max_bytes: size limit, decompressed.

    Raises:
        BadOption: the URL is not public, or cannot be downloaded within the limits.
    """
    try:
        with anyio.fail_after(MAX_SECONDS):
            return await _follow(url, content_types, max_bytes)
    except TimeoutError:
        raise _download_error(
            url, Translatable("it took more than {seconds:.0f} seconds", seconds=MAX_SECONDS)
        ) from None
    except WireError as error:
        raise _download_error(url, error.message.rstrip(".")) from None
    except HTTPX_ERRORS as error:
        raise _download_error(url, describe_cause(error)) from None


async def _follow(url: str, content_types: Sequence[str], max_bytes: int) -> Download:
    """Follow redirects to a file."""
    address = url
    for _ in range(MAX_REDIRECTS + 1):
        async with _open(address) as response:
            if response.status_code in REDIRECT_STATUSES and (target := response.headers.get("location")):
                address = urljoin(address, target)
                continue
            if not response.is_success:
                phrase = HTTPStatus(response.status_code).phrase if response.status_code in STATUSES else ""
                raise _download_error(url, f"HTTP {response.status_code} {phrase}".rstrip())
            content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if not content_type.startswith(tuple(content_types)):
                raise _download_error(
                    url, Translatable("its type is {kind!r}", kind=quote(content_type, MAX_URL_CHARS))
                )
            return Download(address, content_type, await read_body(response, max_bytes))
    raise _download_error(url, Translatable("it has more than {count} redirects", count=MAX_REDIRECTS))


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[httpx.Response]:
    """Request a URL from a checked address of its host."""
    target = _parse(url)
    addresses = await _resolve(target, url)
    # No cookie or connection is shared: hosts of different redirects may have the same address.
    async with Route.find(url).build_client() as client:
        response = await _connect(client, target, addresses)
        try:
            yield response
        finally:
            await response.aclose()


async def _connect(
    client: httpx.AsyncClient, target: httpx.URL, addresses: Sequence[Address]
) -> httpx.Response:
    """Return the response of the first address that can be connected."""
    for address in addresses[:-1]:
        try:
            return await client.send(_build_request(client, target, address), stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await client.send(_build_request(client, target, addresses[-1]), stream=True)


def _build_request(client: httpx.AsyncClient, target: httpx.URL, address: Address) -> httpx.Request:
    return client.build_request(
        "GET",
        target.copy_with(host=str(address)),
        headers={"Host": target.netloc.decode("ascii")},
        extensions={"sni_hostname": target.raw_host.decode("ascii")},
        timeout=httpx.Timeout(MAX_SECONDS, connect=CONNECT_TIMEOUT),
    )


def _parse(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        target = httpx.URL("")
    if target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise BadOption(
            Translatable("{url!r} is not a valid URL.", url=quote(url, MAX_URL_CHARS)),
            Translatable("Use a URL that begins with https:// or http://, without a user name and password."),
        )
    return target


async def _resolve(target: httpx.URL, url: str) -> list[Address]:
    """Return the addresses of a host, if all of them are public.

    A number such as 2130706433 and a name that is not in the DNS are resolved as the system does it.
    """
    host = target.raw_host.decode("ascii")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, target.port or (443 if target.scheme == "https" else 80), type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise _download_error(url, Translatable("DNS lookup failed")) from None
    addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
    for address in addresses:
        if not is_public(address):
            raise BadOption(
                Translatable(
                    "{url!r} leads to the private address {address}.",
                    url=quote(url, MAX_URL_CHARS),
                    address=str(address),
                ),
                Translatable("Only public addresses are downloaded. Save the file, and send it by its path."),
            )
    return addresses[:MAX_ADDRESSES]


def is_public(address: Address) -> bool:
    """Return whether an address is on the public internet, also in the forms that contain an IPv4 address."""
    inner = _find_inner_address(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return is_public(inner)
    is_special = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not is_special and not any(address in each for each in SPECIAL_NETWORKS)


def _find_inner_address(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which a gateway forwards an IPv6 address, if there is one."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _download_error(url: str, reason: str) -> BadOption:
    return BadOption(
        Translatable("{url!r} cannot be downloaded: {reason}.", url=quote(url, MAX_URL_CHARS), reason=reason),
        Translatable("Check the URL, or save the file and send it by its path."),
    )


STATUSES = frozenset(HTTPStatus)
