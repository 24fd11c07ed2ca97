"""The httpx transport of a tape: it records calls, or replays them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx

from mimo_magics.core.errors import TapeMismatch, WireError
from mimo_magics.core.i18n import Translatable
from mimo_magics.tape.clock import Clock, TapeClock
from mimo_magics.tape.format import END_REASONS, Chunk, RecordedCall, select_headers
from mimo_magics.tape.matching import canonicalize
from mimo_magics.tape.redaction import redact, redact_response
from mimo_magics.tape.tape import Tape

SendRequest = Callable[[httpx.Request], Awaitable[httpx.Response]]
"""Makes a call and streams the response."""
UnpackBody = Callable[[httpx.Response], AsyncGenerator[bytes]]
"""Yields the decompressed body of a response; raises `WireError` beyond the size limit."""
SECRET_HEADERS = ("authorization", "api-key", "x-api-key", "cookie")


class TapeTransport(httpx.AsyncBaseTransport):
    """Records calls on a tape, or replays them from it.

    Args:
        tape: the tape.
        clock: the clock that replayed calls advance.
        send: makes a call that is not on the tape.
        unpack: decompresses the response of such a call.
    """

    def __init__(self, tape: Tape, clock: Clock, send: SendRequest, unpack: UnpackBody) -> None:
        self._tape = tape
        self._clock = clock
        self._send = send
        self._unpack = unpack

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Replay the call from the tape, or make and record it.

        Raises:
            TapeMismatch: the call is not on the tape, and the tape is in replay mode.
            httpx.HTTPError: the call failed, now or when it was recorded.
        """
        secrets = _find_secrets(request)
        body = canonicalize(await request.aread(), secrets)
        if call := self._tape.get_recorded_call(request.method, request.url.path, body):
            return await self._replay(call)
        new_call = RecordedCall(request.method, redact(request.url.path, secrets), body, 0.0)
        return await self._record(request, _Recording(self._tape, self._clock, new_call, secrets))

    async def _replay(self, call: RecordedCall) -> httpx.Response:
        assert isinstance(self._clock, TapeClock)
        self._clock.set_timestamp(call.timestamp)
        await self._clock.advance(call.start_elapsed)
        if not call.status:
            raise _recorded_error(call)
        return httpx.Response(call.status, headers=call.headers, stream=_ReplayStream(call, self._clock))

    async def _record(self, request: httpx.Request, recording: _Recording) -> httpx.Response:
        try:
            response = await self._send(request)
        except httpx.HTTPError as error:
            recording.finish(error)
            raise
        headers = recording.record_start(response)
        stream = _RecordingStream(response, self._unpack(response), recording)
        return httpx.Response(response.status_code, headers=headers, stream=stream)


class _Recording:
    """A call that is being made."""

    def __init__(self, tape: Tape, clock: Clock, call: RecordedCall, secrets: list[str]) -> None:
        self._tape = tape
        self._clock = clock
        self._call = call
        self._secrets = secrets
        self._start = clock.now()
        self._chunks: list[Chunk] = []

    def record_start(self, response: httpx.Response) -> dict[str, str]:
        """Record the start of a response, and return its recorded headers."""
        headers: dict[str, str] = redact(select_headers(response.headers), self._secrets)
        self._call = replace(
            self._call, status=response.status_code, headers=headers, start_elapsed=self._elapsed
        )
        return headers

    def record_chunk(self, data: bytes) -> None:
        """Record a chunk."""
        self._chunks.append(Chunk(self._elapsed, data))

    def finish(self, reason: httpx.HTTPError | str) -> None:
        """Write the call to the tape."""
        end_reason = reason if isinstance(reason, str) else _name_error(reason)
        chunks = tuple(_redact_chunks(self._secrets, self._chunks))
        finished_call = replace(
            self._call,
            timestamp=self._clock.timestamp,
            chunks=chunks,
            end_reason=end_reason,
            end_elapsed=self._elapsed,
        )
        self._tape.record(finished_call)

    @property
    def _elapsed(self) -> float:
        return round(self._clock.now() - self._start, 3)


class _RecordingStream(httpx.AsyncByteStream):
    """A response that is recorded while it is read."""

    def __init__(self, response: httpx.Response, body: AsyncGenerator[bytes], recording: _Recording) -> None:
        self._response = response
        self._body = body
        self._recording = recording
        self._end_reason: httpx.HTTPError | str = "left"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                self._recording.record_chunk(chunk)
                yield chunk
            self._end_reason = "whole"
        except httpx.HTTPError as error:
            self._end_reason = error
            raise
        except WireError:
            # The response cannot be decompressed, or is too long.
            self._end_reason = "DecodingError"
            raise

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
            await self._response.aclose()
        finally:
            self._recording.finish(self._end_reason)


class _ReplayStream(httpx.AsyncByteStream):
    """A replayed response."""

    def __init__(self, call: RecordedCall, clock: TapeClock) -> None:
        self._call = call
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        elapsed = self._call.start_elapsed
        for chunk in self._call.chunks:
            await self._clock.advance(max(0.0, chunk.elapsed - elapsed))
            elapsed = chunk.elapsed
            yield chunk.data
        await self._clock.advance(max(0.0, self._call.end_elapsed - elapsed))
        if self._call.end_reason != "whole":
            raise _recorded_error(self._call)


def _recorded_error(call: RecordedCall) -> Exception:
    if call.end_reason == "left":
        return TapeMismatch(
            Translatable("The recorded response ends here: it was stopped during recording."),
            Translatable("Record the call again without stopping it."),
        )
    error_class: Any = getattr(httpx, call.end_reason)
    return error_class("The recorded call failed.")  # type: ignore[no-any-return]


def _name_error(error: httpx.HTTPError) -> str:
    """Return the name of an error as tapes have it, or the name of its nearest base class."""
    names = (each.__name__ for each in type(error).__mro__)
    return next((each for each in names if each in END_REASONS), "RemoteProtocolError")


def _find_secrets(request: httpx.Request) -> list[str]:
    """Return the credentials of a request."""
    values = (request.headers.get(name, "") for name in SECRET_HEADERS)
    return [value.removeprefix("Bearer ") for value in values if value]


def _redact_chunks(secrets: list[str], chunks: list[Chunk]) -> list[Chunk]:
    """Replace keys in a response. Some servers repeat a key that they refuse, and a chunk may end within it."""
    data = b"".join(chunk.data for chunk in chunks)
    redacted = redact_response(data, secrets)
    return chunks if redacted == data else [Chunk(chunks[-1].elapsed, redacted)]
