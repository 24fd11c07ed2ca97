"""How many calls run at once, and the pause after a refusal. Time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st
from support.virtual_loop import run_virtual

from mimo_magics.batch.call_gate import (
    EPISODE_SECONDS,
    FIRST_PAUSE,
    INITIAL_CALLS,
    MAX_PAUSE,
    MAX_REFUSED_PROBES,
    CallGate,
    Entry,
    GateClosed,
)


def in_gate(max_calls: int = 100) -> Callable[[Callable[[CallGate], Awaitable[None]]], Callable[[], None]]:
    """Run a test with a gate on a virtual loop."""

    def decorate(test: Callable[[CallGate], Awaitable[None]]) -> Callable[[], None]:
        def run() -> None:
            async def main() -> None:
                await test(CallGate(max_calls))

            run_virtual(main())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate


def now() -> float:
    return asyncio.get_running_loop().time()


async def succeed(gate: CallGate, count: int) -> None:
    """Make so many successful calls, one after the other."""
    for _ in range(count):
        entry = await gate.enter()
        gate.report_success(entry)
        gate.leave(entry)


async def refuse(gate: CallGate, retry_after: float | None = None) -> None:
    """Make a call that the service refuses."""
    entry = await gate.enter()
    gate.report_refusal(entry, retry_after)
    gate.leave(entry)


@in_gate(2)
async def test_a_call_waits_until_another_one_leaves(gate: CallGate) -> None:
    first, _ = await gate.enter(), await gate.enter()
    third = asyncio.ensure_future(gate.enter())
    await asyncio.sleep(1)
    assert not third.done()
    gate.leave(first)
    assert await third == Entry(0)


@in_gate(1)
async def test_calls_start_in_the_order_in_which_they_ask(gate: CallGate) -> None:
    order = []

    async def call(number: int) -> None:
        entry = await gate.enter()
        order.append(number)
        await asyncio.sleep(1)
        gate.leave(entry)

    await asyncio.gather(*map(call, range(5)))
    assert order == [0, 1, 2, 3, 4]


@in_gate(1)
async def test_a_cancelled_call_takes_no_place(gate: CallGate) -> None:
    first = await gate.enter()
    waiting = [asyncio.ensure_future(gate.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    gate.leave(first)
    # The second one was let in and is cancelled in the same moment.
    waiting[1].cancel()
    assert await waiting[2] == Entry(0)


@in_gate()
async def test_the_limit_doubles_after_each_clean_round_until_the_first_refusal(gate: CallGate) -> None:
    limits = [gate.limit]
    for _ in range(3):
        await succeed(gate, gate.limit)
        limits.append(gate.limit)
    assert limits == [INITIAL_CALLS, 40, 80, 100]
    await refuse(gate)
    assert gate.limit == 80
    await asyncio.sleep(EPISODE_SECONDS)
    await succeed(gate, 80)
    assert gate.limit == 84


@in_gate()
async def test_the_limit_falls_once_for_an_episode(gate: CallGate) -> None:
    entries = [await gate.enter() for _ in range(5)]
    for entry in entries:
        gate.report_refusal(entry, None)
        gate.leave(entry)
    assert gate.limit == 16
    await refuse(gate)
    assert gate.limit == 16
    await asyncio.sleep(EPISODE_SECONDS)
    await refuse(gate)
    assert gate.limit == 12


@in_gate()
async def test_a_call_that_started_before_a_refusal_does_not_lengthen_the_pause(gate: CallGate) -> None:
    early, late = await gate.enter(), await gate.enter()
    gate.report_refusal(early, 1.0)
    gate.report_refusal(late, 50.0)
    gate.leave(early)
    gate.leave(late)
    await gate.enter()
    assert now() == 1.0


@in_gate()
async def test_after_a_pause_one_call_tries_and_its_success_lets_the_others_start(gate: CallGate) -> None:
    await refuse(gate)
    waiting = [asyncio.ensure_future(gate.enter()) for _ in range(3)]
    await asyncio.sleep(FIRST_PAUSE + 100)
    assert [each.done() for each in waiting] == [True, False, False]
    probe = waiting[0].result()
    assert probe.is_probe
    gate.report_success(probe)
    gate.leave(probe)
    assert [(await each).is_probe for each in waiting[1:]] == [False, False]


@in_gate()
async def test_the_pause_doubles_with_each_refused_probe(gate: CallGate) -> None:
    pauses = []
    for _ in range(7):
        started = now()
        await refuse(gate)
        entry = asyncio.ensure_future(gate.enter())
        await entry
        pauses.append(now() - started)
        gate.leave(entry.result())
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == MAX_PAUSE


@pytest.mark.parametrize(("retry_after", "pause"), [(0.0, 0.0), (-5.0, 0.0), (3.0, 3.0), (1e9, MAX_PAUSE)])
def test_a_wrong_retry_after_neither_stops_nor_freezes_the_calls(retry_after: float, pause: float) -> None:
    async def main() -> float:
        gate = CallGate(10)
        await refuse(gate, retry_after)
        await gate.enter()
        return now()

    assert run_virtual(main()) == pause


@in_gate()
async def test_a_probe_that_fails_for_another_reason_leaves_its_place_to_the_next_call(
    gate: CallGate,
) -> None:
    await refuse(gate, 1.0)
    probe = await gate.enter()
    second = asyncio.ensure_future(gate.enter())
    await asyncio.sleep(1)
    assert (probe.is_probe, second.done()) == (True, False)
    gate.leave(probe)
    assert (await second).is_probe


@pytest.mark.parametrize("retry_after", [None, 0.0, -1.0, 1e9])
def test_a_service_that_refuses_every_probe_for_minutes_closes_the_gate(
    retry_after: float | None,
) -> None:
    async def main() -> float:
        gate, closed = CallGate(10), []
        for _ in range(MAX_REFUSED_PROBES + 1):
            await refuse(gate, retry_after)
            closed.append(gate.is_closed)
        assert closed == [False] * MAX_REFUSED_PROBES + [True]
        return now()

    assert 480 <= run_virtual(main()) <= MAX_PAUSE * MAX_REFUSED_PROBES


@in_gate(2)
async def test_no_call_starts_after_the_gate_is_closed(gate: CallGate) -> None:
    first, second = await gate.enter(), await gate.enter()
    waiting = [asyncio.ensure_future(gate.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert gate.is_current(first)
    gate.close()
    gate.close()
    assert not gate.is_current(first)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in outcomes] == [asyncio.CancelledError, GateClosed, GateClosed]
    gate.leave(first)
    gate.leave(second)
    with pytest.raises(GateClosed):
        await gate.enter()


@in_gate()
async def test_a_call_is_outdated_when_another_one_was_refused(gate: CallGate) -> None:
    early = await gate.enter()
    await refuse(gate, 1.0)
    probe = await gate.enter()
    assert (gate.is_current(early), gate.is_current(probe)) == (False, True)


@in_gate()
async def test_a_failure_of_the_server_changes_neither_the_limit_nor_the_pause(gate: CallGate) -> None:
    for _ in range(200):
        gate.leave(await gate.enter())
    assert (gate.limit, gate.is_paused, now()) == (INITIAL_CALLS, False, 0.0)


@in_gate()
async def test_a_retry_after_that_was_wrong_is_followed_by_growing_pauses(gate: CallGate) -> None:
    pauses = []
    for _ in range(4):
        await refuse(gate, 0.0)
        started = now()
        gate.leave(await gate.enter())
        pauses.append(now() - started)
    assert pauses == [0.0, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]


@in_gate()
async def test_a_success_forgets_the_refused_probes(gate: CallGate) -> None:
    for _ in range(5):
        await refuse(gate)
    await succeed(gate, 1)
    started = now()
    await refuse(gate)
    await gate.enter()
    assert now() - started == FIRST_PAUSE


@in_gate(1)
async def test_a_call_that_is_cancelled_in_the_moment_it_is_let_in_leaves_a_probe_to_the_next_one(
    gate: CallGate,
) -> None:
    await refuse(gate, 1.0)
    probe, second = asyncio.ensure_future(gate.enter()), asyncio.ensure_future(gate.enter())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_at(1.0, probe.cancel)
    entry = await second
    assert (entry.is_probe, now()) == (True, 1.0)


OUTCOMES = ("success", "refused", "server error", "cancelled")


@given(
    max_calls=st.integers(1, 30),
    calls=st.lists(
        st.tuples(st.sampled_from(OUTCOMES), st.floats(0, 3), st.sampled_from([None, 0.0, 0.5, 1e9])),
        min_size=1,
        max_size=60,
    ),
)
def test_every_call_ends_and_the_limit_holds_whatever_happens(
    max_calls: int, calls: list[tuple[str, float, float | None]]
) -> None:
    async def main() -> list[int]:
        gate, running, highest = CallGate(max_calls), 0, [0]

        async def call(outcome: str, seconds: float, retry_after: float | None) -> None:
            nonlocal running
            entry = await gate.enter()
            running += 1
            assert running <= gate.limit or not entry.is_probe
            highest.append(running)
            try:
                await asyncio.sleep(seconds)
            finally:
                running -= 1
                if outcome == "success":
                    gate.report_success(entry)
                elif outcome == "refused":
                    gate.report_refusal(entry, retry_after)
                gate.leave(entry)

        tasks = [asyncio.create_task(call(*each)) for each in calls]
        for task, (outcome, seconds, _) in zip(tasks, calls, strict=True):
            if outcome == "cancelled":
                asyncio.get_running_loop().call_later(seconds, task.cancel)
        for task in tasks:
            with suppress(asyncio.CancelledError, GateClosed):
                await task
        assert running == 0
        if not gate.is_closed:
            gate.report_success(await gate.enter())
        return highest

    assert max(run_virtual(asyncio.wait_for(main(), 1e6))) <= max_calls
