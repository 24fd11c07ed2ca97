"""Calls on a tape: recorded against a real server, replayed without any."""

import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.peer import CUT, KEY, Answer, Peer, error, frames, obey, reply, stream
from support.virtual_time import VirtualTime

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import ConnectionFailed, IncompleteStream, InvalidApiKey, MimoError, TapeMismatch
from mimo_magics.core.events import Event, Retrying
from mimo_magics.core.messages import ImagePart, Message, Params, Request, TextPart, user_message
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api
from mimo_magics.tape import format as tape_format
from mimo_magics.tape.tape import Tape

pytestmark = pytest.mark.anyio
APIS: list[Api] = ["openai", "anthropic"]
REQUEST = Request((user_message("hello"),), Params("mimo-test", max_completion_tokens=100))


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """No connection outlives its test."""
    yield
    await http.aclose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tapes" / "lesson.jsonl"


async def ask(
    peer: Peer, inserted: Tape, api: Api = "openai", request: Request = REQUEST
) -> tuple[list[Event], MimoError | None]:
    """Ask, and return what came and how it failed."""
    address = peer.url + ("/v1" if api == "openai" else "/anthropic")
    endpoint = Endpoint(address, Secret(KEY), "bearer", tapes=(inserted,))
    events: list[Event] = []
    try:
        async with aclosing(http.stream(endpoint, api, request)) as stream:
            async for event in stream:
                events += [event]
    except MimoError as failure:
        return events, failure
    return events, None


def written(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prompts(peer: Peer) -> list[str]:
    return [seen.prompt for seen in peer.requests]


def about(text: str, **params: Any) -> Request:
    return replace(REQUEST, messages=(user_message(text),), params=replace(REQUEST.params, **params))


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", APIS)
async def test_a_replay_gives_the_events_of_the_recording(
    peer: Peer, path: Path, api: Api, streamed: bool
) -> None:
    request = replace(REQUEST, stream=streamed)
    recorded = await ask(peer, Tape("record", path), api, request)
    assert len(recorded[0]) > 3
    replayed = await ask(peer, Tape("replay", path), api, request)
    assert (replayed, len(peer.requests)) == (recorded, 1)


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


def comment(data: bytes) -> bytes:
    return b": " + data + b"\n\n"


async def test_equal_requests_are_answered_in_their_order_and_then_from_the_first(
    peer: Peer, path: Path
) -> None:
    answers = iter(["one", "two"])
    peer.script = lambda seen: stream(seen, reply(next(answers)))
    recording = Tape("record", path)
    recorded = [await ask(peer, recording), await ask(peer, recording)]
    replaying = Tape("replay", path)
    assert [await ask(peer, replaying) for _ in range(3)] == [*recorded, recorded[0]]
    assert recorded[0] != recorded[1]


async def test_auto_asks_for_what_the_tape_lacks(peer: Peer, path: Path) -> None:
    await ask(peer, Tape("auto", path), request=about("old"))
    both = Tape("auto", path)
    for text in ("old", "new", "old"):
        await ask(peer, both, request=about(text))
    assert prompts(peer) == ["old", "new", "old"]
    replaying = Tape("replay", path)
    for text in ("new", "old", "old"):
        assert (await ask(peer, replaying, request=about(text)))[1] is None
    assert (len(peer.requests), replaying.call_count) == (3, 3)


async def test_recording_replaces_an_older_tape_with_its_first_call(peer: Peer, path: Path) -> None:
    await ask(peer, Tape("record", path), request=about("old"))
    before = written(path)
    anew = Tape("record", path)
    assert written(path) == before
    await ask(peer, anew, request=about("new"))
    assert [call.body["messages"][0]["content"] for call in tape_format.read_tape(path)] == ["new"]


# What is not there


async def test_a_request_that_is_not_on_the_tape_is_not_sent_and_told_apart(peer: Peer, path: Path) -> None:
    recording = Tape("record", path)
    await ask(peer, recording, request=about("What is the capital of Japan?", temperature=0.5))
    await ask(peer, recording, request=about("Tell me a long story of a whale.", temperature=1.0))
    events, failure = await ask(
        peer, Tape("replay", path), request=about("What is the capital of Korea?", temperature=0.5)
    )
    assert (events, type(failure), len(peer.requests)) == ([], TapeMismatch, 2)
    assert str(failure) == (
        "lesson.jsonl has no answer to this request: messages[0].content is «What is the capital of Korea?», "
        "recorded was «What is the capital of Japan?»."
    )
    assert failure is not None
    assert (
        failure.hint
        == f"To record it: %mimo_tape record {path} (in a shell MIMO_TAPE=record:PATH), then run again."
    )


async def test_a_request_in_another_format_is_told_apart(peer: Peer, path: Path) -> None:
    await ask(peer, Tape("record", path))
    _, failure = await ask(peer, Tape("replay", path), "anthropic")
    assert str(failure) == "lesson.jsonl has no answer to this request: It holds no request to this address."


# Failures


@pytest.mark.parametrize("api", APIS)
async def test_refusals_and_other_attempts_are_replayed_without_waiting(
    peer: Peer, path: Path, virtual_time: VirtualTime, api: Api
) -> None:
    busy = error(503, "overloaded", **{"Retry-After": "1"})
    peer.answers(busy, obey)
    recorded, _ = await ask(peer, Tape("record", path), api)
    assert sum(virtual_time.slept) >= 1
    virtual_time.slept.clear()
    replayed, failure = await ask(peer, Tape("replay", path), api)
    assert [type(event) for event in replayed] == [type(event) for event in recorded]
    assert (replayed[1:], failure) == (recorded[1:], None)
    assert replayed[0] == replace(recorded[0], delay=1.1)  # type: ignore[type-var]
    assert isinstance(replayed[0], Retrying)
    assert sum(virtual_time.slept) == 0


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


# What must not be on it


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
