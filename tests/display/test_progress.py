"""The line beneath a reply on its way."""

import pytest

from mimo_magics.core.events import (
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
from mimo_magics.display.progress import Progress


class Clock:
    """Shows the time that a test sets."""

    time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress(clock)


def test_a_wait_is_told_with_its_seconds(clock: Clock, progress: Progress) -> None:
    assert progress.line == "Waiting for the model… 0 s"
    clock.time += 12.3
    assert progress.line == "Waiting for the model… 12 s"


def test_an_attempt_that_comes_is_counted_down(clock: Clock, progress: Progress) -> None:
    progress.feed(Retrying(2, 5, 3.2, "HTTP 503: busy"))
    told = []
    for _ in range(6):
        told.append(progress.line)
        clock.time += 1
    assert [line.removeprefix("HTTP 503: busy · retrying in ") for line in told] == [
        f"{seconds} s, attempt 2 of 5" for seconds in (4, 3, 2, 1, 0, 0)
    ]
    progress.feed(ResponseStarted("1", "mimo"))
    assert progress.line == "Waiting for the model… 6 s · mimo"


def test_thinking_answering_and_tools_are_told(progress: Progress) -> None:
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


def test_figures_tell_the_first_token_the_rate_and_what_went_in(clock: Clock, progress: Progress) -> None:
    progress.feed(ResponseStarted("1", "mimo-v2-pro"))
    clock.time += 0.5
    progress.feed(UsageUpdate(Usage(1_200, 0, 1_024)))
    progress.feed(TextDelta("a" * 400))
    assert progress.metrics == "0 s · mimo-v2-pro · first token after 0.5 s · 1,200 tokens in (1,024 cached)"
    clock.time += 2
    assert progress.metrics == (
        "2 s · mimo-v2-pro · first token after 0.5 s · about 50 tokens/s · 1,200 tokens in (1,024 cached)"
    )


def test_figures_change_once_a_second(clock: Clock, progress: Progress) -> None:
    figures = set()
    for _ in range(300):
        progress.feed(TextDelta("word "))
        clock.time += 0.01
        figures.add(progress.metrics)
    assert len(figures) <= 4


def test_the_preparation_of_the_embedded_model_does_not_count(clock: Clock, progress: Progress) -> None:
    clock.time += 30
    progress.feed(ModelPreparation("Fetching x", 34_000_000, 98_000_000))
    assert progress.line == "Fetching x: 34 of 98 MB"
    progress.feed(ModelPreparation("Starting x"))
    assert progress.line == "Starting x …"
    progress.feed(ResponseStarted("1", "x"))
    clock.time += 1
    assert progress.line == "Waiting for the model… 1 s · x"


def test_empty_pieces_change_nothing(progress: Progress) -> None:
    progress.feed(ReasoningDelta(""))
    progress.feed(TextDelta(""))
    assert progress.state == "Waiting for the model"
