"""How far a comparison is, in words."""

from __future__ import annotations

from support.widget_page import Clock

from mimo_magics.core.events import ReplyEnded, ResponseStarted, Retrying, TextDelta
from mimo_magics.display.comparison_progress import ComparisonProgress


def test_it_counts_those_that_are_over_those_that_failed_and_the_seconds() -> None:
    clock = Clock()
    progress = ComparisonProgress("abc", now=clock)
    lines = [progress.line]
    for number, note in ((2, ""), (0, "HTTP 429"), (1, "")):
        clock.time += 1.5
        progress.feed(ReplyEnded(note), number)
        lines.append(progress.line)
    assert lines == [
        "0 of 3 answered · 0 s",
        "1 of 3 answered · 1 s",
        "1 of 3 answered, 1 failed · 3 s",
        "2 of 3 answered, 1 failed · 4 s",
    ]
    assert list(progress.ended_numbers) == [2, 0, 1]


def test_of_each_it_tells_what_goes_on_and_then_what_came_of_it() -> None:
    clock = Clock()
    progress = ComparisonProgress("ab", now=clock)
    told = [progress.reply_status(0)]
    progress.feed(Retrying(2, 5, 1.5, "HTTP 503: busy"), 0)
    told.append(progress.reply_status(0))
    progress.feed(ResponseStarted("1", "mimo-v2-pro"), 0)
    clock.time = 2.0
    progress.feed(TextDelta("Hi"), 0)
    told.append(progress.reply_status(0))
    progress.feed(ReplyEnded(), 0)
    progress.feed(ReplyEnded("HTTP 429: too many"), 1)
    clock.time = 9.0
    assert [*told, progress.reply_status(0), progress.reply_status(1)] == [
        "Waiting for the model… 0 s",
        "HTTP 503: busy · again in 2 s, attempt 2 of 5",
        "Answering… 2 s · mimo-v2-pro · first token after 2.0 s",
        "Answered · 2 s · mimo-v2-pro · first token after 2.0 s",
        "⚠ HTTP 429: too many",
    ]


def test_the_time_of_one_begins_when_its_turn_comes() -> None:
    clock = Clock()
    progress = ComparisonProgress("abcd", at_once=2, now=clock)
    assert [progress.reply_status(number) for number in range(4)] == [
        *["Waiting for the model… 0 s"] * 2,
        *["Waits for its turn"] * 2,
    ]
    clock.time = 5.0
    progress.feed(ReplyEnded(), 1)
    clock.time = 7.0
    assert [progress.reply_status(number) for number in range(4)] == [
        "Waiting for the model… 7 s",
        "Answered · 5 s",
        "Waiting for the model… 2 s",
        "Waits for its turn",
    ]
