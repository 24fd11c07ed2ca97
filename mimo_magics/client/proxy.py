"""The proxy of a call: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment.

Chosen here and not by httpx, which reads every variable before any call: one bad value would break calls that use no proxy.
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
"""In `NO_PROXY`; an address of version 6 has brackets then."""


@dataclass(frozen=True, slots=True)
class ProxySetting:
    """A proxy as a variable names it."""

    variable: str
    """Name of the variable, to tell a person."""
    url: Secret
    """It may hold a password."""

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection to the proxy itself uses TLS."""
        return self.url.lower().startswith("https://")

    def build_proxy(self, tls: SSLContext) -> httpx.Proxy:
        """Return what httpx wants.

        Raises:
            BadOption: the address cannot be that of a proxy.
        """
        scheme = self.url.partition("://")[0].lower()
        if scheme not in SCHEMES:
            raise BadOption(
                Translatable(
                    "{variable} names a proxy of an unknown kind: {scheme}://.",
                    variable=self.variable,
                    scheme=quote(scheme, MAX_SCHEME_CHARS),
                ),
                Translatable(
                    "Its address begins with {schemes}.", schemes=", ".join(f"{each}://" for each in SCHEMES)
                ),
            )
        try:
            proxy = httpx.Proxy(self.url, ssl_context=tls if self.is_encrypted else None)
        except (ValueError, httpx.InvalidURL):  # not shown: it may quote the password
            raise self._bad_address_error() from None
        if not proxy.url.host:
            raise self._bad_address_error()
        return proxy

    def missing_package_error(self) -> BadOption:
        """Return the error for a SOCKS proxy where the package for it is not installed."""
        return BadOption(
            Translatable(
                "{variable} names a SOCKS proxy, which needs the package socksio.", variable=self.variable
            ),
            Translatable("Run: %pip install socksio"),
        )

    def _bad_address_error(self) -> BadOption:
        return BadOption(
            Translatable("The address of the proxy in {variable} cannot be read.", variable=self.variable),
            Translatable(
                "It has the form http://user:password@host:port; in a password write # as %23, / as %2F, @ as %40."
            ),
        )


def find_proxy(url: str) -> ProxySetting | None:
    """Return the proxy for an address; none for this machine and for what `NO_PROXY` names."""
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
    return next((name for name in names if os.environ.get(name)), Translatable("the system's settings"))


def _is_exempt(address: SplitResult, no_proxy: str) -> bool:
    """Tell whether `NO_PROXY` names the address: a host with its subdomains, an IP address, a network, or `*`."""
    return any(_names(entry, address) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _names(entry: str, address: SplitResult) -> bool:
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
    """A name that begins with a dot means the subdomains alone."""
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        domain = name.lower().removeprefix("*").rstrip(".")
        host = host.rstrip(".")
        return bool(domain) and (host == domain or host.endswith("." + domain.removeprefix(".")))
