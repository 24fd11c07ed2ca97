"""The usage of a running turn."""

import pytest
from hypothesis import given, strategies as st

from mimo_magics.core.events import (
    Event,
    ModelPreparation,
    Note,
    ReasoningDelta,
    ResponseStarted,
    Retrying,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    ToolProgress,
    UsageUpdate,
)
from mimo_magics.core.messages import Usage
from mimo_magics.session.limits.usage_meter import UsageMeter


def metered(*events: Event | int) -> UsageMeter:
    """A meter that heard these events; a number is a request of about as many tokens."""
    meter = UsageMeter()
    for event in events:
        if isinstance(event, int):
            meter.start_response(event)
        else:
            meter.feed(event)
    return meter


def read(meter: UsageMeter) -> tuple[Usage, int, bool]:
    return meter.usage, meter.context_tokens, meter.is_reported


TELLING = UsageUpdate(Usage(90, 40, 64, 30))
LONG = TextDelta("four" * 100)


@pytest.mark.parametrize(
    ("events", "used", "expected"),
    [
        ((), Usage(), False),
        ((100,), Usage(100), False),
        (
            (100, Retrying(2, 5, 1.0, "busy"), ResponseStarted(), ModelPreparation("x"), Note("four")),
            Usage(100),
            False,
        ),
        # what comes is counted by its characters
        ((100, ResponseStarted(), TextDelta("four"), TextDelta("four")), Usage(100, 2), False),
        ((100, ReasoningDelta("four" * 3), TextDelta("four")), Usage(100, 4, reasoning=3), False),
        ((100, ToolCallStart(0, "c", "tool"), ToolCallDelta(0, '{"a": 1}')), Usage(100, 3), False),
        # Reported counts win while they are higher.
        ((10, UsageUpdate(Usage(90, 1, 64)), TextDelta("four")), Usage(90, 1, 64), False),
        ((100, UsageUpdate(Usage(90, 1, 64)), LONG), Usage(100, 100, 64), False),
        ((100, LONG, UsageUpdate(Usage(90, 120, 64, 5))), Usage(100, 120, 64, 5), False),
        # at the end its figures hold, whether they came before the end or after it
        ((100, LONG, TELLING, Stopped("end")), Usage(90, 40, 64, 30), True),
        ((100, LONG, Stopped("end"), TELLING), Usage(90, 40, 64, 30), True),
        ((100, LONG, Stopped("end"), UsageUpdate(Usage(9, 9)), TELLING), Usage(90, 40, 64, 30), True),
        ((100, LONG, Stopped("end"), UsageUpdate(Usage(0, 40))), Usage(100, 40), True),
        # and without them, or with some, the rest is an estimate
        ((100, LONG, Stopped("end")), Usage(100, 100), False),
        ((100, UsageUpdate(Usage(90, 0, 64)), LONG, Stopped("end")), Usage(90, 100, 64), False),
        # The usage of an incomplete response was reported in part.
        ((100, UsageUpdate(Usage(90, 1)), LONG, Stopped("cut")), Usage(100, 100), False),
        ((100, UsageUpdate(Usage(90, 1)), LONG, Stopped("budget")), Usage(100, 100), False),
    ],
)
def test_the_usage_of_a_response_is_reported_or_estimated(
    events: tuple[Event | int, ...], used: Usage, expected: bool
) -> None:
    assert read(metered(*events)) == (used, used.input + used.output, expected)


def test_responses_add_up_and_the_last_one_fills_the_window() -> None:
    meter = metered(100, ResponseStarted(), LONG, Stopped("tool_calls"), TELLING, ToolProgress(0, "running"))
    meter.start_response(150)
    meter.feed(TextDelta("four"))
    assert read(meter) == (Usage(90 + 150, 40 + 1, 64, 30), 151, False)
    meter.feed(Stopped("end"))
    meter.feed(UsageUpdate(Usage(140, 5, 90)))
    assert read(meter) == (Usage(90 + 140, 40 + 5, 64 + 90, 30), 145, True)


def test_one_unreported_response_makes_the_usage_an_estimate() -> None:
    assert read(metered(100, LONG, Stopped("tool_calls"), 200, Stopped("end"), TELLING)) == (
        Usage(190, 140, 64, 30),
        130,
        False,
    )


def test_another_request_counts_but_is_not_in_the_window() -> None:
    meter = metered(100, Stopped("end"), TELLING)
    meter.add(Usage(1_000, 100, 900))
    assert read(meter) == (Usage(1_090, 140, 964, 30), 130, True)


WORDS = st.text(max_size=30)
COMING = st.one_of(
    st.builds(TextDelta, WORDS),
    st.builds(ReasoningDelta, WORDS),
    st.builds(ToolCallStart, st.integers(0, 3), WORDS, WORDS),
    st.builds(ToolCallDelta, st.integers(0, 3), WORDS),
    st.just(ResponseStarted()),
)
COUNTS = st.tuples(*[st.integers(0, 200)] * 4)


def growing(counts: list[tuple[int, ...]]) -> list[UsageUpdate]:
    """Counts so far, as a server tells them."""
    columns = zip(*counts, strict=True)
    return [UsageUpdate(Usage(*row)) for row in zip(*map(sorted, columns), strict=True)]


@given(st.integers(0, 300), st.lists(COMING), st.lists(COUNTS, min_size=1, max_size=4), st.randoms())
def test_the_usage_never_decreases_during_a_response(sent, coming, counts, chance) -> None:
    updates = growing(counts)
    meter = metered(7, TextDelta("four"))
    meter.start_response(sent)
    before = meter.usage
    for event in coming:
        if updates and chance.random() < 0.3:
            meter.feed(updates.pop(0))
        meter.feed(event)
        after = meter.usage
        assert all(getattr(after, name) >= getattr(before, name) for name in Usage.__slots__)
        before = after


@given(st.integers(0, 300), st.lists(COMING), COUNTS, st.booleans())
def test_at_the_end_the_reported_usage_wins(sent, coming, counts, usage_first) -> None:
    usage = Usage(counts[0] + 1, counts[1] + 1, *counts[2:])
    end = [UsageUpdate(usage), Stopped("end")]
    meter = metered(sent, *coming, *(end if usage_first else reversed(end)))
    assert read(meter) == (usage, usage.input + usage.output, True)


def test_web_searches_are_counted_in_each_round() -> None:
    events = (
        *(100, UsageUpdate(Usage(90, 1, web_searches=2)), Stopped("tool_calls")),
        *(100, UsageUpdate(Usage(90, 1, web_searches=1))),
    )
    assert metered(*events).usage.web_searches == 3
