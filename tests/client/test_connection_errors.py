"""Errors of the network: each names the standard term, and says what to check."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import aclosing
from errno import ENETUNREACH

import httpx
import pytest
from support.http_calls import REQUEST
from support.peer import KEY

from mimo_magics.client import http
from mimo_magics.client.connection_errors import HTTPX_ERRORS, translate_error
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import BadOption, ConnectionFailed, IncompleteStream, WireError
from mimo_magics.core.secret import Secret

URL = "https://api.invalid/v1"


@pytest.mark.anyio
@pytest.mark.usefixtures("_closed", "_short_delays")
async def test_a_refused_connection_is_retried_and_then_raised() -> None:
    with socket.socket() as reserved, pytest.raises(ConnectionFailed) as failure:
        # The port is reserved, and the socket does not listen.
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        endpoint = Endpoint(f"http://127.0.0.1:{port}/v1", Secret(KEY), "bearer")
        async with aclosing(http.stream(endpoint, "openai", REQUEST)) as events:
            assert len([event async for event in events]) == 4
    assert str(failure.value) == f"Cannot connect to 127.0.0.1:{port}: connection refused."


def caused_by(*causes: BaseException) -> httpx.ConnectError:
    """Return an exception of httpx with causes, as for a host with several addresses."""
    attempts = OSError("All connection attempts failed")
    attempts.__cause__ = causes[0] if len(causes) == 1 else BaseExceptionGroup("failed", causes)
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = attempts
    return error


REFUSED = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (caused_by(REFUSED), "Cannot connect to api.invalid: connection refused."),
        (caused_by(REFUSED, REFUSED), "Cannot connect to api.invalid: connection refused."),
        (caused_by(socket.gaierror(-2, "unknown")), "Cannot connect to api.invalid: DNS lookup failed."),
        (
            caused_by(OSError(ENETUNREACH, "Connect call failed ('::1', 443)")),
            f"Cannot connect to api.invalid: {os.strerror(ENETUNREACH)}.",
        ),
        (
            caused_by(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")),
            "Cannot connect to api.invalid: TLS handshake failed, [SSL: WRONG_VERSION_NUMBER] wrong version number.",
        ),
        (httpx.ConnectTimeout(""), "Cannot connect to api.invalid: connection timed out."),
        (httpx.ConnectError("recorded"), "Cannot connect to api.invalid: connection failed."),
        (httpx.ReadTimeout(""), "Read timeout: api.invalid sent no response."),
        (httpx.ReadError(""), "api.invalid closed the connection without sending a response."),
        (
            httpx.ProxyError("407 Proxy Authentication Required"),
            "The proxy cannot connect to api.invalid: 407 Proxy Authentication Required.",
        ),
        (
            httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"),
            "TLS certificate verification failed for api.invalid.",
        ),
    ],
)
def test_a_failed_connection_names_the_standard_term(error: Exception, message: str) -> None:
    failure = translate_error(error, URL, has_started=False)
    assert (type(failure), str(failure)) == (ConnectionFailed, message)
    # A request was sent if there was a connection.
    assert failure.was_sent is isinstance(error, httpx.ReadTimeout | httpx.ReadError)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (httpx.ReadTimeout(""), "Read timeout: api.invalid stopped sending during the reply."),
        (httpx.ReadError(""), "The connection to api.invalid was closed during the reply."),
    ],
)
def test_a_connection_that_fails_during_the_reply_is_an_incomplete_stream(
    error: Exception, message: str
) -> None:
    failure = translate_error(error, URL, has_started=True)
    assert (type(failure), str(failure)) == (IncompleteStream, message)


def subclasses(base: type[BaseException]) -> set[type[BaseException]]:
    return {base, *(each for child in base.__subclasses__() for each in subclasses(child))}


@pytest.mark.parametrize("has_started", [True, False])
def test_every_exception_of_httpx_is_translated(has_started: bool) -> None:
    classes = {each for base in HTTPX_ERRORS for each in subclasses(base)}
    public = {each for each in vars(httpx).values() if isinstance(each, type) and issubclass(each, Exception)}
    # This package never reads cookies by name.
    assert public <= classes | {httpx.CookieConflict}
    for each in classes:
        failure = translate_error(build_exception(each), URL, has_started=has_started)
        assert isinstance(failure, BadOption | ConnectionFailed | IncompleteStream | WireError), each
        assert failure.hint, each


def build_exception(exception_class: type[BaseException]) -> Exception:
    exception = exception_class.__new__(exception_class)
    exception.args = ("the text of httpx",)
    assert isinstance(exception, Exception)
    return exception
