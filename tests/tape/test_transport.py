"""The transport that records calls to a server on the loopback interface and replays them."""

import gzip
import socket
from contextlib import aclosing
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from support.http_calls import APIS, REQUEST
from support.peer import CUT, KEY, Answer, Peer, error, frames, reply, stream
from support.taped_calls import request_for, send_through_tape, sse_comment, tape_text
from support.virtual_time import VirtualTime

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ConnectionFailed, IncompleteStream, InvalidApiKey, TapeMismatch, WireError
from mimo_magics.core.messages import ImagePart, Message, TextPart
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api
from mimo_magics.tape import format as tape_format, reader
from mimo_magics.tape.tape import Tape
from mimo_magics.tape.transport import _name_error

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed")]


@pytest.mark.parametrize("api", APIS)
async def test_bytes_are_replayed_in_the_recorded_chunks(peer: Peer, path: Path, api: Api) -> None:
    words = "你好，我是MiMo。".encode()
    peer.script = lambda seen: Answer(
        [
            b"\n",
            0.02,
            *[each for piece in (words[:4], words[4:]) for each in (sse_comment(piece), 0.02)],
            *frames(seen, ["ok"]),
        ]
    )
    recorded = await send_through_tape(peer, Tape("record", path), api)
    (call,) = reader.read_tape(path)
    assert [chunk.data for chunk in call.chunks][1:3] == [sse_comment(words[:4]), sse_comment(words[4:])]
    # The first part of a character.
    assert "\\udce5" in tape_text(path)
    assert await send_through_tape(peer, Tape("replay", path), api) == recorded


@pytest.mark.parametrize("api", APIS)
async def test_a_broken_connection_is_replayed(peer: Peer, path: Path, api: Api) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half an answer"], end=False), CUT]))
    recorded, failure = await send_through_tape(peer, Tape("record", path), api)
    assert isinstance(failure, IncompleteStream)
    replayed, second_error = await send_through_tape(peer, Tape("replay", path), api)
    assert (replayed, repr(second_error), len(peer.requests)) == (recorded, repr(failure), 1)


async def test_a_failed_connection_is_replayed(path: Path, virtual_time: VirtualTime) -> None:
    # The socket has a port and does not listen.
    with socket.socket() as unused_port:
        unused_port.bind(("127.0.0.1", 0))
        closed_peer = SimpleNamespace(url=f"http://127.0.0.1:{unused_port.getsockname()[1]}")
        recorded_events, error = await send_through_tape(closed_peer, Tape("record", path))
        assert {call.end_reason for call in reader.read_tape(path)} == {"ConnectError"}
        replayed_events, replayed_error = await send_through_tape(closed_peer, Tape("replay", path))
    # A tape has the class of the httpx error, and not its cause.
    assert (type(error), str(error).rpartition(": ")[2]) == (ConnectionFailed, "connection refused.")
    assert (type(replayed_error), str(replayed_error).rpartition(": ")[2]) == (
        ConnectionFailed,
        "connection failed.",
    )
    assert len(replayed_events) == len(recorded_events)


async def test_a_response_that_was_stopped_ends_where_it_was_stopped(peer: Peer, path: Path) -> None:
    peer.script = lambda seen: Answer(frames(seen, repeat("word "), 0.01))
    endpoint = Endpoint(peer.url + "/v1", Secret(KEY), "bearer", tapes=(Tape("record", path),))
    async with aclosing(http.stream(endpoint, "openai", REQUEST)) as events:
        async for event in events:
            first = event
            break
    (call,) = reader.read_tape(path)
    assert call.end_reason == "left"
    replayed, failure = await send_through_tape(peer, Tape("replay", path))
    assert replayed[0] == first
    assert str(failure) == "The recorded response ends here: it was stopped during recording."


@pytest.mark.parametrize("api", APIS)
async def test_no_key_is_ever_on_a_tape(peer: Peer, path: Path, api: Api) -> None:
    full_text = f"The key {KEY} is wrong".encode()
    cut = len(full_text) // 2
    answers = (
        error(401, f"no such key: {KEY}", **{"Set-Cookie": f"session={KEY}", "X-Account": "me"}),
        lambda seen: Answer(
            [sse_comment(full_text[:cut])[:-2], 0.02, full_text[cut:] + b"\n\n", *frames(seen, ["ok"])]
        ),
    )
    peer.answers(*answers)
    recording = Tape("record", path)
    _, refused = await send_through_tape(peer, recording, api, request_for(f"my key is {KEY}"))
    await send_through_tape(peer, recording, api, request_for(f"my key is {KEY}"))
    text = tape_text(path)
    assert isinstance(refused, InvalidApiKey)
    assert (KEY in text, KEY[:12] in text, "(the key)" in text) == (False, False, True)
    assert [
        word for word in ("ookie", "X-Account", "x-account", peer.host, "127.0.0.1") if word in text
    ] == []
    replayed = await send_through_tape(peer, Tape("replay", path), api, request_for(f"my key is {KEY}"))
    assert repr(replayed[1]) == repr(refused)


