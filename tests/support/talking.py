"""What several tests of sessions do: ask a real server, break an answer off, and see what was sent and kept."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress

from mimo_magics.core.errors import IncompleteStream
from mimo_magics.core.events import TextDelta
from mimo_magics.core.messages import Message, ReasoningPart, Reply, ToolCall, Usage
from mimo_magics.core.settings import Api
from mimo_magics.session import sync_calls
from mimo_magics.session.session import Session
from mimo_magics.session.turn_runner import RunningTurn
from support.peer import CUT, SILENCE, Answer, Peer, Seen, error, frames, obey, reply, stream, wait_until
from support.rules import fault

APIS: list[Api] = ["openai", "anthropic"]


def where(peer: Peer, api: Api) -> str:
    return peer.url + ("/v1" if api == "openai" else "/anthropic")


def session(peer: Peer, api: Api = "openai", **options: object) -> Session:
    return Session(**{"base_url": where(peer, api), "api": api, "system": "none", **options})


def ask(talk: Session, prompt: str | None, **options: object) -> Reply:
    return sync_calls.run_turn(talk.stream(prompt, **options), lambda _: True).reply


def notices(talk: Session, prompt: str | None, **options: object) -> tuple[str, ...]:
    """Send a prompt, and return the notices that come beside the reply."""
    with sync_calls.open_turn(talk.stream(prompt, **options)) as call:
        for _ in call:
            pass
    return call.notices


def run(talk: Session, *cells: str, words: str = "", **options: object) -> None:
    """Run cells, each of which says its name, or other words than the first time."""
    for cell in cells:
        ask(talk, cell + words, cell=cell, **options)


def body(*prompts: str) -> dict[str, object]:
    """What the server sees of the last of these prompts, the ones before being answered."""
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


def bodies(peer: Peer, begin: int = 0) -> list[dict[str, object]]:
    return [seen.body for seen in peer.requests[begin:]]


def line(talk: Session) -> str:
    return " ".join(turn.prompt.text for turn in talk.turns)


def branches(talk: Session) -> list[tuple[int, str, bool]]:
    return [
        (each.number, " ".join(turn.prompt.text for turn in each.turns), each.is_current)
        for each in talk.branches()
    ]


def interrupted(talk: Session, peer: Peer, prompt: str | None, **options: object) -> None:
    """Ask, and stop the answer after its first words, «Half an »."""
    peer.answers(lambda seen: Answer([*frames(seen, ["Half an "], end=False), SILENCE]))
    with sync_calls.open_turn(talk.stream(prompt, **options)) as call:
        next(event for event in call if isinstance(event, TextDelta))
    peer.script = obey


async def cancelled_when_it_was_sent(peer: Peer, opening: AbstractAsyncContextManager[RunningTurn]) -> None:
    """Cancel the task of a turn when the server has its request, and has not said anything."""

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


REST = reply("answer.", "Hm, hm.")


def partial(talk: Session, peer: Peer, how: str, prompt: str | None = "one", **options: object) -> None:
    """Ask, and get «Half an » for an answer."""
    if how == "interrupted":
        interrupted(talk, peer, prompt, **options)
        return
    if how == "length":
        peer.answers(lambda seen: stream(seen, reply("Half an ", "", stop="length")))
    else:
        peer.answers(lambda seen: Answer([*frames(seen, ["Half an "], end=False), CUT]))
    with suppress(IncompleteStream):
        ask(talk, prompt, **options)
    peer.script = obey


def rest(seen: Seen) -> Answer:
    return error(400, refusal) if (refusal := fault(seen.body, seen.api)) else stream(seen, REST)


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


def said(peer: Peer, number: int = -1) -> list[tuple[str, object]]:
    """Role and content of the messages that the server got."""
    return [(message["role"], message["content"]) for message in peer.requests[number].body["messages"]]
