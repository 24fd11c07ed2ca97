"""Translation of httpx exceptions into errors with standard terms, such as «connection refused»."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import httpx

from mimo_magics.client.certificates import CertificateSettings
from mimo_magics.client.endpoint import parse_host
from mimo_magics.client.proxy import find_proxy
from mimo_magics.core.errors import BadOption, ConnectionFailed, IncompleteStream, MimoError, WireError
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.text import quote

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
MAX_ERROR_CHARS = 300
"""Characters of an exception's text that an error shows."""


def translate_error(error: Exception, base_url: str, *, has_started: bool) -> MimoError:
    """Return the error to raise for an exception of httpx.

    Args:
        error: one of `HTTPX_ERRORS`.
        base_url: the address of the call.
        has_started: whether a part of the reply had arrived.
    """
    host = parse_host(base_url)
    match error:
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            return cannot_send_error(error, base_url)
        case httpx.DecodingError() | httpx.TooManyRedirects() | httpx.HTTPStatusError():
            return WireError(
                Translatable("Invalid response from {host}: {error}.", host=host, error=_quote_error(error))
            )
        case httpx.ReadTimeout() if has_started:
            return IncompleteStream(
                Translatable("Read timeout: {host} stopped sending during the reply.", host=host)
            )
        case _ if has_started:
            return IncompleteStream(
                Translatable("The connection to {host} was closed during the reply.", host=host)
            )
    return _connection_failed_error(error, host, _network_hint(base_url))


def cannot_send_error(error: Exception, base_url: str) -> BadOption:
    """Return the error for a request that httpx cannot send."""
    return BadOption(
        Translatable(
            "The request to {host} cannot be sent: {error}.",
            host=parse_host(base_url),
            error=_quote_error(error),
        ),
        Translatable("Check the base URL and the API key."),
    )


def _connection_failed_error(error: Exception, host: str, hint: str) -> ConnectionFailed:
    match error:
        case httpx.ReadTimeout():
            return ConnectionFailed(
                Translatable("Read timeout: {host} sent no response.", host=host),
                Translatable(
                    "Raise the read timeout, such as %mimo_config timeout=900, or check the network."
                ),
                is_retryable=False,
            )
        case httpx.ConnectError() if "CERTIFICATE" in str(error).upper():
            return ConnectionFailed(
                Translatable("TLS certificate verification failed for {host}.", host=host),
                _certificates_hint(),
                is_retryable=False,
                was_sent=False,
            )
        case httpx.ProxyError():
            return ConnectionFailed(
                Translatable(
                    "The proxy cannot connect to {host}: {error}.", host=host, error=_quote_error(error)
                ),
                hint,
                is_retryable=not str(error).startswith("407"),
                was_sent=False,
            )
        case httpx.ConnectError() | httpx.ConnectTimeout():
            cause = describe_cause(error)
            return ConnectionFailed(
                Translatable("Cannot connect to {host}: {cause}.", host=host, cause=cause),
                hint,
                was_sent=False,
            )
    return ConnectionFailed(
        Translatable("{host} closed the connection without sending a response.", host=host), hint
    )


def describe_cause(error: BaseException) -> str:
    """Return why a connection failed, as a standard term."""
    for each in _iter_causes(error):
        match each:
            case socket.gaierror():
                return Translatable("DNS lookup failed")
            case ssl.SSLError():
                return Translatable("TLS handshake failed, {error}", error=_quote_error(each))
            case ConnectionRefusedError():
                return Translatable("connection refused")
            case TimeoutError() | httpx.ConnectTimeout():
                return Translatable("connection timed out")
            case OSError(errno=int(number)):
                return os.strerror(number)
    return Translatable("connection failed")


def _iter_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes. A host with several addresses has a group of them."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _iter_causes(each)
    # httpcore raises its own exceptions «from None», which leaves only the context.
    elif cause := error.__cause__ or error.__context__:
        yield from _iter_causes(cause)


def _network_hint(base_url: str) -> str:
    """Return advice that names the proxy of the call; empty if there is none, for the default advice."""
    if proxy := find_proxy(base_url):
        return Translatable(
            "Check the proxy in {variable}, the network and the base URL.", variable=proxy.variable
        )
    return ""


def _certificates_hint() -> str:
    if variable := CertificateSettings.from_environment().variable:
        return Translatable("Check the base URL and the CA certificates in {variable}.", variable=variable)
    return Translatable("Check the base URL. For a private CA, set SSL_CERT_FILE to its certificates.")


def _quote_error(error: BaseException) -> str:
    return quote(str(error), MAX_ERROR_CHARS)
