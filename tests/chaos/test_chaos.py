"""Random faults: a session survives any behavior of a server or a network.

Each schedule is a seed. `make test` runs the first ones, `make chaos` all, and `make chaos ARGS="-k seed-17-"` one.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from support.chaos import Schedule
from support.peer import KEY, Peer, obey
from support.rules import REASONING, find_fault
from support.virtual_time import VirtualTime

from mimo_magics.client import http
from mimo_magics.core.errors import MimoError
from mimo_magics.core.events import Approval, ToolProgress
from mimo_magics.session.session import Session
from mimo_magics.tools.registry import from_function
from mimo_magics.tools.tool import NotebookTool

FEW, ALL = 20, 500
HANG = 60.0
"""Seconds after which a turn counts as endless."""
STALL = 0.05
"""Read timeout in seconds, short so that a silent server costs little time."""
SEEDS = [
    pytest.param(seed, marks=[pytest.mark.slow] if seed >= FEW else [], id=f"seed-{seed}-")
    for seed in range(ALL)
]


def sync(n: int = 0) -> int:
    """Count."""
    return n


async def later(n: int) -> int:
    """Count later."""
    await asyncio.sleep(0)
    return n


def failing(n: int = 0) -> int:
    """Fail."""
    raise ValueError(f"no {n % 2}")


async def parallel(n: int = 0) -> Any:
    """Return a coroutine."""
    return later(n)


async def confirmed(n: int = 0) -> int:
    """Wait for approval."""
    raise asyncio.CancelledError


async def slow(n: int = 0) -> None:
    """Take too long."""
    await asyncio.Event().wait()


TOOLS = (
    from_function(sync, confirm="none"),
    from_function(later, confirm="none"),
    from_function(failing, confirm="none"),
    from_function(parallel, confirm="none", parallel=True),
    from_function(confirmed),
    from_function(slow, confirm="none", timeout=0.01),
)


def address(peer: Peer, api: str) -> dict[str, Any]:
    return {"api": api, "base_url": peer.url + ("/v1" if api == "openai" else "/anthropic")}


async def one_turn(session: Session, tools: tuple[NotebookTool, ...], chance: Random, **options: Any) -> None:
    """Run a turn, decide its approvals, and perhaps leave after some events."""
    leave_after = chance.choice([None, None, None, 0, 1, 2, 5, 20])
    count = 0
    async with session.stream("hello", tools=tools, **options) as running:
        async for event in running:
            count += 1
            if count == leave_after:
                break
            if isinstance(event, ToolProgress) and event.approval:
                event.approval.decide(Approval(chance.random() < 0.5))


async def run_turn(session: Session, tools: tuple[NotebookTool, ...], chance: Random, **options: Any) -> str:
    """Run a turn, perhaps cancel it at a random time, and return its outcome."""
    task = asyncio.create_task(one_turn(session, tools, chance, **options))
    if chance.random() < 0.25:
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.05), task.cancel)
    done, _ = await asyncio.wait([task], timeout=HANG)
    assert done, "the turn hangs"
    if task.cancelled():
        return "cancelled"
    error = task.exception()
    if error and not isinstance(error, MimoError):
        raise error
    return type(error).__name__ if error else "whole"


async def run_schedule(schedule: Schedule, peer: Peer) -> None:
    chance = Random(-schedule.seed - 1)
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    tools = TOOLS if chance.random() < 0.7 else ()
    session = Session(tools=tools, system="none", max_tokens=99, **address(peer, "openai"))
    for _ in range(chance.randint(2, 4)):
        options: Any = {
            "timeout": STALL,
            "stream": chance.random() < 0.8,
            "thinking": chance.choice([None, True, False]),
            "max_steps": chance.choice([1, 3, 10]),
            **address(peer, chance.choice(["openai", "anthropic"])),
        }
        schedule.log.append(await run_turn(session, tools, chance, **options))
    peer.script = obey
    for api in ("openai", "anthropic"):
        async with session.stream("and now?", tools=TOOLS, timeout=HANG, **address(peer, api)) as running:
            async for _ in running:
                pass
        assert running.reply.text == "You said: and now?"
    await http.aclose()
    assert unhandled == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_survives_a_schedule_of_faults(
    seed: int, monkeypatch: pytest.MonkeyPatch, virtual_time: VirtualTime
) -> None:
    monkeypatch.setenv("MIMO_API_KEY", KEY)
    monkeypatch.setattr(http, "END_OF_BODY_TIMEOUT", STALL)
    schedule = Schedule(seed)
    try:
        with Peer(schedule) as peer:
            asyncio.run(run_schedule(schedule, peer))
        # A server that requires reasoning reports that, and gets a placeholder.
        refusals = [find_fault(seen.body, seen.api) for seen in peer.requests]
        assert {*refusals} <= {"", REASONING}
        assert not refusals[-1]
    except BaseException as error:
        error.add_note(f"seed {seed}: {schedule.log}")
        raise
