"""Bodies are read within size limits, also when they are compressed."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from itertools import repeat

import httpx
import pytest
from support.peer import Answer, Peer, reply, stream

from mimo_magics.client import body, http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ApiError, WireError
from mimo_magics.core.events import TextDelta
from mimo_magics.core.messages import Params, Request, user_message
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api

pytestmark = pytest.mark.anyio
REQUEST = Request((user_message("Hello"),), Params("mimo-test"))
APIS = ["openai", "anthropic"]
JSON = {"Content-Type": "application/json"}
STREAM = {"Content-Type": "text/event-stream"}
MEGABYTE = b"x" * 2**20
MAX_GROWTH = 64 * 2**20


def bomb(megabytes: int) -> bytes:
    """Return a gzip file that decompresses to a number of MiB."""
    compressor = zlib.compressobj(9, wbits=31)
    return b"".join([*(compressor.compress(MEGABYTE) for _ in range(megabytes)), compressor.flush()])


async def ask(peer: Peer, api: Api) -> list[object]:
    endpoint = Endpoint(peer.url + ("/v1" if api == "openai" else "/anthropic"), Secret("sk-1"), "bearer")
    try:
        return [event async for event in http.stream(endpoint, api, REQUEST)]
    finally:
        await http.aclose()


def compressed(*chunks: bytes) -> httpx.Response:
    async def raw():
        for chunk in chunks:
            yield chunk

    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=raw())


@pytest.mark.parametrize(
    ("chunks", "content"),
    [
        ([gzip.compress(b"Hello")], b"Hello"),
        ([bytes([byte]) for byte in gzip.compress(b"Hello" * 40)], b"Hello" * 40),
        ([gzip.compress(b"Hel") + gzip.compress(b"lo")], b"Hello"),
        ([gzip.compress(b"Hel"), gzip.compress(b"lo")], b"Hello"),
        ([zlib.compress(b"Hello")], b"Hello"),
        ([], b""),
    ],
)
async def test_a_compressed_body_is_decompressed_wherever_it_is_split(
    chunks: list[bytes], content: bytes
) -> None:
    assert await body.read_body(compressed(*chunks)) == content


async def test_a_decompressed_chunk_has_a_size_limit() -> None:
    sizes = [len(chunk) async for chunk in body.iter_body(compressed(bomb(8)), 2**30)]
    assert (max(sizes), sum(sizes)) == (body.MAX_CHUNK_BYTES, 8 * 2**20)


async def test_a_body_that_cannot_be_decompressed_is_a_wire_error() -> None:
    with pytest.raises(WireError, match="cannot be decompressed"):
        await body.read_body(compressed(b"no gzip"))


LARGE = {
    "a body": Answer(repeat(MEGABYTE, 200), headers=JSON),
    "a compressed body": Answer([bomb(300)], headers={**JSON, "Content-Encoding": "gzip"}),
    "a line": Answer(repeat(MEGABYTE, 200), headers=STREAM),
    "an event": Answer(repeat(b"data: " + b"x" * 65_536 + b"\n", 3_000), headers=STREAM),
    "comments": Answer(repeat(b": x\n" * 16_384, 3_000), headers=STREAM),
    "a compressed stream": Answer([bomb(300)], headers={**STREAM, "Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("answer", LARGE.values(), ids=[*LARGE])
@pytest.mark.parametrize("api", APIS)
async def test_an_endless_response_is_an_error_and_is_not_retried(
    peer: Peer, api: Api, answer: Answer
) -> None:
    peer.script = lambda _: answer
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            await ask(peer, api)
        assert tracemalloc.get_traced_memory()[1] < MAX_GROWTH
    finally:
        tracemalloc.stop()
    assert len(peer.requests) == 1


async def test_only_the_beginning_of_an_error_body_is_read(peer: Peer) -> None:
    peer.script = lambda _: Answer([bomb(300)], status=400, headers={**JSON, "Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(ApiError):
            await ask(peer, "openai")
        assert tracemalloc.get_traced_memory()[1] < MAX_GROWTH
    finally:
        tracemalloc.stop()


async def test_an_unsupported_content_encoding_is_an_error(peer: Peer) -> None:
    peer.script = lambda _: Answer([b"x"], headers={**STREAM, "Content-Encoding": "zstd"})
    with pytest.raises(WireError, match="unsupported Content-Encoding: 'zstd'"):
        await ask(peer, "openai")
    headers = {name.lower(): value for name, value in peer.requests[0].headers.items()}
    assert headers["accept-encoding"] == body.ACCEPTED_ENCODINGS


async def test_a_compressed_stream_is_decoded(peer: Peer) -> None:
    peer.script = lambda seen: Answer(
        [gzip.compress(b"".join(stream(seen, reply("Hello")).pieces))],
        headers={**STREAM, "Content-Encoding": "gzip"},
    )
    events = await ask(peer, "openai")
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello"


@pytest.mark.parametrize(("count", "listed"), [(10, 10), (5_000, http.MAX_LISTED_MODELS), (400_000, 0)])
async def test_a_list_of_models_has_a_size_limit(peer: Peer, count: int, listed: int) -> None:
    peer.models = [f"model-{number}" for number in range(count)]
    endpoint = Endpoint(f"{peer.url}/v1", Secret("sk-1"), "bearer")
    assert len(await http.list_models(endpoint)) == listed
    await http.aclose()
