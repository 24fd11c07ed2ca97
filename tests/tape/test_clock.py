"""Time and chance: the machine's, and those of a tape."""

import asyncio
from typing import Any

import pytest

from mimo_magics.tape.clock import TapeClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("pace", "share"), [("real", 1.0), ("fast", 0.1), ("once", 0.0)])
async def test_a_replay_takes_its_share_of_the_time(pace: Any, share: float) -> None:
    clock = TapeClock(pace, tape_only=True)
    began = asyncio.get_running_loop().time()
    await clock.advance(0.2)
    await clock.sleep(0.1)
    took = asyncio.get_running_loop().time() - began
    assert clock.now() == pytest.approx(0.3)
    assert 0.3 * share <= took < 0.3 * share + 0.2


async def test_beside_calls_that_are_made_the_clock_runs_on() -> None:
    clock = TapeClock("once", tape_only=False)
    before = clock.now()
    await clock.advance(100.0)
    await clock.sleep(0.05)
    assert 100.05 <= clock.now() - before < 101
