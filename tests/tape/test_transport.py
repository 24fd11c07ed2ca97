"""The transport that records calls and replays them, against a real server on the loopback."""

import socket
from contextlib import aclosing
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.http_calls import APIS, REQUEST
from support.peer import CUT, KEY, Answer, Peer, error, frames
from support.taped_calls import about, ask, comment, written
from support.virtual_time import VirtualTime

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ConnectionFailed, IncompleteStream, InvalidApiKey, TapeMismatch
from mimo_magics.core.messages import ImagePart, Message, TextPart
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api
from mimo_magics.tape import format as tape_format
from mimo_magics.tape.tape import Tape

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed")]


@pytest.mark.parametrize("api", APIS)
async def test_bytes_come_in_the_pieces_in_which_they_came(peer: Peer, path: Path, api: Api) -> None:
    words = "你好，我是MiMo。".encode()
    peer.script = lambda seen: Answer(
        [
            b"\n",
            0.02,
            *[each for piece in (words[:4], words[4:]) for each in (comment(piece), 0.02)],
            *frames(seen, ["ok"]),
        ]
    )
    recorded = await ask(peer, Tape("record", path), api)
    (call,) = tape_format.read_tape(path)
    assert [chunk.data for chunk in call.chunks][1:3] == [comment(words[:4]), comment(words[4:])]
    assert "\\udce5" in written(path)  # the half of a character
    assert await ask(peer, Tape("replay", path), api) == recorded


@pytest.mark.parametrize("api", APIS)
async def test_an_answer_that_broke_off_breaks_off_again(peer: Peer, path: Path, api: Api) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half an answer"], end=False), CUT]))
    recorded, failure = await ask(peer, Tape("record", path), api)
    assert isinstance(failure, IncompleteStream)
    replayed, again = await ask(peer, Tape("replay", path), api)
    assert (replayed, repr(again), len(peer.requests)) == (recorded, repr(failure), 1)


async def test_a_server_that_was_not_reached_is_not_reached_again(
    path: Path, virtual_time: VirtualTime
) -> None:
    nobody = socket.socket()  # it has a port and does not listen
    nobody.bind(("127.0.0.1", 0))
    gone = SimpleNamespace(url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
    recorded = await ask(gone, Tape("record", path))
    assert isinstance(recorded[1], ConnectionFailed)
    assert {call.end_reason for call in tape_format.read_tape(path)} == {"ConnectError"}
    replayed = await ask(gone, Tape("replay", path))
    assert (len(replayed[0]), repr(replayed[1])) == (len(recorded[0]), repr(recorded[1]))
    nobody.close()


async def test_an_answer_that_was_stopped_ends_where_it_was_stopped(peer: Peer, path: Path) -> None:
    peer.script = lambda seen: Answer(frames(seen, repeat("word "), 0.01))
    endpoint = Endpoint(peer.url + "/v1", Secret(KEY), "bearer", tapes=(Tape("record", path),))
    async with aclosing(http.stream(endpoint, "openai", REQUEST)) as events:
        async for event in events:
            first = event
            break
    (call,) = tape_format.read_tape(path)
    assert call.end_reason == "left"
    replayed, failure = await ask(peer, Tape("replay", path))
    assert replayed[0] == first
    assert str(failure) == "The answer on the tape ends here: when it was recorded, it was stopped."


@pytest.mark.parametrize("api", APIS)
async def test_no_key_is_ever_on_a_tape(peer: Peer, path: Path, api: Api) -> None:
    whole = f"The key {KEY} is wrong".encode()
    cut = len(whole) // 2
    answers = (
        error(401, f"no such key: {KEY}", **{"Set-Cookie": f"session={KEY}", "X-Account": "me"}),
        lambda seen: Answer([comment(whole[:cut])[:-2], 0.02, whole[cut:] + b"\n\n", *frames(seen, ["ok"])]),
    )
    peer.answers(*answers)
    recording = Tape("record", path)
    _, refused = await ask(peer, recording, api, about(f"my key is {KEY}"))
    await ask(peer, recording, api, about(f"my key is {KEY}"))
    text = written(path)
    assert isinstance(refused, InvalidApiKey)
    assert (KEY in text, KEY[:12] in text, "(the key)" in text) == (False, False, True)
    assert [
        word for word in ("ookie", "X-Account", "x-account", peer.host, "127.0.0.1") if word in text
    ] == []
    replayed = await ask(peer, Tape("replay", path), api, about(f"my key is {KEY}"))
    assert repr(replayed[1]) == repr(refused)


async def test_a_picture_is_on_the_tape_as_its_fingerprint(peer: Peer, path: Path) -> None:
    image = ImagePart("data:image/png;base64," + "iVBORw0KGgo" * 1_000)
    request = replace(REQUEST, messages=(Message("user", (TextPart("What is this?"), image)),))
    await ask(peer, Tape("record", path), request=request)
    assert len(written(path)) < 4_000
    assert (await ask(peer, Tape("replay", path), request=request))[1] is None
    other = replace(
        REQUEST,
        messages=(Message("user", (TextPart("What is this?"), replace(image, url=image.url + "AAAA"))),),
    )
    assert isinstance((await ask(peer, Tape("replay", path), request=other))[1], TapeMismatch)
