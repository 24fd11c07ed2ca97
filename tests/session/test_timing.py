"""Durations of the stages of a reply."""

import pytest

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    ReasoningDelta,
    ResponseStarted,
    Retrying,
    Stopped,
    TextDelta,
    ToolCallStart,
    ToolProgress,
)
from mimo_magics.core.messages import Timing, ToolResult
from mimo_magics.session.timing import TurnTimer
from mimo_magics.tape.clock import Clock


class SetClock(Clock):
    """One that is set by hand."""

    at = 100.0

    def now(self) -> float:
        return self.at


def timing(*events: tuple[float, Event], read: float) -> Timing:
    clock = SetClock()
    watch = TurnTimer(clock)
    for at, event in events:
        clock.at = 100.0 + at
        watch.feed(event)
    clock.at = 100.0 + read
    return watch.timing


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], Timing(None, None, 9.0)),
        (
            [(1, ResponseStarted()), (2, TextDelta("a")), (5, TextDelta("b")), (6, Stopped("end"))],
            Timing(2.0, None, 9.0),
        ),
        ([(2, ReasoningDelta("a")), (3, ReasoningDelta("b")), (6, TextDelta("c"))], Timing(2.0, 4.0, 9.0)),
        ([(2, ReasoningDelta("a")), (6, ToolCallStart(0))], Timing(2.0, 4.0, 9.0)),
        ([(2, ReasoningDelta("a"))], Timing(2.0, 7.0, 9.0)),
        ([(1, Retrying(2, 5, 1.0, "busy")), (3, TextDelta("a"))], Timing(3.0, None, 9.0)),
        (
            [
                (1, ResponseStarted()),
                (2, ToolCallStart(0, "1", "clock")),
                (3, ToolProgress(0, "waiting")),
                (5, ToolProgress(0, "done", ToolResult("1", "clock", "12"))),
                (6, ResponseStarted()),
                (7, TextDelta("a")),
            ],
            Timing(2.0, None, 9.0, 3.0),
        ),
        (
            [(1, ResponseStarted()), (2, TextDelta("a")), (4, ToolProgress(0, "running"))],
            Timing(2.0, None, 9.0, 5.0),
        ),
        ([(4, ModelPreparation("Starting")), (5, TextDelta("a"))], Timing(1.0, None, 5.0)),
    ],
)
def test_times_are_measured(events: list[tuple[float, Event]], expected: Timing) -> None:
    assert timing(*events, read=9) == expected
