"""Saved replies as events."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.decoded_streams import decode_stream, fold_events
from support.paths import DATA

from mimo_magics.core.events import ResponseStarted, Stopped, ToolCallDelta, ToolCallStart, ToolProgress
from mimo_magics.core.messages import (
    Annotation,
    Message,
    Part,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
    with_unique_ids,
)
from mimo_magics.session.cached_reply import replay_reply


def joined_by_the_fold(one: Part, other: Part | None) -> bool:
    """Two texts, or two parts of reasoning without a signature between them, come in as one."""
    same = type(one) is type(other) and isinstance(one, (TextPart, ReasoningPart))
    return same and not getattr(one, "signature", "")


def apart(parts: list[Part]) -> Message:
    """Parts as a fold makes them: without adjacent parts that it would join, and with unique ids."""
    saved = [part for part, after in pairwise((*parts, None)) if not joined_by_the_fold(part, after)]
    return next(with_unique_ids([Message("assistant", tuple(saved))]))


words = st.text(min_size=1, max_size=9)
reply_parts = st.one_of(
    st.builds(TextPart, words),
    st.builds(ReasoningPart, words, st.text(max_size=3)),
    st.builds(ReasoningPart, st.just(""), words),
    st.builds(ToolCall, words, words, st.text(max_size=9)),
    st.builds(
        ToolResult,
        words,
        words,
        st.text(max_size=9),
        st.booleans(),
        st.booleans(),
        st.none() | st.floats(0, 9),
        st.text(max_size=9),
    ),
)
counts = st.integers(0, 2**31)
replies = st.builds(
    Reply,
    st.lists(reply_parts, max_size=6).map(apart),
    st.none() | st.builds(Usage, counts, counts, counts, counts),
    st.none() | words,
    st.text(max_size=9),
    st.text(max_size=9),
    st.lists(st.builds(Annotation, words, words), max_size=2).map(tuple),
    st.lists(words, max_size=2).map(tuple),
)


@given(replies)
def test_a_reply_equals_the_fold_of_its_events(reply: Reply) -> None:
    assert fold_events(replay_reply(reply)) == reply


RECORDED = sorted((DATA / "mimo").glob("*.sse"))


@pytest.mark.parametrize(
    "stream",
    [path for path in RECORDED if "error" not in path.name and "cut" not in path.name],
    ids=lambda path: path.name,
)
def test_a_recorded_reply_equals_the_fold_of_its_events(stream: Path) -> None:
    reply = decode_stream("openai" if stream.name.startswith("openai") else "anthropic", stream.read_bytes())
    assert reply.message.parts
    assert fold_events(replay_reply(reply)) == reply


def test_adjacent_text_parts_are_joined_in_a_replay() -> None:
    """A continued reply may have two consecutive reasoning parts."""
    twice = Message("assistant", (ReasoningPart("One. "), ReasoningPart("Two."), TextPart("Hi")))
    assert fold_events(replay_reply(Reply(twice))).message.parts == (
        ReasoningPart("One. Two."),
        TextPart("Hi"),
    )


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (ToolResult("i", "n", "high"), "done"),
        (ToolResult("i", "n", "no", is_error=True), "failed"),
        (ToolResult("i", "n", "no", is_error=True, refused=True), "refused"),
    ],
)
def test_a_replayed_tool_call_has_its_old_state(result: ToolResult, state: str) -> None:
    message = Message("assistant", (ToolCall("i", "n", "{}"), result))
    assert list(replay_reply(Reply(message, stop="end"))) == [
        ResponseStarted(),
        ToolCallStart(0, "i", "n"),
        ToolCallDelta(0, "{}"),
        ToolProgress(0, state, result),
        Stopped("end"),
    ]


def test_results_of_calls_with_equal_ids_keep_their_calls() -> None:
    calls = (ToolCall("i", "n", "1"), ToolCall("i", "n", "2"))
    results = (ToolResult("i", "n", "one"), ToolResult("i", "n", "two"))
    reply = fold_events(replay_reply(Reply(Message("assistant", (*calls, *results)))))
    assert reply.message.open_calls == ()
    assert [(part.id, part.output) for part in reply.message.parts if isinstance(part, ToolResult)] == [
        ("i", "one"),
        ("call_1", "two"),
    ]
