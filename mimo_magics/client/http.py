"""One call over HTTP: request out, events in.

A call is tried again only before its first event, so that nothing is ever shown or paid twice (section 11.17
of the API notes). Errors leave here without the exception they came from: its request holds the key.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any

import anyio
import httpx

from mimo_magics.client.backoff import share_backoff
from mimo_magics.client.body import MAX_BODY_BYTES, MAX_STREAM_BYTES, iter_body, read_body, too_long_error
from mimo_magics.client.certificates import CertificateSettings
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.key_redaction import KeyRedactor
from mimo_magics.client.proxy import find_proxy
from mimo_magics.client.retry import MAX_ATTEMPTS, compute_delay, is_retryable, read_retry_after
from mimo_magics.client.route import CLIENT_HEADERS, Route
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
    ConnectionFailed,
    IncompleteStream,
    MimoError,
    TapeMismatch,
    WireError,
)
from mimo_magics.core.events import Event, Notice, Retrying
from mimo_magics.core.i18n import Translatable
from mimo_magics.core.messages import Request
from mimo_magics.core.secret import Secret, redact
from mimo_magics.core.settings import Api
from mimo_magics.core.text import join_surrogates, quote
from mimo_magics.tape.clock import Clock
from mimo_magics.tape.tape import create_clock
from mimo_magics.tape.transport import SendRequest, TapeTransport
from mimo_magics.wire.errors import api_error, unreadable_error
from mimo_magics.wire.formats import FORMATS, StreamDecoder, decode_full
from mimo_magics.wire.json_values import load_json
from mimo_magics.wire.refused_requests import AdaptedBody, adapt_body

CONNECT_TIMEOUT, WRITE_TIMEOUT = 20.0, 60.0
"""Seconds. The longest silence between two chunks is a setting: a model may think for minutes before it speaks,
and Xiaomi's own command line waits 480 s."""

LIST_DEADLINE, MAX_LIST_BYTES, MAX_LISTED_MODELS = 15.0, 4 * 2**20, 2_000
"""Seconds, bytes and models of a list: the first prompt of some services waits for it."""
LIST_TIMEOUT = 5.0
"""Seconds for the list of models, which is only a convenience."""

MAX_MODEL_ID_CHARS = 200
"""Characters of a model's id."""

MAX_ERROR_BODY_BYTES = 65_536
MAX_ERROR_CHARS = 300
"""Characters of an error of httpx that are shown."""
KEEP_ALIVE = re.compile(rb"(?::[^\r\n]*|[\r\n])*")
"""Comments of an event stream: a server is alive, and has said nothing yet."""
MIN_WAIT = 0.05
"""Seconds of another call's wait that are worth one of this call."""
EVENT_STREAM = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:(?:data|event|id|retry)[:\r\n]|:)")
"""How a stream begins whose content type does not say that it is one."""
MAX_FIELD_BYTES = len(b"event:")
"""Bytes of the longest of them."""
MAX_HEAD_BYTES = 1_024
"""Bytes that may be blank before it."""
USAGE_TIMEOUT = 2.0
"""Seconds to wait for usage, and for the server's last word, when a reply is over: some servers keep the connection open."""
END_OF_BODY_TIMEOUT = 1.0
"""Seconds to wait for the end of a body whose last word was said; the connection can be used again then."""

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)

_Lifetime = AsyncGenerator[httpx.AsyncClient]
_clients: dict[asyncio.AbstractEventLoop, dict[Route, tuple[_Lifetime, httpx.AsyncClient]]] = {}
"""By event loop and route, so that calls share a connection, beside the generators that end them with the loop."""


async def stream(
    endpoint: Endpoint, api: Api, request: Request, clock: Clock | None = None
) -> AsyncGenerator[Event]:
    """Make a call and yield its events; closing the generator closes the socket at once.

    Waits are measured by `clock`: the machine's, or that of the endpoint's tapes.

    Raises:
        ApiError, ConnectionFailed, IncompleteStream, WireError: the service failed; see `core/errors`.
        BadOption, TapeMismatch: the request cannot be sent; a tape that is replayed does not hold it.
    """
    clock = clock or create_clock(endpoint.tapes)
    body: Mapping[str, Any] = FORMATS[api].encode(request)
    protected = frozenset(request.params.extra)
    with share_backoff(endpoint) as backoff:
        for number in count(1):
            while (seconds := backoff.get_wait(clock)) > MIN_WAIT:
                yield Retrying(number, MAX_ATTEMPTS, seconds, backoff.reason)
                await clock.sleep(seconds)
            attempt = _Attempt(endpoint, api, body, clock)
            async with aclosing(attempt.run()) as events:
                async for event in events:
                    yield event
            failure = attempt.failure
            if failure is None:
                return
            if adapted := attempt.adapt_body(failure, protected):
                body, protected = adapted.body, protected | adapted.fields
                if adapted.notice:
                    yield Notice(adapted.notice)
                continue
            if attempt.has_started or number >= MAX_ATTEMPTS or not is_retryable(failure):
                raise failure
            seconds = backoff.plan_wait(compute_delay(number, failure, clock), failure, clock)
            yield Retrying(number + 1, MAX_ATTEMPTS, seconds, failure.message)
            await clock.sleep(seconds)


