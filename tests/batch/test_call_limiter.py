"""Calls that wait for the gate and for the rate limits. Time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st
from support.virtual_loop import run_virtual

from mimo_magics.batch.call_gate import FIRST_PAUSE, CallGate, GateClosed
from mimo_magics.batch.call_limiter import CallLimiter
from mimo_magics.batch.output_estimate import OutputEstimate
from mimo_magics.batch.rate_window import MARGIN_SECONDS, WINDOW_SECONDS, RateLimits, RateWindow
from mimo_magics.core.errors import RateLimited, ServerBusy
from mimo_magics.core.messages import Usage

SPAN = WINDOW_SECONDS + MARGIN_SECONDS


def now() -> float:
    return asyncio.get_running_loop().time()


def create_limiter(
    *,
    at_once: int = 100,
    requests: int | None = None,
    tokens: int | None = None,
    output: int = 0,
    record: Callable[[int], None] = lambda _: None,
    seconds: float = WINDOW_SECONDS,
) -> CallLimiter:
    window = RateWindow(RateLimits(requests, tokens), now, seconds)
    return CallLimiter(CallGate(at_once), window, OutputEstimate(output), record)


async def call(limiter: CallLimiter, tokens: int = 1, usage: Usage | None = None) -> float:
    """Make a call that succeeds, and return when it started."""
    async with limiter.admit(tokens) as admitted:
        started_at = now()
        admitted.succeed(usage or Usage(tokens))
    return started_at


async def refuse(limiter: CallLimiter, retry_after: float | None = None) -> None:
    async with limiter.admit(1) as admitted:
        admitted.fail(RateLimited("429", status=429, retry_after=retry_after))


def test_calls_start_in_the_order_in_which_they_ask_as_fast_as_the_limits_allow() -> None:
    async def main() -> list[float]:
        limiter = create_limiter(requests=4)
        return [*await asyncio.gather(*(call(limiter) for _ in range(12)))]

    assert run_virtual(main()) == pytest.approx([0.0] * 4 + [SPAN] * 4 + [2 * SPAN] * 4)


def test_a_large_call_is_not_overtaken_by_small_ones() -> None:
    async def main() -> list[float]:
        limiter = create_limiter(tokens=100)
        return [*await asyncio.gather(*(call(limiter, tokens) for tokens in (50, 90, 10, 10)))]

    assert run_virtual(main()) == pytest.approx([0.0, SPAN, SPAN, 2 * SPAN])


def test_the_expected_output_is_reserved_and_recorded_until_the_usage_is_known() -> None:
    async def main() -> tuple[list[float], list[int]]:
        recorded: list[int] = []
        limiter = create_limiter(tokens=100, output=50, record=recorded.append)
        times = [await call(limiter, 10, Usage(10, 5)) for _ in range(4)]
        return times, recorded

    times, recorded = run_virtual(main())
    assert times == pytest.approx([0.0, 0.0, 0.0, SPAN])
    assert recorded == [60, 60, 60, 60]


def test_a_usage_that_makes_room_lets_the_next_call_start_soon() -> None:
    async def main() -> float:
        limiter = create_limiter(tokens=100)

        async def long_call() -> None:
            async with limiter.admit(100) as admitted:
                await asyncio.sleep(10)
                admitted.succeed(Usage(20))

        _, started_at = await asyncio.gather(long_call(), call(limiter, 80))
        return started_at

    assert 10.0 <= run_virtual(main()) <= 10.5


def test_a_call_that_fails_keeps_its_reservation() -> None:
    async def main() -> float:
        limiter = create_limiter(tokens=100)
        async with limiter.admit(100) as admitted:
            admitted.fail(ServerBusy("500", status=500))
        assert not limiter.gate.is_paused
        return await call(limiter)

    assert run_virtual(main()) == pytest.approx(SPAN)


def test_a_refused_call_pauses_all_others() -> None:
    async def main() -> list[float]:
        limiter = create_limiter()
        await refuse(limiter)
        return [*await asyncio.gather(*(call(limiter) for _ in range(3)))]

    assert run_virtual(main()) == [FIRST_PAUSE] * 3


def test_a_call_that_waits_for_the_limits_during_a_refusal_waits_for_the_probe_too() -> None:
    """It also uses no permit of the window: the first call after the pause needs one."""

    async def main() -> list[tuple[str, float]]:
        limiter, started = create_limiter(requests=2), list[tuple[str, float]]()

        async def refused() -> None:
            async with limiter.admit(1) as admitted:
                started.append(("refused", now()))
                await asyncio.sleep(1)
                admitted.fail(RateLimited("429", status=429, retry_after=100.0))

        async def named(name: str) -> None:
            async with limiter.admit(1) as admitted:
                started.append((name, now()))
                await asyncio.sleep(1)
                admitted.succeed(Usage(1))

        await asyncio.gather(refused(), *map(named, "abcd"))
        return started

    # The pause of 100 s is shortened to 60 s. Then "b" is the probe, and two calls fit in a window.
    started = run_virtual(main())
    assert [name for name, _ in started[:2]] == ["refused", "a"]
    assert [round(at, 1) for _, at in started] == [0.0, 0.0, 61.0, 62.0, 121.5]


def test_cancelled_calls_hold_neither_a_place_nor_the_turn() -> None:
    async def main() -> float:
        limiter = create_limiter(at_once=3, requests=1)
        await call(limiter)
        waiting = [asyncio.create_task(call(limiter)) for _ in range(5)]
        await asyncio.sleep(1)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        return await call(limiter)

    assert run_virtual(main()) == pytest.approx(SPAN)


def test_closing_the_gate_ends_the_calls_that_wait_for_a_permit_and_not_those_that_run() -> None:
    async def main() -> tuple[list[type | None], float]:
        limiter = create_limiter(at_once=3, requests=1)

        async def close() -> None:
            async with limiter.admit(1) as admitted:
                await asyncio.sleep(1)
                limiter.gate.close()
                await asyncio.sleep(1)
                admitted.succeed(Usage(1))

        results = await asyncio.gather(close(), *(call(limiter) for _ in range(4)), return_exceptions=True)
        return [type(each) if each is not None else None for each in results], now()

    outcomes, ended_at = run_virtual(main())
    assert outcomes == [None, *[GateClosed] * 4]
    assert ended_at <= 2.0


@given(
    requests=st.integers(1, 6),
    tokens=st.integers(20, 100),
    calls=st.lists(
        st.tuples(
            st.sampled_from(["success", "refused", "server error", "cancelled"]),
            st.floats(0, 4),
            st.integers(1, 40),
        ),
        min_size=1,
        max_size=30,
    ),
)
def test_every_call_ends_and_no_window_is_exceeded_whatever_happens(
    requests: int, tokens: int, calls: list[tuple[str, float, int]]
) -> None:
    async def main() -> list[tuple[float, int]]:
        started: list[tuple[float, int]] = []
        limiter = create_limiter(
            at_once=8,
            requests=requests,
            tokens=tokens,
            record=lambda count: started.append((now(), count)),
            seconds=4.0,
        )

        async def make(outcome: str, seconds: float, size: int) -> None:
            async with limiter.admit(size) as admitted:
                await asyncio.sleep(seconds)
                if outcome == "success":
                    admitted.succeed(Usage(size))
                else:
                    error = RateLimited if outcome == "refused" else ServerBusy
                    admitted.fail(error("no", status=429))

        tasks = [asyncio.create_task(make(*each)) for each in calls]
        for task, (outcome, seconds, _) in zip(tasks, calls, strict=True):
            if outcome == "cancelled":
                asyncio.get_running_loop().call_later(2 * seconds, task.cancel)
        for task in tasks:
            with suppress(asyncio.CancelledError, GateClosed):
                await task
        return started

    started = run_virtual(asyncio.wait_for(main(), 1e6))
    for place, (first, _) in enumerate(started):
        inside = [count for at, count in started[place:] if at < first + 4.0]
        assert len(inside) <= requests
        assert len(inside) == 1 or sum(inside) <= tokens
