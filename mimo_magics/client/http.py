"""Calls over HTTP: send a request, and stream the events of its reply.

A call is retried only before its first event, so that no output is shown or paid twice. Errors do not keep the
exception of httpx that caused them: its request contains the API key.
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
from mimo_magics.client.connection_errors import (
    HTTPX_ERRORS,
    MAX_ERROR_CHARS,
    cannot_send_error,
    translate_error,
)
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.client.key_redaction import KeyRedactor
from mimo_magics.client.retry import MAX_ATTEMPTS, compute_delay, is_retryable, read_retry_after
from mimo_magics.client.route import CLIENT_HEADERS, Route
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
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
"""Seconds. The read timeout is the setting `timeout`: a model may think for minutes before its first token."""

LIST_DEADLINE, MAX_LIST_BYTES, MAX_LISTED_MODELS = 15.0, 4 * 2**20, 2_000
"""Limits of the list of models: seconds, bytes and models. The first prompt to some services waits for the list."""
LIST_TIMEOUT = 5.0
"""Read timeout of the list of models in seconds."""

MAX_MODEL_ID_CHARS = 200

MAX_ERROR_BODY_BYTES = 65_536
KEEP_ALIVE = re.compile(rb"(?::[^\r\n]*|[\r\n])*")
"""Comments of an event stream. Servers send them before the first event to keep the connection open."""
MIN_WAIT = 0.05
"""Seconds. A shorter backoff is ignored."""
EVENT_STREAM = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:(?:data|event|id|retry)[:\r\n]|:)")
"""The beginning of an event stream, for servers that send it with another `Content-Type`."""
MAX_FIELD_BYTES = len(b"event:")
"""Length of the longest field name with its colon."""
MAX_HEAD_BYTES = 1_024
"""Limit of the white space before the first field."""
USAGE_TIMEOUT = 2.0
"""Seconds to wait for the token usage after the end of a reply: some servers keep the connection open."""
END_OF_BODY_TIMEOUT = 1.0
"""Seconds to wait for the end of a body after its last event. Then the connection can be reused."""

_Lifetime = AsyncGenerator[httpx.AsyncClient]
_clients: dict[asyncio.AbstractEventLoop, dict[Route, tuple[_Lifetime, httpx.AsyncClient]]] = {}
"""The clients by event loop and route, so that calls share connections, with the generators that close them."""


async def stream(
    endpoint: Endpoint, api: Api, request: Request, clock: Clock | None = None
) -> AsyncGenerator[Event]:
    """Make a call and yield its events. Closing the generator closes the socket at once.

    `clock` measures waits. The default is the clock of the endpoint's tapes, or that of the machine.

    Raises:
        ApiError, ConnectionFailed, IncompleteStream, WireError: the service failed; see `core/errors`.
        BadOption, TapeMismatch: the request cannot be sent, or the replayed tape does not contain it.
    """
    clock = clock or create_clock(endpoint.tapes)
    body: Mapping[str, Any] = FORMATS[api].encode(request)
    protected = frozenset(request.params.extra)
    with share_backoff(endpoint) as backoff:
        for number in count(1):
            while (seconds := backoff.get_wait(clock)) > MIN_WAIT:
                yield Retrying(number, MAX_ATTEMPTS, seconds, backoff.reason)
                await clock.sleep(seconds)
            attempt = Attempt(endpoint, api, body, clock)
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
    """Return the model ids that a service lists in the OpenAI format; empty if it lists none.

    Raises:
        BadOption: the proxy or the certificates of the environment cannot be used.
        TapeMismatch: the replayed tape does not contain the request.
    """
    try:
        with anyio.fail_after(LIST_DEADLINE):
            status, body = await _fetch_model_list(endpoint)
            if status == HTTPStatus.NOT_FOUND and endpoint.base_url.endswith("/v1"):
                # Older tapes do not contain the second request.
                with suppress(TapeMismatch):
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
    async with _send(client, request, endpoint.base_url) as response:
        return response.status_code, await read_body(response, MAX_LIST_BYTES)


def _is_model_id(text: str) -> bool:
    """Return whether a text from a server is safe to display as a model id: short, without control characters."""
    return 0 < len(text) <= MAX_MODEL_ID_CHARS and text.isprintable()


async def aclose() -> None:
    """Close the connections of the running event loop now. Otherwise they are closed with the loop."""
    for lifetime, _ in _clients.pop(asyncio.get_running_loop(), {}).values():
        await lifetime.aclose()


async def _get_client(url: str) -> httpx.AsyncClient:
    """Return the client of the running loop for a URL.

    Raises:
        BadOption: the proxy or the certificates of the environment cannot be used.
    """
    route, loop = Route.find(url), asyncio.get_running_loop()
    for closed in [each for each in _clients if each.is_closed()]:
        del _clients[closed]
    clients = _clients.setdefault(loop, {})
    if route not in clients:
        lifetime = _open_client(route)
        clients[route] = lifetime, await anext(lifetime)
    return clients[route][1]


async def _get_client_with_tapes(endpoint: Endpoint, clock: Clock) -> httpx.AsyncClient:
    """Return the client of the running loop, or one that records to or replays from the endpoint's tapes."""
    if not endpoint.tapes:
        return await _get_client(endpoint.base_url)

    async def send_untaped(request: httpx.Request) -> httpx.Response:
        # The real client is created late: a replay needs no network.
        client = await _get_client(endpoint.base_url)
        return await client.send(request, stream=True)

    send: SendRequest = send_untaped
    for tape in reversed(endpoint.tapes):
        transport = TapeTransport(tape, clock, send, partial(iter_body, max_bytes=MAX_STREAM_BYTES))
        send = transport.handle_async_request
    return httpx.AsyncClient(transport=transport, headers=CLIENT_HEADERS, trust_env=False)


