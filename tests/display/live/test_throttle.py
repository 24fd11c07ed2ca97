"""The frame rate of a live view."""

from __future__ import annotations

from typing import Any

import pytest
from support.live_views import WatchedComparison, create_live_renderer, finish_renderer
from support.widget_page import Clock, PageConnection, Published, text

from mimo_magics.core.events import TextDelta
from mimo_magics.display.live.throttle import MAX_READABLE_CHARS, Throttle


@pytest.mark.parametrize("at_a_time", [1, 3, 6])
def test_the_frames_of_all_replies_are_painted_ten_times_a_second_at_most(
    wire: PageConnection, published: Published, at_a_time: int
) -> None:
    watched = WatchedComparison("abcdef")
    watched.renderer.tick()
    wire.messages.clear()
    for step in range(600):
        watched.add_text(step % at_a_time, "x" if step % 20 else " ")
        watched.advance(0.01)
    frames = [value for value in wire.values() if "x" in value]
    assert 30 <= len(frames) <= 61


def test_frames_are_painted_ten_times_a_second_at_most_and_less_often_for_fast_text(
    wire: PageConnection, published: list[dict[str, Any]]
) -> None:
    frames = []
    for length in (1, 20):
        clock = Clock()
        renderer = create_live_renderer(now=clock)
        wire.messages.clear()
        for _ in range(100):
            clock.time += 0.01
            renderer.show(TextDelta("x" * length))
        frames.append(len({value for value in wire.values() if "xx" in value}))
    assert 8 <= frames[0] <= 11
    assert 2 <= frames[1] <= 4


def test_a_frame_is_due_at_once_then_after_an_interval_that_is_longer_for_fast_text() -> None:
    assert frame_times("x" * (MAX_READABLE_CHARS // 11)) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert frame_times("x" * MAX_READABLE_CHARS) == [0.0, 0.35]


def test_a_frame_of_several_columns_delays_the_next_one() -> None:
    assert frame_times("", columns=3) == [0.0, 0.3, 0.6]


def test_a_frame_can_be_made_due() -> None:
    clock = Clock()
    clock.time = 100.0
    throttle = Throttle(clock)
    throttle.record_frame()
    assert not throttle.is_due
    throttle.make_due()
    assert throttle.is_due


def frame_times(text: str, columns: int = 1) -> list[float]:
    """Return the times of the frames in seconds. The text arrives every hundredth of a second."""
    clock = Clock()
    clock.time = 100.0
    throttle = Throttle(clock)
    times = []
    for hundredths in range(61):
        # One millisecond more after each frame keeps rounding errors away from the ends of the intervals.
        clock.time = 100.0 + hundredths / 100 + len(times) / 1000
        throttle.add_text(text)
        if throttle.is_due:
            throttle.record_frame(columns)
            times.append(hundredths / 100)
    return times


@pytest.mark.thorough
def test_a_reply_of_2000_tokens_at_50_a_second_costs_little(
    wire: PageConnection, published: Published
) -> None:
    clock = Clock()
    renderer = create_live_renderer(now=clock)
    source = text(8_000)
    for start in range(0, len(source), 4):
        clock.time += 0.02
        renderer.show(TextDelta(source[start : start + 4]))
    finish_renderer(renderer)
    # Each code block has its own box, widget and button, and the text after it has a new widget.
    blocks = source.count("```python")
    assert wire.sent < 330_000 + 4_000 * blocks
    assert len(wire.messages) < 340 + 4 * blocks