async def list_models(endpoint: Endpoint) -> tuple[str, ...]:
    """Ask a service in the OpenAI format for the ids of its models; empty where it does not tell.

    Raises:
        BadOption: a variable of the environment that the call needs is wrong.
        TapeMismatch: a tape is replayed, and does not hold the request.
    """
    try:
        with anyio.fail_after(LIST_DEADLINE):
            status, body = await _fetch_model_list(endpoint)
            if status == HTTPStatus.NOT_FOUND and endpoint.base_url.endswith("/v1"):
                with suppress(TapeMismatch):  # older tapes do not hold the second try
                    base_url = endpoint.base_url.removesuffix("/v1")
                    _, body = await _fetch_model_list(replace(endpoint, base_url=base_url))
        ids = [model["id"] for model in load_json(body)["data"]][:MAX_LISTED_MODELS]
        return tuple(dict.fromkeys(each for each in ids if isinstance(each, str) and _is_model_id(each)))
    except (*HTTPX_ERRORS, WireError, TimeoutError, ValueError, TypeError, KeyError, RecursionError):
        return ()


async def _fetch_model_list(endpoint: Endpoint) -> tuple[int, bytes]:
    headers = FORMATS["openai"].headers(endpoint.key, endpoint.auth)
    client = await _get_client_with_tapes(endpoint, create_clock(endpoint.tapes))
    request = _build_request(client, "GET", endpoint, "/models", headers=headers, timeout=LIST_TIMEOUT)
    async with _send(client, request, endpoint.host) as response:
        return response.status_code, await read_body(response, MAX_LIST_BYTES)


def _is_model_id(text: str) -> bool:
    """Tell whether a text can be a model's id: what a terminal obeys, or no screen holds, is none."""
    return 0 < len(text) <= MAX_MODEL_ID_CHARS and text.isprintable()


async def aclose() -> None:
    """Close the connections of the running event loop now; they are closed with the loop in any case."""
    for lifetime, _ in _clients.pop(asyncio.get_running_loop(), {}).values():
        await lifetime.aclose()


async def _get_client(url: str) -> httpx.AsyncClient:
    """Return the client of the running loop for an address.

    Raises:
        BadOption: a variable of the environment that the call needs is wrong.
    """
    route, loop = Route.find(url), asyncio.get_running_loop()
    for closed in [each for each in _clients if each.is_closed()]:
        del _clients[closed]
    clients = _clients.setdefault(loop, {})
    if route not in clients:
        lifetime = _hold_client(route)
        clients[route] = lifetime, await anext(lifetime)
    return clients[route][1]


async def _get_client_with_tapes(endpoint: Endpoint, clock: Clock) -> httpx.AsyncClient:
    """Return what calls are made with: the client of the running loop, or tapes between it and us."""
    if not endpoint.tapes:
        return await _get_client(endpoint.base_url)

    async def send_untaped(request: httpx.Request) -> httpx.Response:
        client = await _get_client(endpoint.base_url)  # not before: a replay needs no network
        return await client.send(request, stream=True)

    send: SendRequest = send_untaped
    for tape in reversed(endpoint.tapes):
        transport = TapeTransport(tape, clock, send, partial(iter_body, max_bytes=MAX_STREAM_BYTES))
        send = transport.handle_async_request
    return httpx.AsyncClient(transport=transport, headers=CLIENT_HEADERS, trust_env=False)


async def _hold_client(route: Route) -> _Lifetime:
    """Hold a client; whoever ends an event loop ends the generators that wait in it."""
    client = route.build_client()
    try:
        yield client
    finally:
        _clients.get(asyncio.get_running_loop(), {}).pop(route, None)
        await client.aclose()


