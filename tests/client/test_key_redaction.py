"""A key in an answer is replaced in every channel, and nothing else is changed."""

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


def test_the_key_is_replaced_in_every_channel() -> None:
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


def pieces_of(text: str, cuts: Sequence[int]) -> list[str]:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


CUTS = st.lists(st.integers(0, 120), max_size=8)


@given(
    text=st.lists(st.sampled_from([KEY, KEY[:7], KEY[0], KEY[5:], "said", " and "]), max_size=6).map("".join),
    reasoning=st.lists(st.sampled_from([KEY, KEY[:3], "hm"]), max_size=4).map("".join),
    arguments=st.lists(st.sampled_from([KEY, KEY[:3], "x"]), max_size=4).map("".join),
    cuts=st.tuples(CUTS, CUTS, CUTS),
)
def test_it_is_replaced_wherever_the_stream_is_cut(
    text: str, reasoning: str, arguments: str, cuts: tuple[list[int], list[int], list[int]]
) -> None:
    calls = [[ToolCallDelta(index, piece) for piece in pieces_of(arguments, cuts[2])] for index in (0, 1)]
    events: list[Event] = [
        *map(ReasoningDelta, pieces_of(reasoning, cuts[0])),
        *map(TextDelta, pieces_of(text, cuts[1])),
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
def test_a_short_key_is_never_replaced(key: str) -> None:
    events: list[Event] = [TextDelta(f"none e {key} x 1"), ToolCallDelta(0, key), Note(key), Stopped("end")]
    assert redacted(events, key) == events


def test_a_piece_without_the_beginning_of_the_key_is_not_held_back() -> None:
    redactor = KeyRedactor(Secret(KEY))
    assert list(redactor.feed(TextDelta("hello "))) == [TextDelta("hello ")]
    assert list(redactor.feed(TextDelta("word s"))) == [TextDelta("word ")]
    assert list(redactor.feed(TextDelta("o"))) == [TextDelta("so")]


def test_what_is_held_back_comes_before_the_part_that_follows_it() -> None:
    events = [TextDelta("Let's"), ToolCallStart(0, "a", "look"), TextDelta("this"), ReasoningDelta("is")]
    assert fold(redacted(events)) == fold(events)


@pytest.mark.anyio
@pytest.mark.usefixtures("_closed")
@pytest.mark.parametrize("api", APIS)
async def test_a_server_that_repeats_the_key_in_an_answer_does_not_bring_it_into_the_reply(
    peer: Peer, api: Api
) -> None:
    message = Message("assistant", (ReasoningPart(f"hm {KEY}"), TextPart(f"hi {KEY}")))
    peer.answers(lambda seen: stream(seen, Reply(message, Usage(1, 1), "end", KEY, KEY)))
    reply = fold_events(await send_request(peer, api))
    assert KEY not in repr(reply)
    assert (reply.text, reply.model) == (f"hi {HIDDEN}", HIDDEN)


@pytest.mark.anyio
@pytest.mark.usefixtures("_closed")
async def test_what_is_held_back_is_kept_when_the_stream_breaks(peer: Peer) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": f"hi {KEY[:5]}"}}]}
    peer.answers(Answer([sse(chunk), sse({"error": {"code": "500", "message": json.dumps(KEY)}})]))
    accumulator = Accumulator()
    with pytest.raises(Exception, match="the key") as failure:
        async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
            async for event in events:
                accumulator.feed(event)
    assert accumulator.reply.text == f"hi {KEY[:5]}"
    assert KEY not in str(failure.value)
