"""All calls of this process to one service share a backoff. A tape has its own waits."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from math import inf
from pathlib import Path

import anyio
import pytest
from support.http_calls import REQUEST, endpoint, fold_events, send_request
from support.peer import Answer, Peer, Seen, error, reply, stream
from support.virtual_time import VirtualTime

from mimo_magics.client import http
from mimo_magics.client.backoff import share_backoff
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import RateLimited
from mimo_magics.core.events import Event, Retrying
from mimo_magics.tape.tape import open_tape

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed")]


def waits(events: list[Event]) -> list[Retrying]:
    return [event for event in events if isinstance(event, Retrying)]


async def test_the_waits_after_a_rate_limit_last_longer_than_a_minute(
    peer: Peer, virtual_time: VirtualTime
) -> None:
    peer.script = lambda _: error(429, "Too many requests")
    with pytest.raises(RateLimited):
        await send_request(peer)
    assert len(peer.requests) == 5
    assert 60 < virtual_time.monotonic() < 120
    assert virtual_time.slept == sorted(virtual_time.slept)


async def test_a_rate_limit_that_ends_within_a_minute_is_waited_out(
    peer: Peer, virtual_time: VirtualTime
) -> None:
    peer.script = lambda seen: (
        error(429, "Too many requests") if virtual_time.monotonic() < 60 else stream(seen, reply("ok"))
    )
    events = await send_request(peer)
    assert fold_events(events) == reply("ok")
    assert [wait.delay for wait in waits(events)] == virtual_time.slept


class Limited:
    """A script that returns HTTP 429 with `Retry-After` until a time on the clock."""

    def __init__(self, clock: VirtualTime, until: float) -> None:
        self.refused = 0
        self._clock, self._until = clock, until

    def __call__(self, seen: Seen) -> Answer:
        if (left := self._until - self._clock.monotonic()) > 0:
            self.refused += 1
            return error(429, "Too many requests", **{"Retry-After": f"{left:.3f}"})
        return stream(seen, reply("ok"))


async def test_a_later_call_waits_without_sending_a_request(peer: Peer, virtual_time: VirtualTime) -> None:
    peer.script = limited = Limited(virtual_time, 60)
    async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as first:
        assert isinstance(await anext(first), Retrying)
        (wait,) = waits(await send_request(peer))
    assert (limited.refused, wait.attempt, wait.reason) == (1, 1, "HTTP 429: Too many requests")
    assert 60 <= wait.delay <= 60.2


async def test_calls_to_one_service_share_a_backoff_and_other_services_do_not(
    peer: Peer, virtual_time: VirtualTime
) -> None:
    peer.script = limited = Limited(virtual_time, 60)
    with Peer() as other:
        all_events = await asyncio.gather(*(send_request(peer) for _ in range(6)), send_request(other))
    assert [fold_events(events).text for events in all_events] == ["ok"] * 6 + ["You said: hello"]
    assert limited.refused <= 6
    assert waits(all_events[-1]) == []


async def test_a_broken_connection_delays_only_its_own_call(peer: Peer, virtual_time: VirtualTime) -> None:
    peer.answers(Answer([]), lambda seen: stream(seen, reply("ok")))
    async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as first:
        assert isinstance(await anext(first), Retrying)
        assert waits(await send_request(peer)) == []
    assert virtual_time.slept == []


async def test_canceling_a_call_ends_its_wait_at_once(peer: Peer) -> None:
    peer.script = lambda _: error(429, "Too many requests", **{"Retry-After": "100"})
    is_waiting = anyio.Event()

    async def call() -> None:
        async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
            async for event in events:
                assert isinstance(event, Retrying)
                is_waiting.set()

    task = asyncio.create_task(call())
    await is_waiting.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert len(peer.requests) == 1


async def test_a_call_after_a_canceled_one_does_not_wait(peer: Peer, virtual_time: VirtualTime) -> None:
    peer.answers(error(503, "busy", **{"Retry-After": "100"}), lambda seen: stream(seen, reply("ok")))
    async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
        assert isinstance(await anext(events), Retrying)
    assert waits(await send_request(peer)) == []
    assert virtual_time.slept == []


async def test_a_replay_does_not_share_the_backoff(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    await collect(replace(endpoint(peer), tapes=(open_tape(f"record:{path}"),)))
    replayed = replace(endpoint(peer), tapes=(open_tape(f"replay:{path}"),))
    with share_backoff(endpoint(peer)) as backoff:
        backoff.resume_at = inf
        assert waits(await collect(replayed)) == []


async def collect(called: Endpoint) -> list[Event]:
    async with aclosing(http.stream(called, "openai", REQUEST)) as events:
        return [event async for event in events]
