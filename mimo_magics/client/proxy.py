"""The proxy of a call: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment.

This module chooses it, because httpx reads all variables for every client: one bad value would break the calls that
use no proxy.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from ssl import SSLContext
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import httpx

from mimo_magics.client.endpoint import is_loopback
from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.secret import Secret
from mimo_magics.core.text import quote

SCHEMES = ("http", "https", "socks5", "socks5h")
MAX_SCHEME_CHARS = 20
HOST_WITH_PORT = re.compile(r"(?P<host>\[.*\]|[^:]*):(?P<port>[0-9]+)")
"""An entry of `NO_PROXY` with a port. An IPv6 address has brackets then."""


@dataclass(frozen=True, slots=True)
class ProxySetting:
    """The value of a proxy variable."""

    variable: str
    """The name of the variable, for messages."""
    url: Secret
    """The URL, which may contain a password."""

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection to the proxy itself uses TLS."""
        return self.url.lower().startswith("https://")

    def build_proxy(self, tls: SSLContext) -> httpx.Proxy:
        """Return the proxy as httpx expects it.

        Raises:
            BadOption: the URL is not a valid proxy URL.
        """
        scheme = self.url.partition("://")[0].lower()
        if scheme not in SCHEMES:
            raise BadOption(
                Translatable(
                    "Unsupported proxy scheme '{scheme}' in {variable}.",
                    scheme=quote(scheme, MAX_SCHEME_CHARS),
                    variable=self.variable,
                ),
                Translatable("Supported schemes: {schemes}.", schemes=", ".join(SCHEMES)),
            )
        try:
            proxy = httpx.Proxy(self.url, ssl_context=tls if self.is_encrypted else None)
        # The error of httpx is not shown: it may quote the password.
        except (ValueError, httpx.InvalidURL):
            raise self._bad_url_error() from None
        if not proxy.url.host:
            raise self._bad_url_error()
        return proxy

    def missing_package_error(self) -> BadOption:
        """Return the error for a SOCKS proxy if its package is not installed."""
        return BadOption(
            Translatable(
                "The SOCKS proxy in {variable} requires the package socksio.", variable=self.variable
            ),
            Translatable("Run: %pip install socksio"),
        )

    def _bad_url_error(self) -> BadOption:
        return BadOption(
            Translatable("Invalid proxy URL in {variable}.", variable=self.variable),
            Translatable(
                "Write http://user:password@host:port, and in the password # as %23, / as %2F, @ as %40."
            ),
        )


def find_proxy(url: str) -> ProxySetting | None:
    """Return the proxy for a URL; `None` for this machine and for hosts in `NO_PROXY`."""
    if is_loopback(url):
        return None
    address = urlsplit(url)
    values = getproxies()
    for scheme in (address.scheme, "all"):
        if value := values.get(scheme, "").strip():
            if _is_exempt(address, values.get("no", "")):
                return None
            proxy_url = value if "://" in value else f"http://{value}"
            return ProxySetting(_name_variable(scheme), Secret(proxy_url))
    return None


def _name_variable(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), Translatable("the system settings"))


def _is_exempt(address: SplitResult, no_proxy: str) -> bool:
    """Return whether `NO_PROXY` has the address: a host with its subdomains, an IP address, a network, or `*`."""
    return any(_matches_entry(entry, address) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _matches_entry(entry: str, address: SplitResult) -> bool:
    scheme, _, name = entry.rpartition("://")
    if scheme not in ("", "all", address.scheme):
        return False
    port = None
    if match := HOST_WITH_PORT.fullmatch(name):
        name, port = match["host"], int(match["port"])
    if port not in (None, address.port or {"http": 80, "https": 443}[address.scheme]):
        return False
    return name == "*" or _is_host_in(address.hostname or "", name.replace("[", "").replace("]", ""))


def _is_host_in(host: str, name: str) -> bool:
    """Return whether a host belongs to a network or a domain. A domain with a leading dot means its subdomains only."""
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        domain = name.lower().removeprefix("*").rstrip(".")
        host = host.rstrip(".")
        return bool(domain) and (host == domain or host.endswith("." + domain.removeprefix(".")))
