"""Surrogate pairs that are split over two events."""

from __future__ import annotations

from hypothesis import given, strategies as st

from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)
from mimo_magics.core.messages import Usage
from mimo_magics.core.text import join_surrogates
from mimo_magics.wire.surrogates import SurrogateJoiner

HIGH, LOW = "\ud83c", "\udf0a"


def through(*events: Event) -> list[Event]:
    joiner = SurrogateJoiner()
    return [out for event in events for out in joiner.feed(event)] + list(joiner.flush())


def test_halves_of_one_text_are_joined_across_a_usage_update() -> None:
    usage = UsageUpdate(Usage(1, 2))
    assert through(TextDelta(f"a{HIGH}"), usage, TextDelta(f"{LOW}b")) == [
        TextDelta("a"),
        usage,
        TextDelta("🌊b"),
    ]


def test_halves_of_different_texts_are_not_joined() -> None:
    assert through(TextDelta(HIGH), ReasoningDelta(LOW), Stopped("end")) == [
        *(TextDelta("\ufffd"), ReasoningDelta("\ufffd"), Stopped("end"))
    ]
    assert through(ToolCallDelta(0, HIGH), ToolCallDelta(1, LOW)) == [
        *(ToolCallDelta(1, "\ufffd"), ToolCallDelta(0, "\ufffd"))
    ]


def test_halves_in_alternating_call_arguments_are_joined() -> None:
    pieces = [ToolCallDelta(0, HIGH), ToolCallDelta(1, HIGH), ToolCallStart(2), ToolCallDelta(0, LOW)]
    assert through(*pieces, ToolCallDelta(1, LOW)) == [
        *(ToolCallStart(2), ToolCallDelta(0, "🌊"), ToolCallDelta(1, "🌊"))
    ]


def test_a_lone_half_is_flushed_before_a_call_and_the_end() -> None:
    call = ToolCallStart(0, "c", "tide")
    assert through(TextDelta(HIGH), call) == [TextDelta("\ufffd"), call]
    assert through(TextDelta(HIGH), Stopped("end")) == [TextDelta("\ufffd"), Stopped("end")]


def test_a_signature_is_forwarded_with_its_text() -> None:
    assert through(ReasoningDelta("Hm.", "sig"), ReasoningDelta("", "sig")) == [
        *(ReasoningDelta("Hm.", "sig"), ReasoningDelta("", "sig"))
    ]
    assert through(ReasoningDelta(HIGH, "sig")) == [ReasoningDelta("\ufffd", "sig")]


@given(st.lists(st.text(st.sampled_from(["a", "é", "🌊", HIGH, LOW]), max_size=3), max_size=6))
def test_split_text_is_complete_and_every_delta_can_be_encoded(pieces: list[str]) -> None:
    texts = [event.text for event in through(*map(TextDelta, pieces)) if isinstance(event, TextDelta)]
    assert "".join(texts) == join_surrogates("".join(pieces))
    assert [text.encode().decode() for text in texts] == texts
