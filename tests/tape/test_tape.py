"""Tapes that record calls to a real server and replay them without it."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.http_calls import APIS, REQUEST
from support.peer import Peer, error, obey, reply, stream
from support.taped_calls import request_for, send_through_tape, tape_text
from support.virtual_time import VirtualTime

from mimo_magics.core.errors import TapeMismatch
from mimo_magics.core.events import Retrying
from mimo_magics.core.settings import Api
from mimo_magics.tape import reader
from mimo_magics.tape.tape import Tape

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed")]


def prompts(peer: Peer) -> list[str]:
    return [seen.prompt for seen in peer.requests]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", APIS)
async def test_a_replay_gives_the_events_of_the_recording(
    peer: Peer, path: Path, api: Api, streamed: bool
) -> None:
    request = replace(REQUEST, stream=streamed)
    recorded = await send_through_tape(peer, Tape("record", path), api, request)
    assert len(recorded[0]) > 3
    replayed = await send_through_tape(peer, Tape("replay", path), api, request)
    assert (replayed, len(peer.requests)) == (recorded, 1)


async def test_equal_requests_get_their_recorded_replies_in_order_and_then_from_the_first(
    peer: Peer, path: Path
) -> None:
    answers = iter(["one", "two"])
    peer.script = lambda seen: stream(seen, reply(next(answers)))
    recording = Tape("record", path)
    recorded = [await send_through_tape(peer, recording), await send_through_tape(peer, recording)]
    replaying = Tape("replay", path)
    assert [await send_through_tape(peer, replaying) for _ in range(3)] == [*recorded, recorded[0]]
    assert recorded[0] != recorded[1]


async def test_auto_makes_the_calls_that_are_not_on_the_tape(peer: Peer, path: Path) -> None:
    await send_through_tape(peer, Tape("auto", path), request=request_for("old"))
    both = Tape("auto", path)
    for text in ("old", "new", "old"):
        await send_through_tape(peer, both, request=request_for(text))
    assert prompts(peer) == ["old", "new", "old"]
    replaying = Tape("replay", path)
    for text in ("new", "old", "old"):
        assert (await send_through_tape(peer, replaying, request=request_for(text)))[1] is None
    assert (len(peer.requests), replaying.call_count) == (3, 3)


async def test_recording_replaces_an_old_tape_with_its_first_call(peer: Peer, path: Path) -> None:
    await send_through_tape(peer, Tape("record", path), request=request_for("old"))
    before = tape_text(path)
    new_tape = Tape("record", path)
    assert tape_text(path) == before
    await send_through_tape(peer, new_tape, request=request_for("new"))
    assert [call.body["messages"][0]["content"] for call in reader.read_tape(path)] == ["new"]


# Missing calls


async def test_a_request_that_is_not_on_the_tape_is_not_sent_and_its_difference_is_reported(
    peer: Peer, path: Path
) -> None:
    recording = Tape("record", path)
    await send_through_tape(
        peer, recording, request=request_for("What is the capital of Japan?", temperature=0.5)
    )
    await send_through_tape(
        peer, recording, request=request_for("Tell me a long story of a whale.", temperature=1.0)
    )
    events, failure = await send_through_tape(
        peer, Tape("replay", path), request=request_for("What is the capital of Korea?", temperature=0.5)
    )
    assert (events, type(failure), len(peer.requests)) == ([], TapeMismatch, 2)
    assert str(failure) == (
        "No call on the tape lesson.jsonl matches this request: messages[0].content is «What is the capital of Korea?» "
        "(recorded: «What is the capital of Japan?»)."
    )
    assert failure is not None
    assert (
        failure.hint
        == f"Record it with %mimo_tape record {path} (in a shell: MIMO_TAPE=record:PATH), then run the cell again."
    )


async def test_a_request_in_another_format_is_reported(peer: Peer, path: Path) -> None:
    await send_through_tape(peer, Tape("record", path))
    _, failure = await send_through_tape(peer, Tape("replay", path), "anthropic")
    assert (
        str(failure)
        == "No call on the tape lesson.jsonl matches this request: The tape has no call to this endpoint."
    )


# Failures


@pytest.mark.parametrize("api", APIS)
async def test_retries_are_replayed_without_waiting(
    peer: Peer, path: Path, virtual_time: VirtualTime, api: Api
) -> None:
    busy = error(503, "overloaded", **{"Retry-After": "1"})
    peer.answers(busy, obey)
    recorded, _ = await send_through_tape(peer, Tape("record", path), api)
    assert sum(virtual_time.slept) >= 1
    virtual_time.slept.clear()
    replayed, failure = await send_through_tape(peer, Tape("replay", path), api)
    assert [type(event) for event in replayed] == [type(event) for event in recorded]
    assert (replayed[1:], failure) == (recorded[1:], None)
    assert replayed[0] == replace(recorded[0], delay=1.1)  # type: ignore[type-var]
    assert isinstance(replayed[0], Retrying)
    assert sum(virtual_time.slept) == 0
