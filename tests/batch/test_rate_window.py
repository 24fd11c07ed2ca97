"""The limits of requests and tokens in each sliding minute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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


def test_calls_of_an_earlier_process_count_by_their_age() -> None:
    window, _ = create_window(requests=3)
    window.add_earlier([(30.0, 5), (100.0, 5), (-2.0, 5)])
    take(window)
    assert window.take(1) == SPAN - 30.0


@given(
    limit=st.integers(1, 5),
    token_limit=st.integers(50, 200),
    earlier=st.lists(st.tuples(st.floats(0, 130), st.integers(0, 40)), max_size=4),
    steps=st.lists(
        st.tuples(st.floats(0, 20), st.integers(1, 300), st.floats(0, 1), st.integers(0, 5)),
        min_size=1,
        max_size=40,
    ),
)
def test_no_sliding_minute_has_more_than_the_limits_allow(
    limit: int,
    token_limit: int,
    earlier: list[tuple[float, int]],
    steps: list[tuple[float, int, float, int]],
) -> None:
    """Calls come at any time and end in any order, and some are larger than the limit. Usages are below reservations."""
    window, clock = create_window(limit, token_limit)
    clock.now = 1_000.0
    counted = [Permit(clock.now - age, tokens) for age, tokens in earlier]
    window.add_earlier(earlier)
    own: list[Permit] = []
    running: list[tuple[Permit, int]] = []
    for pause, reserved, used, ends in steps:
        clock.now += pause
        while not isinstance(found := window.take(reserved), Permit):
            assert 0 < found <= SPAN + 1e-6
            clock.now += found
        own.append(found)
        running.append((found, int(reserved * used)))
        inside = [each for each in (*counted, *own) if each.time > clock.now - WINDOW_SECONDS]
        assert len([each for each in inside if each is not found]) < limit or limit == 1 == len(inside)
        assert len(inside) == 1 or sum(each.tokens for each in inside) <= token_limit
        for _ in range(min(ends, len(running))):
            window.correct(*running.pop(0))


def test_calls_of_earlier_processes_that_exceed_the_limits_are_waited_for() -> None:
    window, clock = create_window(requests=2, tokens=10)
    window.add_earlier([(50.0, 5), (40.0, 5), (30.0, 5), (float("inf"), 5)])
    assert window.take(1) == SPAN - 40.0
    clock.now = SPAN - 30.0
    assert take(window, 10).tokens == 10


def test_many_threads_take_no_more_permits_than_there_are() -> None:
    window, _ = create_window(requests=100)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(window.take, [1] * 400))
    assert sum(isinstance(each, Permit) for each in found) == 100


def test_the_window_is_full_whenever_calls_wait() -> None:
    """A limiter that waits too long would keep the limits, too."""
    window, clock = create_window(requests=5)
    times = []
    for _ in range(20):
        while not isinstance(found := window.take(1), Permit):
            clock.now += found
        times.append(found.time)
    assert times == [SPAN * (place // 5) for place in range(20)]
