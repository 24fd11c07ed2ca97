"""Reasoning between think tags in the text."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from support.decoded_streams import fold_events

from mimo_magics.core.events import (
    Event,
    ReasoningDelta,
    ResponseRestarted,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallStart,
)
from mimo_magics.wire.think_tags import MAX_BLOCKS, ThinkTagFilter

START = ResponseStarted("r1", "m")


def through(*events: Event) -> list[Event]:
    tag_filter = ThinkTagFilter()
    return [out for event in (START, *events) for out in tag_filter.feed(event)] + list(tag_filter.flush())


def read(*pieces: str, first: tuple[Event, ...] = ()) -> tuple[str, str]:
    """Return reasoning and text of a reply that arrived in these pieces."""
    reply = fold_events(through(*first, *map(TextDelta, pieces), Stopped("end")))
    return reply.reasoning, reply.text


CASES = {
    "at the head": ("<think>Hm.</think>Hello.", ("Hm.", "Hello.")),
    "behind white space": (" \n<think>\nHm.\n</think>\n\nHello.", ("\nHm.\n", "Hello.")),
    "without its end": ("<think>Hm. A < b", ("Hm. A < b", "")),
    "without its beginning": ("Hm.\n</think>\n\nHello.", ("Hm.\n", "Hello.")),
    "with nothing in it": ("<think>\n\n</think>\n\nHello.", ("\n\n", "Hello.")),
    "in the middle": ("I <think> so. It is a tag.", ("", "I <think> so. It is a tag.")),
    "in code": ("The tag `</think>` ends it.", ("", "The tag `</think>` ends it.")),
    "in a fence": ("Such:\n```\n</think>\n```\n", ("", "Such:\n```\n</think>\n```\n")),
    "in a string of JSON": ('{"a": "\\"</think>"}', ("", '{"a": "\\"</think>"}')),
    "after JSON": ('{"a": "b"}</think>c', ('{"a": "b"}', "c")),
    "again": ("<think>a</think>\n\n<think>b</think>\nc", ("ab", "c")),
    "again behind a lost tag": ("a</think><think>b</think>c", ("ab", "c")),
    "again, and half of it": ("<think>a</think>\n<thi", ("a", "<thi")),
    "twice": ("<think>a</think>b</think>c", ("a", "b</think>c")),
    "another tag": ("<thinking>Hm.", ("", "<thinking>Hm.")),
    "half of a tag": ("<thi", ("", "<thi")),
    "half of an end": ("<think>a</thi", ("a</thi", "")),
    "nothing": ("", ("", "")),
}


@pytest.mark.parametrize(("answer", "parts"), CASES.values(), ids=CASES)
def test_text_in_think_tags_is_reasoning_at_every_split(answer: str, parts: tuple[str, str]) -> None:
    assert read(answer) == read(*answer) == parts
    for place in range(len(answer)):
        assert read(answer[:place], answer[place:]) == parts


def test_text_before_a_lone_closing_tag_becomes_reasoning() -> None:
    assert through(TextDelta("Hm."), TextDelta("</think>Hello.")) == [
        START,
        TextDelta("Hm."),
        ResponseRestarted("r1", "m"),
        ReasoningDelta("Hm."),
        TextDelta("Hello."),
    ]


def test_a_lone_closing_tag_is_text_if_the_server_sends_reasoning() -> None:
    reasoning = (ReasoningDelta("Hm."),)
    assert read("The end: </think> is it.", first=reasoning) == ("Hm.", "The end: </think> is it.")
    assert read("<think>More.</think>Hello.", first=reasoning) == ("Hm.More.", "Hello.")


def test_a_call_flushes_the_text_that_was_held_back() -> None:
    call = ToolCallStart(0, "c", "tide")
    assert through(TextDelta("a</thi"), call, TextDelta("</think>b")) == [
        *(START, TextDelta("a"), TextDelta("</thi"), call, TextDelta("</think>b"))
    ]


def test_a_restarted_reply_may_begin_with_a_tag() -> None:
    restart = ResponseRestarted("r2")
    assert through(TextDelta("<think>a"), restart, TextDelta("<think>b</think>c")) == [
        *(START, ReasoningDelta("a"), restart, ReasoningDelta("b"), TextDelta("c"))
    ]


def test_the_number_of_reasoning_blocks_is_limited() -> None:
    reasoning, text = read("<think>a</think>" * 5_000)
    assert (reasoning, text.count("<think>")) == ("a" * MAX_BLOCKS, 5_000 - MAX_BLOCKS)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "`", "\n", "a", " "]), max_size=9),
    st.data(),
)
def test_the_result_does_not_depend_on_packet_boundaries(tokens: list[str], data: st.DataObject) -> None:
    answer = "".join(tokens)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=4)))
    assert read(*(answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True))) == read(answer)
