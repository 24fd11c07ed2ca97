"""The stack of connections: how many there are, what returns them, and what closes them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from support.peer import CUT, Answer, Peer, Seen, reply, stream, wait_until

from mimo_magics.client.connection_stack import MAX_IDLE_SECONDS, ONE_CONNECTION, ConnectionStack

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def script(peer: Peer) -> None:
    peer.script = hello


def hello(seen: Seen) -> Answer:
    return stream(seen, reply("Hello"))


def create_client() -> tuple[httpx.AsyncClient, ConnectionStack]:
    stack = ConnectionStack(lambda: httpx.AsyncHTTPTransport(trust_env=False, limits=ONE_CONNECTION))
    return httpx.AsyncClient(transport=stack), stack


async def call(client: httpx.AsyncClient, peer: Peer) -> int:
    response = await client.post(f"{peer.url}/v1/chat/completions", json={"messages": [{"content": "Hello"}]})
    return response.status_code


async def test_calls_in_sequence_use_one_connection(peer: Peer) -> None:
    client, _ = create_client()
    async with client:
        assert [await call(client, peer) for _ in range(5)] == [200] * 5
    assert peer.connections == 1


async def test_as_many_connections_as_calls_at_once_are_opened_and_used_again(peer: Peer) -> None:
    client, _ = create_client()
    arrived = []

    def together(seen: Seen) -> Answer:
        """Reply when all calls of the round have arrived."""
        arrived.append(seen)
        goal = (len(arrived) + 9) // 10 * 10
        return Answer([lambda: len(arrived) >= goal, b"{}"])

    peer.script = together
    async with client:
        for _ in range(3):
            assert await asyncio.gather(*(call(client, peer) for _ in range(10))) == [200] * 10
    assert peer.connections == 10


async def test_the_last_connection_is_taken_first(peer: Peer) -> None:
    client, _ = create_client()
    async with client:
        await asyncio.gather(*(call(client, peer) for _ in range(4)))
        for _ in range(3):
            await call(client, peer)
    assert len({seen.connection for seen in peer.requests[-3:]}) == 1


async def test_a_connection_that_the_server_closed_is_replaced(peer: Peer) -> None:
    client, _ = create_client()
    async with client:
        peer.script = lambda _: Answer([CUT], headers={"Content-Length": "5"})
        with pytest.raises(httpx.HTTPError):
            await call(client, peer)
        peer.script = hello
        assert await call(client, peer) == 200
    assert peer.connections == 2


async def test_a_cancelled_call_closes_its_socket_and_leaves_the_stack_usable(peer: Peer) -> None:
    client, _ = create_client()
    peer.script = lambda _: Answer([b"a", lambda: False])
    async with client:
        task = asyncio.create_task(call(client, peer))
        await asyncio.to_thread(wait_until, lambda: bool(peer.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await asyncio.to_thread(peer.left)) == 1
        peer.script = hello
        assert await call(client, peer) == 200


async def test_connections_that_were_idle_for_long_are_closed(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("mimo_magics.client.connection_stack.monotonic", lambda: now)
    client, stack = create_client()
    async with client:
        await asyncio.gather(*(call(client, peer) for _ in range(5)))
        idle = len(stack._idle)
        assert idle > 1
        now = MAX_IDLE_SECONDS + 1
        await call(client, peer)
        assert len(stack._idle) == 1


async def test_closing_the_client_closes_all_idle_connections(peer: Peer) -> None:
    client, stack = create_client()
    async with client:
        await asyncio.gather(*(call(client, peer) for _ in range(5)))
    assert len(stack._idle) == 0


async def test_a_call_may_take_the_last_connection_while_an_old_one_is_closed(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("mimo_magics.client.connection_stack.monotonic", lambda: now)
    closing, closed = asyncio.Event(), asyncio.Event()

    class SlowToClose(httpx.AsyncHTTPTransport):
        async def aclose(self) -> None:
            closing.set()
            await closed.wait()
            await super().aclose()

    stack = ConnectionStack(lambda: SlowToClose(trust_env=False, limits=ONE_CONNECTION))
    client = httpx.AsyncClient(transport=stack)
    await asyncio.gather(*(call(client, peer) for _ in range(2)))
    now = MAX_IDLE_SECONDS + 1
    first = asyncio.create_task(call(client, peer))
    await closing.wait()
    arrived = len(peer.requests)
    peer.script = lambda _: Answer([closed.is_set, b"{}"])
    second = asyncio.create_task(call(client, peer))
    await asyncio.to_thread(wait_until, lambda: len(peer.requests) > arrived)
    closed.set()
    assert [await first, await second] == [200, 200]
    await client.aclose()
