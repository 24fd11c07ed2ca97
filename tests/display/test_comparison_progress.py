"""The status of a comparison."""

from __future__ import annotations

from support.meters import Meter
from support.widget_page import Clock

from mimo_magics.core.events import Event, ReplyEnded, ResponseStarted, Retrying, TextDelta
from mimo_magics.display.comparison_progress import ComparisonProgress


def test_it_counts_replies_failures_and_seconds() -> None:
    clock = Clock()
    progress = ComparisonProgress("abc")
    progress.start({0: Meter(clock)})
    lines = [progress.line]
    for number, failure in ((2, ""), (0, "HTTP 429"), (1, "")):
        clock.time += 1.5
        progress.feed(ReplyEnded(failure), number)
        lines.append(progress.line)
    assert lines == [
        "0 of 3 complete · 0 s",
        "1 of 3 complete · 1 s",
        "1 of 3 complete, 1 failed · 3 s",
        "2 of 3 complete, 1 failed · 4 s",
    ]
    assert list(progress.ended_numbers) == [2, 0, 1]


def test_each_reply_has_a_status_until_it_is_over_and_a_result_then() -> None:
    clock = Clock()
    progress = ComparisonProgress("ab")
    meters = {number: Meter(clock) for number in range(2)}
    progress.start(meters)

    def feed(event: Event) -> str:
        meters[0].feed(event)
        progress.feed(event, 0)
        return progress.reply_status(0)

    statuses = [progress.reply_status(0), feed(Retrying(2, 5, 1.5, "HTTP 503: busy"))]
    feed(ResponseStarted("1", "mimo-v2-pro"))
    clock.time = 2.0
    statuses.append(feed(TextDelta("Hi")))
    progress.feed(ReplyEnded(), 0)
    progress.feed(ReplyEnded("HTTP 429: too many"), 1)
    clock.time = 9.0
    assert [*statuses, progress.reply_status(0), progress.reply_status(1)] == [
        "Waiting for the model… 0 s",
        "HTTP 503: busy · retrying in 2 s, attempt 2 of 5",
        "Answering… 2 s · mimo-v2-pro · first token after 2.0 s",
        "Complete · 2 s · mimo-v2-pro · first token after 2.0 s",
        "⚠ HTTP 429: too many",
    ]


def test_the_time_of_a_reply_starts_with_its_turn() -> None:
    clock = Clock()
    progress = ComparisonProgress("abc")
    meters = {number: Meter(clock) for number in range(2)}
    progress.start(meters)
    clock.time = 5.0
    progress.feed(ReplyEnded(), 1)
    meters[2] = Meter(clock)
    clock.time = 7.0
    assert [progress.reply_status(number) for number in range(3)] == [
        "Waiting for the model… 7 s",
        "Complete · 5 s",
        "Waiting for the model… 2 s",
    ]


def test_a_reply_without_a_meter_has_not_started() -> None:
    progress = ComparisonProgress("ab")
    progress.start({0: Meter(Clock())})
    assert [progress.reply_status(number) for number in range(2)] == [
        "Waiting for the model… 0 s",
        "Queued",
    ]
