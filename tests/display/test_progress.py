"""The status of a running reply."""

import pytest
from support.meters import Meter
from support.widget_page import Clock

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    ReasoningDelta,
    ResponseStarted,
    Retrying,
    TextDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import Usage
from mimo_magics.display.progress import ReplyProgress


class Measured(ReplyProgress):
    """The status of a reply, and its meter, which is fed with the same events."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.meter = Meter(clock)
        self.start({0: self.meter})

    def feed(self, event: Event, number: int = 0) -> None:
        self.meter.feed(event)
        super().feed(event, number)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Measured:
    return Measured(clock)


def test_a_reply_that_has_not_started_shows_no_time() -> None:
    assert ReplyProgress().line == "Waiting for the model… 0 s"


def test_the_line_shows_the_seconds_of_a_wait(clock: Clock, progress: Measured) -> None:
    assert progress.line == "Waiting for the model… 0 s"
    clock.time += 12.3
    assert progress.line == "Waiting for the model… 12 s"


def test_the_line_counts_down_to_the_next_attempt(clock: Clock, progress: Measured) -> None:
    progress.feed(Retrying(2, 5, 3.2, "HTTP 503: busy"))
    lines = []
    for _ in range(6):
        lines.append(progress.line)
        clock.time += 1
    assert [line.removeprefix("HTTP 503: busy · retrying in ") for line in lines] == [
        f"{seconds} s, attempt 2 of 5" for seconds in (4, 3, 2, 1, 0, 0)
    ]
    progress.feed(ResponseStarted("1", "mimo"))
    assert progress.line == "Waiting for the model… 6 s · mimo"


def test_the_state_follows_reasoning_tools_and_text(progress: Measured) -> None:
    states = []
    for event in (
        ReasoningDelta("Hm."),
        ToolCallStart(0, "1", "clock"),
        ToolProgress(0, "waiting"),
        ToolProgress(0, "approved"),
        ToolProgress(0, "running"),
        ToolProgress(0, "done"),
        TextDelta("Yes."),
    ):
        progress.feed(event)
        states.append(progress.state)
    assert states == [
        "Thinking",
        "Calling clock",
        "Waiting for your approval",
        "Running a tool",
        "Running a tool",
        "Waiting for the model",
        "Answering",
    ]


def test_metrics_show_the_first_token_the_rate_and_the_input(clock: Clock, progress: Measured) -> None:
    progress.feed(ResponseStarted("1", "mimo-v2-pro"))
    clock.time += 0.5
    progress.feed(UsageUpdate(Usage(1_200, 0, 1_024)))
    progress.feed(TextDelta("a" * 400))
    assert progress.metrics == "0 s · mimo-v2-pro · first token after 0.5 s · 1,200 tokens in (1,024 cached)"
    clock.time += 2
    assert progress.metrics == (
        "2 s · mimo-v2-pro · first token after 0.5 s · about 50 tokens/s · 1,200 tokens in (1,024 cached)"
    )


def test_metrics_change_once_a_second(clock: Clock, progress: Measured) -> None:
    figures = set()
    for _ in range(300):
        progress.feed(TextDelta("word "))
        clock.time += 0.01
        figures.add(progress.metrics)
    assert len(figures) <= 4


def test_the_preparation_of_the_embedded_model_does_not_count(clock: Clock, progress: Measured) -> None:
    clock.time += 30
    progress.feed(ModelPreparation("Fetching x", 34_000_000, 98_000_000))
    assert progress.line == "Fetching x: 34 of 98 MB"
    progress.feed(ModelPreparation("Starting x"))
    assert progress.line == "Starting x …"
    progress.feed(ResponseStarted("1", "x"))
    clock.time += 1
    assert progress.line == "Waiting for the model… 1 s · x"


def test_empty_deltas_change_nothing(progress: Measured) -> None:
    progress.feed(ReasoningDelta(""))
    progress.feed(TextDelta(""))
    assert progress.state == "Waiting for the model"
