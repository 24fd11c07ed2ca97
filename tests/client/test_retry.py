"""Which calls are made again, and when, against a real server on the loopback."""

import json
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.http_calls import REQUEST, endpoint, fold_events, send_request
from support.peer import CUT, Answer, Peer, error, reply, stream
from support.virtual_time import VirtualTime

from mimo_magics.client import http, retry as attempts
from mimo_magics.core.errors import (
    ApiError,
    IncompleteStream,
    InsufficientBalance,
    MimoError,
    RateLimited,
    ServerBusy,
    WireError,
)
from mimo_magics.core.events import Retrying

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed", "_impatient")]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529, 530])
async def test_a_busy_server_is_asked_again(peer: Peer, status: int) -> None:
    peer.answers(error(status, "busy"), error(status, "busy"), lambda seen: stream(seen, reply("at last")))
    events = await send_request(peer)
    waits = [event for event in events if isinstance(event, Retrying)]
    assert [(wait.attempt, wait.max_attempts, wait.reason) for wait in waits] == [
        (2, 5, f"HTTP {status}: busy"),
        (3, 5, f"HTTP {status}: busy"),
    ]
    assert fold_events(events) == reply("at last")


async def test_waits_double_and_spread(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.answers(error(503))
    waits: list[float] = []
    with pytest.raises(ServerBusy):
        async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
            async for event in events:
                assert isinstance(event, Retrying)
                waits.append(event.delay / attempts.INITIAL_DELAY)
    assert [0.75 * 2**n <= wait <= 2**n for n, wait in enumerate(waits)] == [True] * 4
    assert len(peer.requests) == 5


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 421, 307])
async def test_a_refusal_is_not_asked_again(peer: Peer, status: int) -> None:
    peer.answers(error(status, "no", Location="http://127.0.0.1:9/"))
    with pytest.raises(ApiError) as failure:
        await send_request(peer)
    assert (failure.value.status, len(peer.requests)) == (status, 1)


async def test_retry_after_in_seconds_is_obeyed(peer: Peer, virtual_time: VirtualTime) -> None:
    peer.answers(error(429, "slow down", **{"Retry-After": "90"}), lambda seen: stream(seen, reply("ok")))
    await send_request(peer)
    (waited,) = virtual_time.slept
    assert 90.0 <= waited <= 90.1


async def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    begun = datetime.now(UTC)
    soon = begun.replace(microsecond=0) + timedelta(seconds=90)
    assert attempts.parse_retry_after("7") == 7.0
    seconds = attempts.parse_retry_after(format_datetime(soon, usegmt=True))
    assert seconds is not None
    assert begun <= soon - timedelta(seconds=seconds) <= datetime.now(UTC)
    assert attempts.parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert attempts.parse_retry_after("Wed, 21 Oct 2015 07:28:00 -0000") == 0.0
    assert [attempts.parse_retry_after(value) for value in ("", "soon", "-1", "1e9", "1.", "९")] == [None] * 6
    assert attempts.parse_retry_after("1.5") == 1.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after-ms": "200", "retry-after": "7"}, 0.2), ({"retry-after": "7"}, 7.0), ({}, None)],
)
async def test_a_wait_may_be_told_in_milliseconds(headers: dict[str, str], seconds: float | None) -> None:
    assert attempts.read_retry_after(headers) == seconds


@pytest.mark.parametrize("kind", ["insufficient_quota", "billing_hard_limit_reached"])
async def test_a_used_up_quota_is_not_asked_again(peer: Peer, kind: str) -> None:
    body = json.dumps({"error": {"message": "You exceeded your quota.", "type": kind, "code": None}})
    peer.answers(Answer([body.encode()], status=429, headers={"Content-Type": "application/json"}))
    with pytest.raises(InsufficientBalance) as failure:
        await send_request(peer)
    assert (str(failure.value), len(peer.requests)) == ("HTTP 429: You exceeded your quota.", 1)


async def test_a_server_that_asks_for_too_long_a_wait_is_an_error_at_once(peer: Peer) -> None:
    peer.answers(error(429, "tomorrow", **{"Retry-After": "86400"}))
    with pytest.raises(RateLimited) as failure:
        await send_request(peer)
    assert (failure.value.retry_after, len(peer.requests)) == (86400.0, 1)


@pytest.mark.parametrize("pieces", [[], [CUT], [b": hello\n\n", CUT]])
async def test_a_connection_that_breaks_before_the_answer_is_tried_again(
    peer: Peer, pieces: list[object]
) -> None:
    peer.answers(Answer(pieces), lambda seen: stream(seen, reply("ok")))
    assert fold_events(await send_request(peer)) == reply("ok")
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    ("pieces", "content_type", "failure"),
    [
        ([b'data: {"id": "1", "choi', CUT], "text/event-stream", IncompleteStream),
        ([b": hello\n\nevent: message\n", CUT], "text/event-stream", IncompleteStream),
        ([b'{"id": "1", "choices": [{"mess', CUT], "application/json", IncompleteStream),
        ([b"event: ping\n\n"], "text/event-stream", WireError),
    ],
)
async def test_what_came_in_part_is_not_asked_for_again(
    peer: Peer, pieces: list[object], content_type: str, failure: type[MimoError]
) -> None:
    peer.answers(Answer(pieces, headers={"Content-Type": content_type}))
    with pytest.raises(failure):
        await send_request(peer)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_each_status_of_success_brings_an_answer(peer: Peer, status: int) -> None:
    peer.answers(lambda seen: replace(stream(seen, reply("ok")), status=status))
    assert fold_events(await send_request(peer)) == reply("ok")
