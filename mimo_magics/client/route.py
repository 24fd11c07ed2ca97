"""The network route to a server: proxy and certificates from the environment, and the httpx client that uses them."""

from __future__ import annotations

from dataclasses import dataclass
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx

from mimo_magics.client.body import ACCEPTED_ENCODINGS
from mimo_magics.client.certificates import CertificateSettings
from mimo_magics.client.connection_stack import ONE_CONNECTION, ConnectionStack
from mimo_magics.client.proxy import ProxySetting, find_proxy
from mimo_magics.core.version import __version__

CLIENT_HEADERS = {"User-Agent": f"mimo-magics/{__version__}", "Accept-Encoding": ACCEPTED_ENCODINGS}


@dataclass(frozen=True, slots=True)
class Route:
    """The route to a URL. Calls with equal routes share a client."""

    proxy: ProxySetting | None
    certificates: CertificateSettings | None
    """`None` if the connection does not use TLS."""

    @classmethod
    def find(cls, url: str) -> Route:
        """Read only the environment variables that apply to a URL."""
        proxy = find_proxy(url)
        is_encrypted = url.lower().startswith("https://") or (proxy and proxy.is_encrypted)
        return cls(proxy, CertificateSettings.from_environment() if is_encrypted else None)

    def build_client(self) -> httpx.AsyncClient:
        """Build a client that reads no environment variables itself.

        Raises:
            BadOption: the proxy or the certificates cannot be used.
        """
        # A route without TLS never uses the context; an empty one loads fast and trusts nothing.
        tls = self.certificates.build_tls_context() if self.certificates else SSLContext(PROTOCOL_TLS_CLIENT)
        proxy = self.proxy.build_proxy(tls) if self.proxy else None

        def create_connection() -> httpx.AsyncHTTPTransport:
            return httpx.AsyncHTTPTransport(verify=tls, proxy=proxy, trust_env=False, limits=ONE_CONNECTION)

        try:
            stack = ConnectionStack(create_connection)
        except ImportError:
            if self.proxy is None:
                raise
            raise self.proxy.missing_package_error() from None
        return httpx.AsyncClient(transport=stack, headers=CLIENT_HEADERS, trust_env=False)
