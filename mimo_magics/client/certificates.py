"""The certificates that prove who a server is: `SSL_CERT_FILE` or `SSL_CERT_DIR` of the environment, else those of certifi.

httpx loads them; its errors name no variable, so the cause is looked for here.
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
"""Names of the variables; the first that is set holds."""
KEY_LOG_VARIABLE = "SSLKEYLOGFILE"
"""Names the file into which Python writes the TLS keys of its connections."""


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    """What the environment says of TLS."""

    variable: str
    """`SSL_CERT_FILE` or `SSL_CERT_DIR`; empty where neither is set."""
    path: str
    key_log: str

    @classmethod
    def from_environment(cls) -> CertificateSettings:
        """Read the variables."""
        variable = next(filter(os.environ.get, LOCATION_ARGUMENTS), "")
        return cls(variable, os.environ.get(variable, ""), os.environ.get(KEY_LOG_VARIABLE, ""))

    def build_tls_context(self) -> ssl.SSLContext:
        """Load the certificates.

        Raises:
            BadOption: they cannot be loaded, or the file for the keys cannot be written; it names the variable.
        """
        # OpenSSL takes a folder that does not exist, and finds no certificate then
        if self.variable == "SSL_CERT_DIR" and not any(map(os.path.isdir, self.path.split(os.pathsep))):
            raise self._certificates_error(Translatable("there is no such folder"))
        try:
            return httpx.create_ssl_context()
        except (OSError, ValueError) as error:
            failure = self._find_cause(error)
        raise failure

    def _find_cause(self, error: Exception) -> BadOption:
        """Blame the certificates, unless these can be loaded alone."""
        if self.variable:
            location = {LOCATION_ARGUMENTS[self.variable]: self.path}
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**location)
            except (OSError, ValueError) as cause:
                return self._certificates_error(_describe(cause))
        if self.key_log:
            return BadOption(
                Translatable(
                    "{variable} is {path!r}, and this file for TLS keys cannot be written: {reason}.",
                    variable=KEY_LOG_VARIABLE,
                    path=quote(self.key_log, MAX_QUOTED_CHARS),
                    reason=_describe(error),
                ),
                unset_hint(KEY_LOG_VARIABLE),
            )
        return BadOption(
            Translatable(
                "The TLS certificates of certifi cannot be loaded: {reason}.", reason=_describe(error)
            ),
            Translatable("Run: %pip install --force-reinstall certifi"),
        )

    def _certificates_error(self, reason: str) -> BadOption:
        return BadOption(
            Translatable(
                "{variable} is {path!r}, and no TLS certificates can be loaded from there: {reason}.",
                variable=self.variable,
                path=quote(self.path, MAX_QUOTED_CHARS),
                reason=reason,
            ),
            unset_hint(self.variable),
        )


def unset_hint(variable: str) -> Translatable:
    """Say how a variable of the environment is mended in a notebook."""
    return Translatable(
        "Correct it: %env {variable}=VALUE, or unset it: import os; del os.environ['{variable}']",
        variable=variable,
    )


def _describe(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return quote(text or str(error) or type(error).__name__, MAX_QUOTED_CHARS)
