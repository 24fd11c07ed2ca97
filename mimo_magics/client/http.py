"""One call over HTTP: request out, events in. The only module besides the tapes that knows httpx.

A call is tried again only before its first event, so that nothing is ever shown or paid twice (section 11.17
of the API notes). Errors leave here without the exception they came from: its request holds the key.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from functools import partial
from itertools import count
from typing import Any

import anyio
import httpx

from mimo_magics.client.body import ACCEPTED_ENCODINGS, MAX_BODY_BYTES, MAX_STREAM_BYTES, iter_body, read_body
from mimo_magics.client.endpoint import LOOPBACK_HOSTS, Endpoint
from mimo_magics.client.retry import MAX_ATTEMPTS, compute_delay, is_retryable, read_retry_after
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
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api
from mimo_magics.core.version import __version__
from mimo_magics.tape.clock import Clock
from mimo_magics.tape.tape import Tape, create_clock
from mimo_magics.tape.transport import SendRequest, TapeTransport
from mimo_magics.wire.errors import api_error
from mimo_magics.wire.formats import FORMATS, StreamDecoder, decode, decode_full
from mimo_magics.wire.refused_requests import adapt_body

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
END_OF_BODY_TIMEOUT = 1.0
"""Seconds to wait for the end of a body whose last word was said; the connection can be used again then."""

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)

_clients: dict[asyncio.AbstractEventLoop, tuple[AsyncGenerator[httpx.AsyncClient], httpx.AsyncClient]] = {}
"""One per event loop, so that calls share a connection, beside the generator that ends it with its loop."""


async def stream(
    endpoint: Endpoint, api: Api, request: Request, clock: Clock | None = None
) -> AsyncGenerator[Event]:
    """Make a call and yield its events; closing the generator closes the socket at once.

    Waits are measured by `clock`: the machine's, or that of the endpoint's tapes.

    Raises:
        ApiError: the server said no, before or in the middle of the answer.
        ConnectionFailed: it was not reached, or did not begin to answer.
        IncompleteStream: the connection broke in the middle.
        WireError: what came is not what the API describes.
        BadOption: the request cannot be sent.
        TapeMismatch: a tape is replayed, and does not hold the request.
    """
    wire, clock = FORMATS[api], clock or create_clock(endpoint.tapes)
    body = wire.encode(request)
    kept_fields = set(request.params.extra)
    for attempt in count(1):
        has_started = False
        failure: MimoError
        try:
            async with aclosing(_send_request(endpoint, api, body, clock)) as events:
                async for event in events:
                    has_started = True
                    yield event
                return
        except HTTPX_ERRORS as error:
            failure = translate_error(error, endpoint.host, has_started=has_started)
        except ApiError as error:
            failure = error
            error.redact(endpoint.key)
            if not has_started and (adapted := adapt_body(body, error, kept_fields)):
                body, kept_fields = adapted.body, kept_fields | adapted.fields
                if adapted.notice:
                    yield Notice(adapted.notice)
                continue
        if has_started or attempt >= MAX_ATTEMPTS or not is_retryable(failure):
            raise failure
        seconds = compute_delay(attempt, failure, clock)
        yield Retrying(attempt + 1, MAX_ATTEMPTS, seconds, failure.message)
        await clock.sleep(seconds)


async def list_models(endpoint: Endpoint) -> tuple[str, ...]:
    """Ask a service in the OpenAI format for the ids of its models; empty where it does not tell."""
    headers = FORMATS["openai"].headers(endpoint.key, endpoint.auth)
    try:
        client = await _get_client_with_tapes(endpoint.tapes, create_clock(endpoint.tapes))
        url = f"{endpoint.base_url}/models"
        with anyio.fail_after(LIST_DEADLINE):
            async with client.stream("GET", url, headers=headers, timeout=LIST_TIMEOUT) as response:
                body = json.loads(await read_body(response, MAX_LIST_BYTES))
        ids = [model["id"] for model in body["data"]][:MAX_LISTED_MODELS]
        return tuple(dict.fromkeys(each for each in ids if isinstance(each, str) and _is_model_id(each)))
    except (*HTTPX_ERRORS, WireError, TimeoutError, ValueError, TypeError, KeyError, RecursionError):
        return ()


def _is_model_id(text: str) -> bool:
    """Tell whether a text can be a model's id: what a terminal obeys, or no screen holds, is none."""
    return 0 < len(text) <= MAX_MODEL_ID_CHARS and text.isprintable()