class _Attempt:
    """One try of a call."""

    def __init__(self, endpoint: Endpoint, api: Api, body: Mapping[str, Any], clock: Clock) -> None:
        self._endpoint = endpoint
        self._api: Api = api
        self._body = body
        self._clock = clock
        self.has_received = False
        """Whether a part of an answer came, readable or not: it is paid, and not asked for again."""
        self.has_started = False
        """Whether an event came of it."""
        self.failure: MimoError | None = None
        """Why it failed, if it did."""

    async def run(self) -> AsyncGenerator[Event]:
        """Send the request and yield the events of the answer, without the key."""
        redactor = KeyRedactor(self._endpoint.key)
        try:
            async with aclosing(self._stream_response()) as events:
                async for event in events:
                    self.has_started = True
                    for each in redactor.feed(event):
                        yield each
        except (*HTTPX_ERRORS, MimoError) as error:
            self.failure = self._explain(error)
        for each in redactor.close():
            yield each

    def _explain(self, error: Exception) -> MimoError:
        """Return what a person is told of a failure: without the key, and with the proxy that the call went through."""
        endpoint = self._endpoint
        if isinstance(error, MimoError):
            error.redact(endpoint.key)
            return error
        failure = translate_error(error, endpoint.host, has_started=self.has_received)
        proxy = find_proxy(endpoint.base_url)
        if proxy and isinstance(failure, ConnectionFailed) and failure.hint == failure.default_hint:
            failure.hint = Translatable(
                "The call goes through the proxy that {variable} names: check it, the network and the base URL.",
                variable=proxy.variable,
            )
        return failure

    def adapt_body(self, error: MimoError, protected: Collection[str]) -> AdaptedBody | None:
        """Return a body that may do better where the server refused a field that was added by us."""
        if self.has_started or not isinstance(error, ApiError):
            return None
        return adapt_body(self._body, error, protected)

    async def _stream_response(self) -> AsyncGenerator[Event]:
        endpoint, wire = self._endpoint, FORMATS[self._api]
        request_options = {
            "headers": {"Content-Type": "application/json", **wire.headers(endpoint.key, endpoint.auth)},
            "content": _encode_json(self._body),
            "timeout": httpx.Timeout(endpoint.timeout, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT),
        }
        client = await _get_client_with_tapes(endpoint, self._clock)
        request = _build_request(client, "POST", endpoint, wire.path, **request_options)
        async with _send(client, request, endpoint.host) as response:
            if not response.is_success:
                raise await _read_api_error(response, endpoint.key)
            is_stream, chunks = await _begin_body(response)
            if not is_stream:
                for event in decode_full(self._api, await self._read_body(chunks)):
                    yield event
                return
            decoder = StreamDecoder(wire)
            try:
                async for chunk in _iter_until_end(chunks, decoder):
                    if not self.has_received:
                        self._note_receipt(chunk)
                    for event in decoder.feed(chunk):
                        yield event
            except HTTPX_ERRORS:
                if decoder.is_incomplete or not decoder.has_started:
                    raise
            for event in decoder.close():
                yield event
            self._check_end(decoder)
            await _read_to_end(chunks)

    def _note_receipt(self, chunk: bytes) -> None:
        self.has_received |= not KEEP_ALIVE.fullmatch(chunk)

    async def _read_body(self, chunks: AsyncIterator[bytes]) -> bytes:
        pieces, size = [], 0
        async for piece in chunks:
            self._note_receipt(piece)
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY_BYTES:
                raise too_long_error(MAX_BODY_BYTES)
        return b"".join(pieces)

    def _check_end(self, decoder: StreamDecoder) -> None:
        host = self._endpoint.host
        if decoder.is_incomplete:
            raise IncompleteStream(Translatable("The answer of {host} ended in the middle.", host=host))
        if not decoder.has_started and self.has_received:
            raise unreadable_error(decoder.unread.encode())
        if not decoder.has_started:
            raise httpx.RemoteProtocolError("the stream was empty")


