"""The status of a run over many rows, in words."""

from __future__ import annotations

import pytest

from mimo_magics.core.messages import Usage
from mimo_magics.core.run_progress import RunProgress
from mimo_magics.display.run_status import RunStatus, format_seconds

PROGRESS = RunProgress(
    1_000,
    called=100,
    reused=40,
    failed=3,
    usage=Usage(5_000, 900),
    usd=0.0123,
    seconds=10.0,
    calls_at_once=64,
)


def status(progress: RunProgress) -> RunStatus:
    status = RunStatus()
    status.feed(progress)
    return status


def test_the_line_has_counts_rate_time_and_cost() -> None:
    assert status(PROGRESS).line == (
        "140 of 1,000 rows, 3 failed, 40 reused · 10 s · 10.0 rows/s · about 1 min left · 0.0123 USD · about 0.12 USD in all"
        " · 64 calls at once"
    )


def test_without_a_total_nothing_is_projected() -> None:
    progress = RunProgress(called=20, seconds=4.0, usd=0.5)
    assert status(progress).line == "20 rows · 4 s · 5.0 rows/s · 0.5000 USD"


def test_a_rate_is_shown_only_after_some_seconds() -> None:
    assert status(RunProgress(10, called=5, seconds=1.5)).line == "5 of 10 rows · 1 s"


def test_an_unknown_price_is_not_shown() -> None:
    assert "USD" not in status(RunProgress(10, called=5, usd=None, seconds=5.0)).line


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (RunProgress(10, is_paused=True), "0 of 10 rows · 0 s · the service limits the rate: waiting"),
        (RunProgress(10, problem="disk is full"), "0 of 10 rows · 0 s · ⚠ results not saved: disk is full"),
        (RunProgress(10, preparation="Loading the model"), "Loading the model · 0 s"),
    ],
)
def test_what_delays_a_run_is_named(progress: RunProgress, line: str) -> None:
    assert status(progress).line == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (45.2, "45 s"),
        (59.7, "1 min"),
        (61, "1 min"),
        (720, "12 min"),
        (3_599, "1 h 0 min"),
        (12_000, "3 h 20 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_durations_have_one_unit_or_two(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(("calls", "text"), [(1, "1 call at a time"), (1_024, "1,024 calls at once")])
def test_the_number_of_calls_at_once_is_shown(calls: int, text: str) -> None:
    assert status(RunProgress(10, calls_at_once=calls)).line == f"0 of 10 rows · 0 s · {text}"


def test_the_line_changes_at_most_once_a_second() -> None:
    status = RunStatus()
    lines = []
    for step in range(20):
        status.feed(RunProgress(called=step, seconds=step / 10))
        lines.append(status.line)
    assert lines == ["0 rows · 0 s"] * 10 + ["10 rows · 1 s"] * 10


@pytest.mark.parametrize(
    "change",
    [
        RunProgress(10, called=5, seconds=1.1, is_paused=True),
        RunProgress(10, called=5, seconds=1.1, problem="disk is full"),
        RunProgress(10, seconds=1.1, preparation="Loading the model"),
        RunProgress(10, called=10, seconds=1.1),
    ],
    ids=["pause", "problem", "preparation", "end"],
)
def test_a_change_of_state_is_in_the_line_at_once(change: RunProgress) -> None:
    running = status(RunProgress(10, called=4, seconds=1.0))
    before = running.line
    running.feed(change)
    assert running.line != before
    assert running.line == status(change).line


@pytest.mark.parametrize(
    ("progress", "share"),
    [
        (RunProgress(), None),
        (RunProgress(0), 1.0),
        (RunProgress(8, called=1, reused=2, unsent=1), 0.5),
        (RunProgress(2, called=3), 1.0),
    ],
)
def test_the_share_is_that_of_the_rows_with_a_result(progress: RunProgress, share: float | None) -> None:
    assert status(progress).share == share
