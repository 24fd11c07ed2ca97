"""The body of an answer, in pieces and within bounds: a server chooses its length, and how far it unpacks."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

import httpx

from mimo_magics.core.errors import WireError
from mimo_magics.core.i18n import Translatable

ACCEPTED_ENCODINGS = "gzip, deflate"
"""What is asked for, and can be unpacked in steps."""
MAX_STREAM_BYTES = 128 * 2**20
"""Bytes of a streamed answer: some 300,000 tokens with their envelopes."""
MAX_BODY_BYTES = 16 * 2**20
"""Bytes of an answer in one piece."""
MAX_STEP_BYTES = 65_536
"""Bytes that are unpacked at a time."""


async def iter_body(response: httpx.Response, max_bytes: int) -> AsyncGenerator[bytes]:
    """Yield the body, unpacked, in pieces of 64 kB at most.

    Raises:
        WireError: it is longer than `max_bytes`, or cannot be unpacked.
        httpx.HTTPError: the connection failed.
    """
    unpack = _get_decoder(response)
    size = 0
    async for chunk in response.aiter_raw():
        for piece in unpack(chunk):
            size += len(piece)
            if size > max_bytes:
                raise too_long_error(max_bytes)
            yield piece


async def read_body(response: httpx.Response, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the whole body; for bounds and errors see `iter_body`."""
    return b"".join([piece async for piece in iter_body(response, max_bytes)])


def too_long_error(max_bytes: int) -> WireError:
    """Return the error for an answer that is longer than it may be; it is not asked for again."""
    return WireError(
        Translatable(
            "The response is longer than {size:,.0f} MB, and was not read to its end.", size=max_bytes / 1e6
        )
    )


class _Unpacker:
    """Unpacks gzip or deflate, also with several members, in steps."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def __call__(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._decompressor.eof:
                    self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
                if piece := self._decompressor.decompress(data, MAX_STEP_BYTES):
                    yield piece
                data = self._decompressor.unconsumed_tail or self._decompressor.unused_data
        except zlib.error as error:
            raise WireError(
                Translatable("The response cannot be unpacked: {error}.", error=str(error))
            ) from None


def _split(data: bytes) -> Iterable[bytes]:
    if len(data) <= MAX_STEP_BYTES:
        return (data,)
    return (data[start : start + MAX_STEP_BYTES] for start in range(0, len(data), MAX_STEP_BYTES))


def _get_decoder(response: httpx.Response) -> Callable[[bytes], Iterable[bytes]]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return _split
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Unpacker()
    raise WireError(
        Translatable(
            "The response is packed in a way that was not asked for: {encoding}.", encoding=encoding[:40]
        )
    )
