"""The clock and the random numbers of a turn: of the machine, and of a tape."""

from typing import Any

import pytest
from support.virtual_time import VirtualTime

from mimo_magics.tape.clock import TapeClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("pace", "share"), [("real", 1.0), ("fast", 0.1), ("once", 0.0)])
async def test_a_replay_takes_time_according_to_its_pace(
    virtual_time: VirtualTime, pace: Any, share: float
) -> None:
    clock = TapeClock(pace, tape_only=True)
    await clock.advance(0.2)
    await clock.sleep(0.1)
    assert clock.now() == pytest.approx(0.3)
    assert virtual_time.slept == pytest.approx([0.2 * share, 0.1 * share])


async def test_the_clock_also_advances_during_calls_that_are_made(virtual_time: VirtualTime) -> None:
    clock = TapeClock("once", tape_only=False)
    before = clock.now()
    await clock.advance(100.0)
    await clock.sleep(0.05)
    assert clock.now() - before == pytest.approx(100.05)
    assert virtual_time.slept == [0.0, 0.05]
