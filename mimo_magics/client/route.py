"""The way to a server: what a call needs of the environment, proxy and certificates, and the client that it is made with."""

from __future__ import annotations

from dataclasses import dataclass
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx

from mimo_magics.client.body import ACCEPTED_ENCODINGS
from mimo_magics.client.certificates import CertificateSettings
from mimo_magics.client.proxy import ProxySetting, find_proxy
from mimo_magics.core.version import __version__

CLIENT_HEADERS = {"User-Agent": f"mimo-magics/{__version__}", "Accept-Encoding": ACCEPTED_ENCODINGS}


@dataclass(frozen=True, slots=True)
class Route:
    """The way to an address; calls with equal ones share a client."""

    proxy: ProxySetting | None
    certificates: CertificateSettings | None
    """`None` where nothing is encrypted, such as on this machine."""

    @classmethod
    def find(cls, url: str) -> Route:
        """Read what of the environment concerns an address, and nothing else."""
        proxy = find_proxy(url)
        is_encrypted = url.lower().startswith("https://") or (proxy and proxy.is_encrypted)
        return cls(proxy, CertificateSettings.from_environment() if is_encrypted else None)

    def build_client(self) -> httpx.AsyncClient:
        """Build a client that reads nothing of the environment itself.

        Raises:
            BadOption: the proxy or the certificates cannot be used.
        """
        # without certificates nothing is trusted; the context is never used then
        tls = self.certificates.build_tls_context() if self.certificates else SSLContext(PROTOCOL_TLS_CLIENT)
        proxy = self.proxy.build_proxy(tls) if self.proxy else None
        try:
            return httpx.AsyncClient(headers=CLIENT_HEADERS, verify=tls, proxy=proxy, trust_env=False)
        except ImportError:
            if self.proxy is None:
                raise
            raise self.proxy.missing_package_error() from None
