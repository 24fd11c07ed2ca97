"""Between httpx and a server: records what passes, or answers in the server's place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx

from mimo_magics.core.errors import TapeMissing
from mimo_magics.core.i18n import Words
from mimo_magics.tape.clock import Clock, TapeClock
from mimo_magics.tape.format import Call, Chunk, kept
from mimo_magics.tape.matching import canonical, hidden
from mimo_magics.tape.tape import Tape

Send = Callable[[httpx.Request], Awaitable[httpx.Response]]
"""Makes a call whose answer is streamed."""
CARRY_SECRETS = ("authorization", "api-key", "x-api-key", "cookie")


class TapeTransport(httpx.AsyncBaseTransport):
    """Plays a tape.

    Args:
        tape: which.
        clock: is put forward by what is replayed.
        send: makes a call that is not on the tape.
    """

    def __init__(self, tape: Tape, clock: Clock, send: Send) -> None:
        self._tape = tape
        self._clock = clock
        self._send = send

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request from the tape, or make the call and record it.

        Raises:
            TapeMissing: it is not on the tape, and nothing may be sent.
            httpx.HTTPError: the call failed, now or when it was recorded.
        """
        secrets = _secrets(request)
        body = canonical(await request.aread(), secrets)
        if call := self._tape.take(request.method, request.url.path, body):
            return await self._replayed(call)
        asked = Call(request.method, request.url.path, body, 0.0)
        return await self._recorded(request, _Recording(self._tape, self._clock, asked, secrets))

    async def _replayed(self, call: Call) -> httpx.Response:
        assert isinstance(self._clock, TapeClock)
        self._clock.dated(call.date)
        await self._clock.advance(call.begun)
        if not call.status:
            raise _failure(call)
        return httpx.Response(call.status, headers=call.headers, stream=_Replayed(call, self._clock))

    async def _recorded(self, request: httpx.Request, recording: _Recording) -> httpx.Response:
        try:
            response = await self._send(request)
        except httpx.HTTPError as error:
            recording.end(error)
            raise
        headers = recording.begin(response)
        return httpx.Response(response.status_code, headers=headers, stream=_Recorded(response, recording))


class _Recording:
    """A call that is being made."""

    def __init__(self, tape: Tape, clock: Clock, asked: Call, secrets: list[str]) -> None:
        self._tape = tape
        self._clock = clock
        self._call = asked
        self._secrets = secrets
        self._start = clock.now()
        self._chunks: list[Chunk] = []

    def begin(self, response: httpx.Response) -> dict[str, str]:
        """Note how the answer begins, and return the headers that are kept of it."""
        headers = kept(response.headers)
        self._call = replace(self._call, status=response.status_code, headers=headers, begun=self._now)
        return headers

    def add(self, data: bytes) -> None:
        """Note a piece."""
        self._chunks.append(Chunk(self._now, data))

    def end(self, how: httpx.HTTPError | str) -> None:
        """Put the call on the tape."""
        end = how if isinstance(how, str) else type(how).__name__
        chunks = tuple(_without(self._secrets, self._chunks))
        whole = replace(self._call, date=self._clock.date, chunks=chunks, end=end, ended=self._now)
        self._tape.keep(whole)

    @property
    def _now(self) -> float:
        return round(self._clock.now() - self._start, 3)


class _Recorded(httpx.AsyncByteStream):
    """An answer that is noted while it passes."""

    def __init__(self, response: httpx.Response, recording: _Recording) -> None:
        self._response = response
        self._recording = recording
        self._end: httpx.HTTPError | str = "left"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_bytes():
                self._recording.add(chunk)
                yield chunk
            self._end = "whole"
        except httpx.HTTPError as error:
            self._end = error
            raise

    async def aclose(self) -> None:
        try:
            await self._response.aclose()
        finally:
            self._recording.end(self._end)


class _Replayed(httpx.AsyncByteStream):
    """An answer as it came."""

    def __init__(self, call: Call, clock: TapeClock) -> None:
        self._call = call
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        at = self._call.begun
        for chunk in self._call.chunks:
            await self._clock.advance(max(0.0, chunk.at - at))
            at = chunk.at
            yield chunk.data
        await self._clock.advance(max(0.0, self._call.ended - at))
        if self._call.end != "whole":
            raise _failure(self._call)


def _failure(call: Call) -> Exception:
    if call.end == "left":
        return TapeMissing(
            Words("The answer on the tape ends here: when it was recorded, it was stopped."),
            Words("Record it once more, and let it come to its end."),
        )
    error: Any = getattr(httpx, call.end)
    return error("It was so when it was recorded.")  # type: ignore[no-any-return]


def _secrets(request: httpx.Request) -> list[str]:
    """Return what a request proves itself by."""
    values = (request.headers.get(name, "") for name in CARRY_SECRETS)
    return [value.removeprefix("Bearer ") for value in values if value]


def _without(secrets: list[str], chunks: list[Chunk]) -> list[Chunk]:
    """Take keys out of an answer; some servers repeat what they refuse, and a piece may end in the middle."""
    whole = b"".join(chunk.data for chunk in chunks)
    clean = hidden(whole, secrets)
    return chunks if clean == whole else [Chunk(chunks[-1].at, clean)]
