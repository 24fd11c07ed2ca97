"""The retry policy, against a real server on the loopback interface."""

import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.http_calls import REQUEST, endpoint, fold_events, send_request
from support.peer import CUT, Answer, Peer, error, reply, stream
from support.virtual_time import VirtualTime

from mimo_magics.client import http, retry
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
from mimo_magics.wire.errors import status_line

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed", "_short_delays")]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529, 530])
async def test_a_temporary_error_is_retried(peer: Peer, status: int) -> None:
    peer.answers(error(status, "busy"), error(status, "busy"), lambda seen: stream(seen, reply("at last")))
    events = await send_request(peer)
    waits = [event for event in events if isinstance(event, Retrying)]
    assert [(wait.attempt, wait.max_attempts, wait.reason) for wait in waits] == [
        (2, 5, f"{status_line(status)}: busy"),
        (3, 5, f"{status_line(status)}: busy"),
    ]
    assert fold_events(events) == reply("at last")


async def test_delays_double_and_have_jitter(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.answers(error(503))
    delays: list[float] = []
    with pytest.raises(ServerBusy):
        async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
            async for event in events:
                assert isinstance(event, Retrying)
                delays.append(event.delay / retry.INITIAL_DELAY)
    assert [0.75 * 2**n <= delay <= 2**n for n, delay in enumerate(delays)] == [True] * 4
    assert len(peer.requests) == 5


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 421, 307])
async def test_a_permanent_error_is_not_retried(peer: Peer, status: int) -> None:
    peer.answers(error(status, "no", Location="http://127.0.0.1:9/"))
    with pytest.raises(ApiError) as failure:
        await send_request(peer)
    assert (failure.value.status, len(peer.requests)) == (status, 1)


async def test_retry_after_is_respected(peer: Peer, virtual_time: VirtualTime) -> None:
    peer.answers(error(429, "slow down", **{"Retry-After": "90"}), lambda seen: stream(seen, reply("ok")))
    await send_request(peer)
    (waited,) = virtual_time.slept
    assert 90.0 <= waited <= 90.1


async def test_retry_after_is_a_number_of_seconds_or_a_date() -> None:
    started_at = datetime.now(UTC)
    soon = started_at.replace(microsecond=0) + timedelta(seconds=90)
    assert retry.parse_retry_after("7") == 7.0
    seconds = retry.parse_retry_after(format_datetime(soon, usegmt=True))
    assert seconds is not None
    assert started_at <= soon - timedelta(seconds=seconds) <= datetime.now(UTC)
    assert retry.parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry.parse_retry_after("Wed, 21 Oct 2015 07:28:00 -0000") == 0.0
    assert [retry.parse_retry_after(value) for value in ("", "soon", "-1", "1e9", "1.", "९")] == [None] * 6
    assert retry.parse_retry_after("1.5") == 1.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after-ms": "200", "retry-after": "7"}, 0.2), ({"retry-after": "7"}, 7.0), ({}, None)],
)
async def test_retry_after_may_be_in_milliseconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry.read_retry_after(headers) == seconds


@pytest.mark.parametrize("kind", ["insufficient_quota", "billing_hard_limit_reached"])
async def test_a_used_up_quota_is_not_retried(peer: Peer, kind: str) -> None:
    body = json.dumps({"error": {"message": "You exceeded your quota.", "type": kind, "code": None}})
    peer.answers(Answer([body.encode()], status=429, headers={"Content-Type": "application/json"}))
    with pytest.raises(InsufficientBalance) as failure:
        await send_request(peer)
    assert (str(failure.value), len(peer.requests)) == (
        "HTTP 429 Too Many Requests: You exceeded your quota.",
        1,
    )


async def test_a_retry_after_above_the_limit_is_an_error_at_once(peer: Peer) -> None:
    peer.answers(error(429, "tomorrow", **{"Retry-After": "86400"}))
    with pytest.raises(RateLimited) as failure:
        await send_request(peer)
    assert (failure.value.retry_after, len(peer.requests)) == (86400.0, 1)


@pytest.mark.parametrize("pieces", [[], [CUT], [b": hello\n\n", CUT]])
async def test_a_connection_that_breaks_before_the_reply_is_retried(peer: Peer, pieces: list[object]) -> None:
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
async def test_a_partial_response_is_not_retried(
    peer: Peer, pieces: list[object], content_type: str, failure: type[MimoError]
) -> None:
    peer.answers(Answer(pieces, headers={"Content-Type": content_type}))
    with pytest.raises(failure):
        await send_request(peer)
    assert len(peer.requests) == 1