async def test_an_image_is_on_the_tape_as_its_hash(peer: Peer, path: Path) -> None:
    image = ImagePart("data:image/png;base64," + "iVBORw0KGgo" * 1_000)
    request = replace(REQUEST, messages=(Message("user", (TextPart("What is this?"), image)),))
    await send_through_tape(peer, Tape("record", path), request=request)
    assert len(tape_text(path)) < 4_000
    assert (await send_through_tape(peer, Tape("replay", path), request=request))[1] is None
    other = replace(
        REQUEST,
        messages=(Message("user", (TextPart("What is this?"), replace(image, url=image.url + "AAAA"))),),
    )
    assert isinstance((await send_through_tape(peer, Tape("replay", path), request=other))[1], TapeMismatch)


# Hostile responses


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_a_compressed_response_is_decompressed_in_steps_and_replayed(
    peer: Peer, path: Path, streamed: bool
) -> None:
    request = replace(REQUEST, stream=streamed)
    packed = {
        "Content-Encoding": "gzip",
        "Content-Type": "text/event-stream" if streamed else "application/json",
    }
    peer.script = lambda seen: Answer(
        [gzip.compress(b"".join(stream(seen, reply("Hello")).pieces))], headers=packed
    )
    recorded = await send_through_tape(peer, Tape("record", path), request=request)
    assert recorded[1] is None
    assert await send_through_tape(peer, Tape("replay", path), request=request) == recorded


async def test_a_compressed_response_is_recorded_up_to_its_size_limit(
    peer: Peer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_STREAM_BYTES", 200_000)
    bomb = gzip.compress(b": comment\n\n" * 1_000_000)
    peer.script = lambda seen: Answer(
        [bomb], headers={"Content-Encoding": "gzip", "Content-Type": "text/event-stream"}
    )
    _, failure = await send_through_tape(peer, Tape("record", path))
    _, second_error = await send_through_tape(peer, Tape("replay", path))
    assert (type(failure), type(second_error), len(peer.requests)) == (WireError, WireError, 1)
    (call,) = reader.read_tape(path)
    assert 0 < sum(len(each.data) for each in call.chunks) <= 200_000


@pytest.mark.parametrize(
    "answer",
    [
        error(999, "denied"),
        error(400, "no", **{"Retry-After": "bald\x85"}),
        error(400, "no", **{"Content-Type": "text/plain; name=\xfc"}),
        error(400, "no", **{"Content-Type": "application/json", "Retry-After": "\t"}),
        Answer([b"packed"], headers={"Content-Encoding": "br"}),
        Answer([b"not packed"], headers={"Content-Encoding": "gzip"}),
    ],
    ids=range(6),
)
async def test_any_response_of_a_server_is_read_back(peer: Peer, path: Path, answer: Answer) -> None:
    peer.script = lambda seen: answer
    _, failure = await send_through_tape(peer, Tape("record", path))
    _, second_error = await send_through_tape(peer, Tape("replay", path))
    assert failure is not None
    assert (type(second_error), len(peer.requests)) == (type(failure), 1)


async def test_every_failure_of_a_call_can_be_recorded() -> None:
    kinds = [
        each
        for each in vars(httpx).values()
        if isinstance(each, type) and issubclass(each, httpx.RequestError)
    ]
    assert len(kinds) > 10
    assert {_name_error(kind("x")) for kind in kinds} <= set(tape_format.END_REASONS)


@pytest.mark.parametrize(
    "key", ["1", "0", "null", "e", "{", "x", "none", "user", "EMPTY", "lm-studio", "messages"]
)
async def test_a_replay_without_a_key_finds_a_call_that_was_recorded_with_a_key(
    peer: Peer, path: Path, key: str
) -> None:
    text = f"none of the users has {key} messages"
    peer.script = lambda seen: stream(seen, reply("Hello"))
    request = request_for(text, temperature=1)
    endpoint = Endpoint(peer.url + "/v1", Secret(key), "bearer", tapes=(Tape("record", path),))
    recorded = [event async for event in http.stream(endpoint, "openai", request)]
    (call,) = reader.read_tape(path)
    sent_text = call.body["messages"][0]["content"]
    assert sent_text == (text if len(key) < 8 else text.replace(key, "(the key)"))
    unkeyed = Endpoint("http://replay.invalid/v1", Secret(""), "bearer", tapes=(Tape("replay", path),))
    request = request_for(text, temperature=1.0)
    assert [event async for event in http.stream(unkeyed, "openai", request)] == recorded