async def _open_client(route: Route) -> _Lifetime:
    """Yield a client and close it later. The end of an event loop closes its asynchronous generators."""
    client = route.build_client()
    try:
        yield client
    finally:
        _clients.get(asyncio.get_running_loop(), {}).pop(route, None)
        await client.aclose()


class Attempt:
    """One attempt at a call."""

    def __init__(self, endpoint: Endpoint, api: Api, body: Mapping[str, Any], clock: Clock) -> None:
        self._endpoint = endpoint
        self._api: Api = api
        self._body = body
        self._clock = clock
        self.has_received = False
        """Whether a part of the response arrived, valid or not. It is billed, so there is no retry."""
        self.has_started = False
        """Whether an event was decoded."""
        self.failure: MimoError | None = None
        """The error that ended the attempt, if there was one."""

    async def run(self) -> AsyncGenerator[Event]:
        """Send the request and yield the events of the reply, with the key redacted."""
        redactor = KeyRedactor(self._endpoint.key)
        try:
            async with aclosing(self._stream_response()) as events:
                async for event in events:
                    self.has_started = True
                    for each in redactor.feed(event):
                        yield each
        except (*HTTPX_ERRORS, MimoError) as error:
            self.failure = self._translate(error)
        for each in redactor.close():
            yield each

    def _translate(self, error: Exception) -> MimoError:
        if isinstance(error, MimoError):
            error.redact(self._endpoint.key)
            return error
        return translate_error(error, self._endpoint.base_url, has_started=self.has_received)

    def adapt_body(self, error: MimoError, protected: Collection[str]) -> AdaptedBody | None:
        """Return a body without the optional field that the server refused; `None` if that was not the error."""
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
        async with _send(client, request, endpoint.base_url) as response:
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
                        self._update_has_received(chunk)
                    for event in decoder.feed(chunk):
                        yield event
            except HTTPX_ERRORS:
                if decoder.is_incomplete or not decoder.has_started:
                    raise
            for event in decoder.close():
                yield event
            self._check_end(decoder)
            await _read_to_end(chunks)

    def _update_has_received(self, chunk: bytes) -> None:
        self.has_received |= not KEEP_ALIVE.fullmatch(chunk)

    async def _read_body(self, chunks: AsyncIterator[bytes]) -> bytes:
        body = bytearray()
        # A speech of ten minutes is larger than any text.
        max_bytes = MAX_STREAM_BYTES if "audio" in self._body else MAX_BODY_BYTES
        async for chunk in chunks:
            self._update_has_received(chunk)
            body += chunk
            if len(body) > max_bytes:
                raise too_long_error(max_bytes)
        return bytes(body)

    def _check_end(self, decoder: StreamDecoder) -> None:
        host = self._endpoint.host
        if decoder.is_incomplete:
            raise IncompleteStream(
                Translatable("The stream from {host} ended before the reply was complete.", host=host)
            )
        if not decoder.has_started and self.has_received:
            raise unreadable_error(decoder.unread.encode())
        if not decoder.has_started:
            raise httpx.RemoteProtocolError("the stream was empty")


def _encode_json(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON. A lone surrogate becomes U+FFFD.

    Raises:
        BadOption: the body is not JSON serializable.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadOption(
            Translatable(
                "The request is not JSON serializable: {error}.", error=quote(str(error), MAX_ERROR_CHARS)
            ),
            Translatable("Check the options and the tools of the cell."),
        ) from None
    return join_surrogates(text).encode()


def _build_request(
    client: httpx.AsyncClient, method: str, endpoint: Endpoint, path: str, **options: Any
) -> httpx.Request:
    try:
        return client.build_request(method, endpoint.base_url + path, **options)
    except (ValueError, httpx.InvalidURL) as error:
        raise cannot_send_error(error, endpoint.base_url) from None


@asynccontextmanager
async def _send(
    client: httpx.AsyncClient, request: httpx.Request, base_url: str
) -> AsyncIterator[httpx.Response]:
    """Send a request and yield the response.

    Raises:
        BadOption: httpx raised a plain Python exception, such as for a host name that IDNA does not allow.
    """
    try:
        response = await client.send(request, stream=True)
    except (OSError, ValueError, ImportError) as error:
        raise cannot_send_error(error, base_url) from None
    try:
        yield response
    finally:
        await response.aclose()


async def _begin_body(response: httpx.Response) -> tuple[bool, AsyncIterator[bytes]]:
    """Return whether a body is an event stream, and its chunks. Some servers send a wrong `Content-Type`."""
    chunks = iter_body(response, MAX_STREAM_BYTES)
    if "text/event-stream" in response.headers.get("content-type", ""):
        return True, chunks
    head = await _read_head(chunks)
    return bool(EVENT_STREAM.match(head)), _prepend(head, chunks)


async def _read_head(chunks: AsyncIterator[bytes]) -> bytes:
    """Return as much of a body as is needed to recognize an event stream."""
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
    """Yield the chunks of a stream. After the end of the reply, wait only a short time for the token usage."""
    # A cancel scope for each chunk would be expensive, so the first loop has none.
    while not (decoder.is_done or decoder.has_stopped):
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
    # A part of the error message is enough, so an unreadable rest is ignored.
    with suppress(WireError):
        async for chunk in iter_body(response, MAX_BODY_BYTES):
            body += chunk
            if len(body) > MAX_ERROR_BODY_BYTES:
                break
    return api_error(
        response.status_code,
        # The key is redacted before an excerpt may cut it.
        redact(body.decode("utf-8", "replace"), key).encode(),
        retry_after=read_retry_after(response.headers),
        request_id=response.headers.get("x-request-id", ""),
    )
