"""The body of a response, read in chunks within size limits: the server is not trusted to keep it small."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

import httpx

from mimo_magics.core.errors import WireError
from mimo_magics.core.i18n import Translatable

ACCEPTED_ENCODINGS = "gzip, deflate"
"""The value of `Accept-Encoding`: encodings that zlib decompresses in steps."""
MAX_STREAM_BYTES = 128 * 2**20
"""Size limit of a streamed response: about 300,000 tokens, one JSON object each."""
MAX_BODY_BYTES = 16 * 2**20
"""Size limit of a response that is not streamed."""
MAX_CHUNK_BYTES = 65_536
"""Size limit of one decompressed chunk."""


async def iter_body(response: httpx.Response, max_bytes: int) -> AsyncGenerator[bytes]:
    """Yield the decompressed body in chunks of at most 64 KiB.

    Raises:
        WireError: the body is longer than `max_bytes`, or cannot be decompressed.
        httpx.HTTPError: the connection failed.
    """
    decode = _get_decoder(response)
    size = 0
    async for data in response.aiter_raw():
        for chunk in decode(data):
            size += len(chunk)
            if size > max_bytes:
                raise too_long_error(max_bytes)
            yield chunk


async def read_body(response: httpx.Response, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the whole body; see `iter_body` for limits and errors."""
    return b"".join([chunk async for chunk in iter_body(response, max_bytes)])


def too_long_error(max_bytes: int) -> WireError:
    """Return the error for a response that exceeds its size limit. It is not retried."""
    return WireError(Translatable("The response is larger than {size:,.0f} MB.", size=max_bytes / 1e6))


class _Decompressor:
    """Decompresses gzip (one or several members) or deflate in steps."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def __call__(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._decompressor.eof:
                    self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
                if chunk := self._decompressor.decompress(data, MAX_CHUNK_BYTES):
                    yield chunk
                data = self._decompressor.unconsumed_tail or self._decompressor.unused_data
        except zlib.error as error:
            raise WireError(
                Translatable("The response cannot be decompressed: {error}.", error=str(error))
            ) from None


def _split(data: bytes) -> Iterable[bytes]:
    if len(data) <= MAX_CHUNK_BYTES:
        return (data,)
    return (data[start : start + MAX_CHUNK_BYTES] for start in range(0, len(data), MAX_CHUNK_BYTES))


def _get_decoder(response: httpx.Response) -> Callable[[bytes], Iterable[bytes]]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return _split
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Decompressor()
    raise WireError(
        Translatable(
            "The response has an unsupported Content-Encoding: {encoding!r}.", encoding=encoding[:40]
        )
    )
