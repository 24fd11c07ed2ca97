"""The limits of requests and tokens in each sliding minute."""

from __future__ import annotations

from hypothesis import given, strategies as st

from mimo_magics.batch.rate_window import MARGIN_SECONDS, WINDOW_SECONDS, Permit, RateLimits, RateWindow

SPAN = WINDOW_SECONDS + MARGIN_SECONDS


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def create_window(requests: int | None = None, tokens: int | None = None) -> tuple[RateWindow, Clock]:
    clock = Clock()
    return RateWindow(RateLimits(requests, tokens), clock), clock


def take(window: RateWindow, tokens: int = 1) -> Permit:
    permit = window.take(tokens)
    assert isinstance(permit, Permit)
    return permit


def test_without_limits_each_call_starts_at_once() -> None:
    window, _ = create_window()
    assert [take(window, 10**9).time for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_request_above_the_limit_waits_until_the_oldest_one_has_expired() -> None:
    window, clock = create_window(requests=2)
    take(window)
    clock.now = 10.0
    take(window)
    assert window.take(1) == SPAN - 10.0
    clock.now = SPAN
    assert take(window).time == SPAN
    assert window.take(1) == 10.0


def test_tokens_above_the_limit_wait_until_enough_of_them_have_expired() -> None:
    window, clock = create_window(tokens=100)
    take(window, 40)
    clock.now = 5.0
    take(window, 40)
    assert window.take(30) == SPAN - 5.0
    assert window.take(70) == SPAN
    assert take(window, 20).time == 5.0


def test_a_call_above_the_limit_waits_until_the_window_is_empty() -> None:
    window, clock = create_window(tokens=100)
    take(window, 10)
    assert window.take(500) == SPAN
    clock.now = SPAN
    assert take(window, 500).tokens == 500


def test_a_corrected_reservation_makes_room() -> None:
    window, _ = create_window(tokens=100)
    permit = take(window, 100)
    assert window.take(50) == SPAN
    window.correct(permit, 50)
    assert take(window, 50).tokens == 50


def test_a_correction_of_an_expired_permit_changes_nothing() -> None:
    window, clock = create_window(tokens=100)
    permit = take(window, 100)
    clock.now = SPAN
    take(window, 60)
    window.correct(permit, 0)
    assert window.take(50) == SPAN


def test_a_permit_that_is_given_back_does_not_count() -> None:
    window, _ = create_window(requests=1, tokens=10)
    permit = take(window, 10)
    window.give_back(permit)
    window.give_back(permit)
    assert take(window, 10).time == 0.0


def test_calls_of_an_earlier_process_count_by_their_age() -> None:
    window, _ = create_window(requests=3)
    window.add_earlier([(30.0, 5), (100.0, 5), (-2.0, 5)])
    take(window)
    assert window.take(1) == SPAN - 30.0


@given(
    limit=st.integers(1, 5),
    token_limit=st.integers(50, 200),
    steps=st.lists(
        st.tuples(st.floats(0, 20), st.integers(1, 80), st.integers(0, 80)), min_size=1, max_size=40
    ),
)
def test_no_sliding_minute_has_more_than_the_limits_allow(
    limit: int, token_limit: int, steps: list[tuple[float, int, int]]
) -> None:
    window, clock = create_window(limit, token_limit)
    started: list[Permit] = []
    for pause, reserved, used in steps:
        clock.now += pause
        while not isinstance(found := window.take(reserved), Permit):
            assert found > 0
            clock.now += found
        started.append(found)
        window.correct(found, min(used, reserved))
    for place, first in enumerate(started):
        inside = [each for each in started[place:] if each.time < first.time + WINDOW_SECONDS]
        assert len(inside) <= limit
        assert len(inside) == 1 or sum(each.tokens for each in inside) <= token_limit


def test_the_window_is_full_whenever_calls_wait() -> None:
    """A limiter that waits too long would keep the limits, too."""
    window, clock = create_window(requests=5)
    times = []
    for _ in range(20):
        while not isinstance(found := window.take(1), Permit):
            clock.now += found
        times.append(found.time)
    assert times == [SPAN * (place // 5) for place in range(20)]
