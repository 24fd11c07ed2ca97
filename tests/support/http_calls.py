"""HTTP calls to a loopback server, for tests."""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing

import pytest

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.events import Accumulator, Event
from mimo_magics.core.messages import Params, Reply, Request, user_message
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth
from support.peer import KEY, Peer

APIS: list[Api] = ["openai", "anthropic"]
REQUEST = Request((user_message("hello"),), Params("mimo-test", max_completion_tokens=100))


@pytest.fixture
async def _closed() -> AsyncIterator[None]:
    """Close all connections after each test."""
    yield
    await http.aclose()


def endpoint(peer: Peer, api: Api = "openai", auth: Auth = "bearer", timeout: float = 60.0) -> Endpoint:
    return Endpoint(peer.url + ("/v1" if api == "openai" else "/anthropic"), Secret(KEY), auth, timeout)


async def send_request(
    peer: Peer,
    api: Api = "openai",
    request: Request = REQUEST,
    auth: Auth = "bearer",
    timeout: float = 60.0,  # noqa: ASYNC109  it is the setting
) -> list[Event]:
    async with aclosing(http.stream(endpoint(peer, api, auth, timeout), api, request)) as events:
        return [event async for event in events]


def fold_events(events: Iterable[Event]) -> Reply:
    accumulator = Accumulator()
    for event in events:
        accumulator.feed(event)
    return accumulator.reply
