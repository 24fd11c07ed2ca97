"""The CA certificates for TLS: those of `SSL_CERT_FILE` or `SSL_CERT_DIR`, otherwise those of certifi.

httpx loads them. Its errors do not name the environment variable, so this module finds the cause.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass

import httpx

from mimo_magics.core.errors import BadOption
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

MAX_QUOTED_CHARS = 200
LOCATION_ARGUMENTS = {"SSL_CERT_FILE": "cafile", "SSL_CERT_DIR": "capath"}
"""The variables and their arguments of `load_verify_locations`. The first one that is set is used."""
KEY_LOG_VARIABLE = "SSLKEYLOGFILE"
"""The variable with the path of the TLS key log file, which Python writes for debugging."""


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    """The TLS settings of the environment."""

    variable: str
    """`SSL_CERT_FILE` or `SSL_CERT_DIR`; empty if neither is set."""
    path: str
    key_log: str

    @classmethod
    def from_environment(cls) -> CertificateSettings:
        """Read the environment variables."""
        variable = next(filter(os.environ.get, LOCATION_ARGUMENTS), "")
        return cls(variable, os.environ.get(variable, ""), os.environ.get(KEY_LOG_VARIABLE, ""))

    def build_tls_context(self) -> ssl.SSLContext:
        """Load the certificates.

        Raises:
            BadOption: the certificates cannot be loaded, or the key log file cannot be written. The error names
                the variable.
        """
        # OpenSSL accepts a directory that does not exist, and then trusts no certificate.
        if self.variable == "SSL_CERT_DIR" and not any(map(os.path.isdir, self.path.split(os.pathsep))):
            raise self._certificates_error(Translatable("no such directory"))
        try:
            return httpx.create_ssl_context()
        except (OSError, ValueError) as error:
            failure = self._find_cause(error)
        raise failure

    def _find_cause(self, error: Exception) -> BadOption:
        """Return an error about the certificates if they fail to load on their own, else about the key log."""
        if self.variable:
            location = {LOCATION_ARGUMENTS[self.variable]: self.path}
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**location)
            except (OSError, ValueError) as cause:
                return self._certificates_error(_describe(cause))
        if self.key_log:
            return BadOption(
                Translatable(
                    "Cannot write the TLS key log file {path!r} of {variable}: {reason}.",
                    variable=KEY_LOG_VARIABLE,
                    path=quote(self.key_log, MAX_QUOTED_CHARS),
                    reason=_describe(error),
                ),
                unset_hint(KEY_LOG_VARIABLE),
            )
        return BadOption(
            Translatable("Cannot load the TLS certificates of certifi: {reason}.", reason=_describe(error)),
            Translatable("Run: %pip install --force-reinstall certifi"),
        )

    def _certificates_error(self, reason: str) -> BadOption:
        return BadOption(
            Translatable(
                "Cannot load TLS certificates from {path!r} of {variable}: {reason}.",
                variable=self.variable,
                path=quote(self.path, MAX_QUOTED_CHARS),
                reason=reason,
            ),
            unset_hint(self.variable),
        )


def unset_hint(variable: str) -> Translatable:
    """Return the advice how to change an environment variable in a notebook."""
    return Translatable(
        "To correct it: %env {variable}=VALUE. To unset it: import os; del os.environ['{variable}']",
        variable=variable,
    )


def _describe(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return quote(text or str(error) or type(error).__name__, MAX_QUOTED_CHARS)
