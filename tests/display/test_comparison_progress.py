"""How far a comparison is, in words."""

from __future__ import annotations

from support.widget_page import Clock

from mimo_magics.core.events import ResponseStarted, Retrying, TextDelta
from mimo_magics.display.comparison_progress import ComparisonProgress


def test_it_counts_those_that_are_over_those_that_failed_and_the_seconds() -> None:
    clock = Clock()
    tally = ComparisonProgress("abc", now=clock)
    lines = [tally.line]
    for number, note in ((2, ""), (0, "HTTP 429"), (1, "")):
        clock.time += 1.5
        tally.end(number, note)
        lines.append(tally.line)
    assert lines == [
        "0 of 3 answered · 0 s",
        "1 of 3 answered · 1 s",
        "1 of 3 answered, 1 failed · 3 s",
        "2 of 3 answered, 1 failed · 4 s",
    ]
    assert list(tally.ended_numbers) == [2, 0, 1]


def test_of_each_it_tells_what_goes_on_and_then_what_came_of_it() -> None:
    clock = Clock()
    tally = ComparisonProgress("ab", now=clock)
    told = [tally.reply_status(0)]
    tally.feed(0, Retrying(2, 5, 1.5, "HTTP 503: busy"))
    told.append(tally.reply_status(0))
    tally.feed(0, ResponseStarted("1", "mimo-v2-pro"))
    clock.time = 2.0
    tally.feed(0, TextDelta("Hi"))
    told.append(tally.reply_status(0))
    tally.end(0)
    tally.end(1, "HTTP 429: too many")
    clock.time = 9.0
    assert [*told, tally.reply_status(0), tally.reply_status(1)] == [
        "Waiting for the model… 0 s",
        "HTTP 503: busy · retrying in 2 s, attempt 2 of 5",
        "Answering… 2 s · mimo-v2-pro · first token after 2.0 s",
        "Answered · 2 s · mimo-v2-pro · first token after 2.0 s",
        "⚠ HTTP 429: too many",
    ]


def test_the_time_of_one_begins_when_its_turn_comes() -> None:
    clock = Clock()
    tally = ComparisonProgress("abcd", at_once=2, now=clock)
    assert [tally.reply_status(number) for number in range(4)] == [
        *["Waiting for the model… 0 s"] * 2,
        *["Waits for its turn"] * 2,
    ]
    clock.time = 5.0
    tally.end(1)
    clock.time = 7.0
    assert [tally.reply_status(number) for number in range(4)] == [
        "Waiting for the model… 7 s",
        "Answered · 5 s",
        "Waiting for the model… 2 s",
        "Waits for its turn",
    ]
