"""Requests through a tape, for tests."""

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import MimoError
from mimo_magics.core.events import Event
from mimo_magics.core.messages import Request, user_message
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api
from mimo_magics.tape.tape import Tape
from support.http_calls import REQUEST
from support.peer import KEY, Peer


async def send_through_tape(
    peer: Peer, inserted: Tape, api: Api = "openai", request: Request = REQUEST
) -> tuple[list[Event], MimoError | None]:
    """Send a request; return its events and its error."""
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


def tape_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def request_for(text: str, **params: Any) -> Request:
    return replace(REQUEST, messages=(user_message(text),), params=replace(REQUEST.params, **params))


def sse_comment(data: bytes) -> bytes:
    return b": " + data + b"\n\n"