async def aclose() -> None:
    """Close the connections of the running event loop now; they are closed with the loop in any case."""
    if found := _clients.get(asyncio.get_running_loop()):
        await found[0].aclose()


async def _get_client() -> httpx.AsyncClient:
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        for closed in [each for each in _clients if each.is_closed()]:
            del _clients[closed]
        lifetime = _hold_client()
        _clients[loop] = lifetime, await anext(lifetime)
    return _clients[loop][1]


async def _get_client_with_tapes(tapes: Iterable[Tape], clock: Clock) -> httpx.AsyncClient:
    """Return what calls are made with: the client of the running loop, or tapes between it and us."""
    client = await _get_client()
    send: SendRequest = partial(client.send, stream=True)
    for tape in reversed(tuple(tapes)):
        transport = TapeTransport(tape, clock, send, partial(iter_body, max_bytes=MAX_STREAM_BYTES))
        client = httpx.AsyncClient(transport=transport, headers=client.headers, trust_env=False)
        send = transport.handle_async_request
    return client


async def _hold_client() -> AsyncGenerator[httpx.AsyncClient]:
    """Hold a client; whoever ends an event loop ends the generators that wait in it."""
    client = httpx.AsyncClient(
        headers={"User-Agent": f"mimo-magics/{__version__}", "Accept-Encoding": ACCEPTED_ENCODINGS},
        mounts={f"all://{_bracket(host)}": None for host in LOOPBACK_HOSTS},  # no proxy for this machine
    )
    try:
        yield client
    finally:
        _clients.pop(asyncio.get_running_loop(), None)
        await client.aclose()


def _bracket(host: str) -> str:
    """Write an address of version 6 as a web address has it."""
    return f"[{host}]" if ":" in host else host


async def _send_request(
    endpoint: Endpoint, api: Api, body: Mapping[str, Any], clock: Clock
) -> AsyncGenerator[Event]:
    wire = FORMATS[api]
    headers = {"Content-Type": "application/json", **wire.headers(endpoint.key, endpoint.auth)}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    url = endpoint.base_url + wire.path
    timeout = httpx.Timeout(endpoint.timeout, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT)
    client = await _get_client_with_tapes(endpoint.tapes, clock)
    async with client.stream("POST", url, content=content, headers=headers, timeout=timeout) as response:
        if response.status_code != 200:
            raise await _read_api_error(response, endpoint.key)
        if "text/event-stream" not in response.headers.get("content-type", ""):
            for event in _decode_body(api, await read_body(response)):
                yield event
            return
        decoder = StreamDecoder(wire)
        chunks = iter_body(response, MAX_STREAM_BYTES)
        try:
            async for chunk in chunks:
                for event in decoder.feed(chunk):
                    yield event
                if decoder.is_done:
                    break
        except HTTPX_ERRORS:
            if decoder.is_incomplete or not decoder.has_started:
                raise
        for event in decoder.close():
            yield event
        _check_end(decoder, endpoint.host)
        await _read_to_end(chunks)


def _decode_body(api: Api, body: bytes) -> Iterator[Event]:
    """Decode an answer in one piece; some servers do not say that theirs is a stream."""
    return decode(api, [body]) if body.lstrip().startswith((b"data:", b"event:")) else decode_full(api, body)


def _check_end(decoder: StreamDecoder, host: str) -> None:
    if not decoder.has_started:
        raise httpx.RemoteProtocolError("the stream was empty")
    if decoder.is_incomplete:
        raise IncompleteStream(Translatable("The answer of {host} ended in the middle.", host=host))


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
        body.replace(key.encode(), b"(the key)") if key else body,  # before it may be cut in the middle
        retry_after=read_retry_after(response.headers),
        request_id=response.headers.get("x-request-id", ""),
    )


def translate_error(error: Exception, host: str, *, has_started: bool) -> MimoError:  # noqa: PLR0911  one answer for each kind
    """Translate any exception of httpx; `begun` tells whether the answer had begun."""
    match error:
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            return BadOption(
                Translatable("The request cannot be sent to {host}: {error}.", host=host, error=str(error)),
                Translatable("Check the base URL and the key."),
            )
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
                Translatable("Check the base URL and the certificates."),
                is_retryable=False,
            )
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            return ConnectionFailed(Translatable("{host} could not be reached.", host=host))
    return ConnectionFailed(Translatable("The connection to {host} broke before an answer came.", host=host))
