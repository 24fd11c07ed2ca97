"""A key is redacted in every event of a reply, and nothing else is changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from support.http_calls import APIS, REQUEST, endpoint, fold_events, send_request
from support.peer import KEY, Answer, Peer, sse, stream

from mimo_magics.client import http
from mimo_magics.client.key_redaction import KeyRedactor
from mimo_magics.core.events import (
    Accumulator,
    Annotations,
    Event,
    Note,
    ReasoningDelta,
    ResponseStarted,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)
from mimo_magics.core.messages import Annotation, Message, ReasoningPart, Reply, TextPart, ToolCall, Usage
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api

HIDDEN = "(the key)"


def redacted(events: Iterable[Event], key: str = KEY) -> list[Event]:
    redactor = KeyRedactor(Secret(key))
    return [*(each for event in events for each in redactor.feed(event)), *redactor.close()]


def fold(events: Iterable[Event]) -> Reply:
    accumulator = Accumulator()
    for event in events:
        accumulator.feed(event)
    return accumulator.reply


def test_the_key_is_redacted_in_every_event() -> None:
    events = [
        ResponseStarted(f"id-{KEY}", f"model-{KEY}"),
        ReasoningDelta(f"think {KEY} "),
        ReasoningDelta("", KEY),
        TextDelta(f"text {KEY}."),
        ToolCallStart(0, f"call-{KEY}", f"tool-{KEY}"),
        ToolCallDelta(0, f'{{"a": "{KEY}"}}'),
        Annotations((Annotation(KEY, KEY, KEY, KEY, KEY),)),
        Note(f"note {KEY}"),
        UsageUpdate(Usage(1, 2)),
        Stopped(f"stop-{KEY}"),
    ]
    assert redacted(events) == [
        ResponseStarted(f"id-{HIDDEN}", f"model-{HIDDEN}"),
        ReasoningDelta(f"think {HIDDEN} "),
        ReasoningDelta("", HIDDEN),
        TextDelta(f"text {HIDDEN}."),
        ToolCallStart(0, f"call-{HIDDEN}", f"tool-{HIDDEN}"),
        ToolCallDelta(0, f'{{"a": "{HIDDEN}"}}'),
        Annotations((Annotation(HIDDEN, HIDDEN, HIDDEN, HIDDEN, HIDDEN),)),
        Note(f"note {HIDDEN}"),
        UsageUpdate(Usage(1, 2)),
        Stopped(f"stop-{HIDDEN}"),
    ]


def split_at(text: str, cuts: Sequence[int]) -> list[str]:
    positions = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(positions)]


CUTS = st.lists(st.integers(0, 120), max_size=8)


@given(
    text=st.lists(st.sampled_from([KEY, KEY[:7], KEY[0], KEY[5:], "text", " and "]), max_size=6).map("".join),
    reasoning=st.lists(st.sampled_from([KEY, KEY[:3], "hm"]), max_size=4).map("".join),
    arguments=st.lists(st.sampled_from([KEY, KEY[:3], "x"]), max_size=4).map("".join),
    cuts=st.tuples(CUTS, CUTS, CUTS),
)
def test_the_key_is_redacted_wherever_the_stream_is_split(
    text: str, reasoning: str, arguments: str, cuts: tuple[list[int], list[int], list[int]]
) -> None:
    calls = [[ToolCallDelta(index, part) for part in split_at(arguments, cuts[2])] for index in (0, 1)]
    events: list[Event] = [
        *map(ReasoningDelta, split_at(reasoning, cuts[0])),
        *map(TextDelta, split_at(text, cuts[1])),
        ToolCallStart(0, "a", "one"),
        ToolCallStart(1, "b", "two"),
        *(delta for deltas in zip(*calls, strict=True) for delta in (*deltas, UsageUpdate(Usage(1, 1)))),
        Stopped("end"),
    ]
    expected = [
        *([ReasoningPart(reasoning.replace(KEY, HIDDEN))] if reasoning else []),
        *([TextPart(text.replace(KEY, HIDDEN))] if text else []),
        ToolCall("a", "one", arguments.replace(KEY, HIDDEN)),
        ToolCall("b", "two", arguments.replace(KEY, HIDDEN)),
    ]
    assert fold(redacted(events)).message == Message("assistant", tuple(expected))


@pytest.mark.parametrize("key", ["", "x", "e", "1", "none", "EMPTY", "test", "1234567"])
def test_a_short_key_is_never_redacted(key: str) -> None:
    events: list[Event] = [TextDelta(f"none e {key} x 1"), ToolCallDelta(0, key), Note(key), Stopped("end")]
    assert redacted(events, key) == events


def test_only_a_possible_beginning_of_the_key_is_held_back() -> None:
    redactor = KeyRedactor(Secret(KEY))
    assert list(redactor.feed(TextDelta("hello "))) == [TextDelta("hello ")]
    assert list(redactor.feed(TextDelta("word s"))) == [TextDelta("word ")]
    assert list(redactor.feed(TextDelta("o"))) == [TextDelta("so")]


def test_held_back_text_is_released_before_the_next_part() -> None:
    events = [TextDelta("Let's"), ToolCallStart(0, "a", "look"), TextDelta("this"), ReasoningDelta("is")]
    assert fold(redacted(events)) == fold(events)


@pytest.mark.anyio
@pytest.mark.usefixtures("_closed")
@pytest.mark.parametrize("api", APIS)
async def test_a_key_that_the_server_echoes_is_not_part_of_the_reply(peer: Peer, api: Api) -> None:
    message = Message("assistant", (ReasoningPart(f"hm {KEY}"), TextPart(f"hi {KEY}")))
    peer.answers(lambda seen: stream(seen, Reply(message, Usage(1, 1), "end", KEY, KEY)))
    reply = fold_events(await send_request(peer, api))
    assert KEY not in repr(reply)
    assert (reply.text, reply.model) == (f"hi {HIDDEN}", HIDDEN)


@pytest.mark.anyio
@pytest.mark.usefixtures("_closed")
async def test_held_back_text_is_released_when_the_stream_breaks(peer: Peer) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": f"hi {KEY[:5]}"}}]}
    peer.answers(Answer([sse(chunk), sse({"error": {"code": "500", "message": json.dumps(KEY)}})]))
    accumulator = Accumulator()
    with pytest.raises(Exception, match="the key") as failure:
        async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
            async for event in events:
                accumulator.feed(event)
    assert accumulator.reply.text == f"hi {KEY[:5]}"
    assert KEY not in str(failure.value)