def _encode_json(body: Mapping[str, Any]) -> bytes:
    """Write a body; half a character that stands alone becomes U+FFFD.

    Raises:
        BadOption: it holds what JSON cannot say.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadOption(
            Translatable(
                "The request cannot be written as JSON: {error}.", error=quote(str(error), MAX_ERROR_CHARS)
            ),
            Translatable("Look at the options and the tools of the cell."),
        ) from None
    return join_surrogates(text).encode()


def _build_request(
    client: httpx.AsyncClient, method: str, endpoint: Endpoint, path: str, **options: Any
) -> httpx.Request:
    try:
        return client.build_request(method, endpoint.base_url + path, **options)
    except (ValueError, httpx.InvalidURL) as error:
        raise _cannot_send_error(error, endpoint.host) from None


@asynccontextmanager
async def _send(
    client: httpx.AsyncClient, request: httpx.Request, host: str
) -> AsyncIterator[httpx.Response]:
    """Make a call; what httpx lets through untranslated, such as a name that no resolver takes, is an error of ours."""
    try:
        response = await client.send(request, stream=True)
    except (OSError, ValueError, ImportError) as error:
        raise _cannot_send_error(error, host) from None
    try:
        yield response
    finally:
        await response.aclose()


def _cannot_send_error(error: Exception, host: str) -> BadOption:
    return BadOption(
        Translatable(
            "The request cannot be sent to {host}: {error}.",
            host=host,
            error=quote(str(error), MAX_ERROR_CHARS),
        ),
        Translatable("Check the base URL and the key."),
    )


async def _begin_body(response: httpx.Response) -> tuple[bool, AsyncIterator[bytes]]:
    """Tell whether a body is a stream, and return its pieces; some servers do not say that theirs is one."""
    chunks = iter_body(response, MAX_STREAM_BYTES)
    if "text/event-stream" in response.headers.get("content-type", ""):
        return True, chunks
    head = await _read_head(chunks)
    return bool(EVENT_STREAM.match(head)), _prepend(head, chunks)


async def _read_head(chunks: AsyncIterator[bytes]) -> bytes:
    """Read as much of a body as tells what it is."""
    head = b""
    while len(head) < MAX_HEAD_BYTES and len(head.removeprefix(codecs.BOM_UTF8).strip()) < MAX_FIELD_BYTES:
        chunk = await anext(chunks, b"")
        if not chunk:
            break
        head += chunk
    return head


async def _prepend(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for chunk in chunks:
        yield chunk


async def _iter_until_end(chunks: AsyncIterator[bytes], decoder: StreamDecoder) -> AsyncGenerator[bytes]:
    """Yield the chunks of a stream; when its reply is over, usage may come for a short while."""
    while not (decoder.is_done or decoder.has_stopped):  # without a scope, which costs much for each chunk
        if not (chunk := await anext(chunks, b"")):
            return
        yield chunk
    deadline = anyio.current_time() + USAGE_TIMEOUT
    while not decoder.is_done:
        chunk = b""
        with anyio.CancelScope(deadline=deadline):
            chunk = await anext(chunks, b"")
        if not chunk:
            return
        yield chunk


async def _read_to_end(chunks: AsyncIterator[bytes]) -> None:
    with anyio.move_on_after(END_OF_BODY_TIMEOUT), suppress(*HTTPX_ERRORS, TapeMismatch, WireError):
        async for _ in chunks:
            pass


async def _read_api_error(response: httpx.Response, key: Secret) -> ApiError:
    body = b""
    with suppress(WireError):  # it was refused; what can be read of the reason is enough
        async for chunk in iter_body(response, MAX_BODY_BYTES):
            body += chunk
            if len(body) > MAX_ERROR_BODY_BYTES:
                break
    return api_error(
        response.status_code,
        redact(body.decode("utf-8", "replace"), key).encode(),  # before it may be cut in the middle
        retry_after=read_retry_after(response.headers),
        request_id=response.headers.get("x-request-id", ""),
    )


def translate_error(error: Exception, host: str, *, has_started: bool) -> MimoError:  # noqa: PLR0911  one answer for each kind
    """Translate any exception of httpx; `has_started` tells whether the answer had begun."""
    match error:
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            return _cannot_send_error(error, host)
        case httpx.DecodingError() | httpx.TooManyRedirects() | httpx.HTTPStatusError():
            return WireError(
                Translatable("The answer of {host} cannot be read: {error}.", host=host, error=str(error))
            )
        case _ if has_started:
            return IncompleteStream(
                Translatable("The connection to {host} broke in the middle of the answer.", host=host)
            )
        case httpx.ReadTimeout():
            return ConnectionFailed(
                Translatable("{host} did not begin to answer.", host=host), is_retryable=False
            )
        case httpx.ConnectError() if "CERTIFICATE" in str(error).upper():
            return ConnectionFailed(
                Translatable("{host} could not prove who it is.", host=host),
                _certificates_hint(),
                is_retryable=False,
            )
        case httpx.ProxyError():
            return ConnectionFailed(
                Translatable(
                    "The proxy did not connect to {host}: {error}.",
                    host=host,
                    error=quote(str(error), MAX_ERROR_CHARS),
                ),
                is_retryable=not str(error).startswith("407"),
            )
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return ConnectionFailed(Translatable("{host} could not be reached.", host=host))
    return ConnectionFailed(Translatable("The connection to {host} broke before an answer came.", host=host))


def _certificates_hint() -> str:
    if variable := CertificateSettings.from_environment().variable:
        return Translatable(
            "Check the base URL and the certificates that {variable} names.", variable=variable
        )
    return Translatable("Check the base URL and the certificates.")
