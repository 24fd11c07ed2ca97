"""Sessions with a loopback server, for tests: complete, incomplete and interrupted turns, and the sent requests."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress

from mimo_magics.client import portal
from mimo_magics.core.errors import IncompleteStream
from mimo_magics.core.events import TextDelta
from mimo_magics.core.messages import Message, ReasoningPart, Reply, ToolCall, Usage
from mimo_magics.core.renderer_protocol import SilentRenderer
from mimo_magics.core.settings import Api
from mimo_magics.session import turn_driver
from mimo_magics.session.session import Session
from mimo_magics.session.turn_runner import RunningTurn
from support.peer import CUT, SILENCE, Answer, Peer, Seen, error, frames, obey, reply, stream, wait_until
from support.rules import find_fault

APIS: list[Api] = ["openai", "anthropic"]


def api_base_url(peer: Peer, api: Api) -> str:
    return peer.url + ("/v1" if api == "openai" else "/anthropic")


def create_session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    return Session(**{"base_url": api_base_url(peer, api), "api": api, "system": "none", **options})


def ask(session: Session, prompt: str | None, **options: object) -> Reply:
    turn = turn_driver.drive_sync(session.stream(prompt, **options), SilentRenderer(), lambda _: True).turn
    assert turn
    return turn.reply


def notices(session: Session, prompt: str | None, **options: object) -> tuple[str, ...]:
    """Send a prompt, and return the notices that are shown beside the reply."""
    stream = session.stream(prompt, **options)
    return turn_driver.drive_sync(stream, SilentRenderer(), lambda _: True).notices


def run_cells(session: Session, *cells: str, words: str = "", **options: object) -> None:
    """Run a turn for each cell. Its prompt is the name of the cell and `words`."""
    for cell in cells:
        ask(session, cell + words, cell=cell, **options)


def expected_body(*prompts: str) -> dict[str, object]:
    """Return the expected request for the last of these prompts, after the others and their replies."""
    messages = []
    for prompt in prompts:
        answer = {"role": "assistant", "content": f"You said: {prompt}", "reasoning_content": "Hm."}
        messages += [{"role": "user", "content": prompt}, answer]
    return {
        "model": "mimo-v2-pro",
        "messages": messages[:-1],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def request_bodies(peer: Peer, begin: int = 0) -> list[dict[str, object]]:
    return [seen.body for seen in peer.requests[begin:]]


def current_prompts(session: Session) -> str:
    return " ".join(turn.prompt.text for turn in session.turns)


def describe_branches(session: Session) -> list[tuple[int, str, bool]]:
    return [
        (each.number, " ".join(turn.prompt.text for turn in each.turns), each.is_current)
        for each in session.branches()
    ]


def interrupt_turn(session: Session, peer: Peer, prompt: str | None, **options: object) -> None:
    """Send a prompt, and interrupt the reply after «Half an »."""
    peer.answers(lambda seen: Answer([*frames(seen, ["Half an "], end=False), SILENCE]))
    with portal.PortalStream(session.stream(prompt, **options)) as call:
        next(event for event in call if isinstance(event, TextDelta))
    peer.script = obey


async def cancel_after_request(peer: Peer, opening: AbstractAsyncContextManager[RunningTurn]) -> None:
    """Cancel the task of a turn after the server has received its request and before it responds."""

    async def turn() -> None:
        async with opening as running:
            async for _ in running:
                pass

    count = len(peer.requests)
    task = asyncio.create_task(turn())
    await asyncio.to_thread(wait_until, lambda: len(peer.requests) > count)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert peer.settled()[-1].disconnected


CONTINUATION = reply("answer.", "Hm, hm.")


def run_incomplete_turn(
    session: Session, peer: Peer, how: str, prompt: str | None = "one", **options: object
) -> None:
    """Send a prompt whose reply is the incomplete text «Half an »."""
    if how == "interrupted":
        interrupt_turn(session, peer, prompt, **options)
        return
    if how == "length":
        peer.answers(lambda seen: stream(seen, reply("Half an ", "", stop="length")))
    else:
        peer.answers(lambda seen: Answer([*frames(seen, ["Half an "], end=False), CUT]))
    with suppress(IncompleteStream):
        ask(session, prompt, **options)
    peer.script = obey


def continue_reply(seen: Seen) -> Answer:
    return error(400, refusal) if (refusal := find_fault(seen.body, seen.api)) else stream(seen, CONTINUATION)


def get_time() -> str:
    """Tell the time."""
    return "12:00"


CALL = Reply(
    Message("assistant", (ReasoningPart("Hm."), ToolCall("c1", "get_time", "{}"))),
    Usage(20, 10, 5),
    "tool_calls",
    "mimo-test",
    "1",
)


def sent_messages(peer: Peer, number: int = -1) -> list[tuple[str, object]]:
    """Return role and content of the messages of a request."""
    return [(message["role"], message["content"]) for message in peer.requests[number].body["messages"]]
