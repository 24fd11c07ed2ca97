"""Any reply that a format can represent round-trips through it, independent of encoding details and packets."""

import json
from itertools import pairwise

from hypothesis import given, strategies as st
from support import encode_stream
from support.decoded_streams import decode_body, fold_events

from mimo_magics.core.messages import (
    Annotation,
    Message,
    ReasoningPart,
    Reply,
    TextPart,
    ToolCall,
    Usage,
    with_unique_ids,
)
from mimo_magics.wire.formats import decode

CHANCE = st.randoms(use_true_random=True)
TEXT = st.text(max_size=60)  # Surrogates are excluded, as no server sends them on purpose.
WORDS = TEXT.filter(bool)
COUNT = st.integers(0, 2_000_000)
STOPS = st.sampled_from(["end", "length", "tool_calls", "filter", "repetition", "some_new_reason"])
ANNOTATIONS = st.lists(st.builds(Annotation, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple)
OBJECTS = st.dictionaries(
    TEXT, st.none() | st.integers() | TEXT | st.lists(st.booleans()), min_size=1, max_size=3
)
ARGUMENTS = st.just("") | OBJECTS.map(lambda value: json.dumps(value, ensure_ascii=False))


def calls(arguments):
    return st.builds(ToolCall, WORDS, WORDS, arguments)


def runs_on(parts):
    """Return whether two adjacent parts would be decoded as one, as the format cannot separate them."""
    return any(
        type(one) is type(two) and not isinstance(one, ToolCall) and not getattr(one, "signature", "")
        for one, two in pairwise(parts)
    )


def messages(*kinds):
    """Return messages with parts of these kinds in any order."""
    parts = st.lists(st.one_of(*kinds), max_size=6)
    return parts.filter(lambda chosen: not runs_on(chosen)).map(
        lambda chosen: unique(Message("assistant", tuple(chosen)))
    )


def unique(message):
    """Return the message with unique call ids, like every reply."""
    return next(with_unique_ids([message]))


OPENAI_USAGE = st.none() | st.builds(Usage, COUNT, COUNT, COUNT, COUNT)
OPENAI_REPLIES = st.builds(
    Reply,
    message=messages(st.builds(TextPart, WORDS), st.builds(ReasoningPart, WORDS), calls(TEXT)),
    usage=OPENAI_USAGE,
    stop=STOPS | st.just("cut"),
    model=TEXT,
    id=TEXT,
    annotations=ANNOTATIONS,
    notes=st.lists(WORDS, max_size=2).map(tuple),
)


def in_openai_order(reasoning, words, wishes):
    """Return the parts in the order of a full body: one string of each kind, then the calls."""
    parts = [ReasoningPart(reasoning)] * bool(reasoning) + [TextPart(words)] * bool(words)
    return unique(Message("assistant", (*parts, *wishes)))


OPENAI_WHOLE = st.builds(
    Reply,
    message=st.builds(in_openai_order, TEXT, TEXT, st.lists(calls(TEXT), max_size=3)),
    usage=OPENAI_USAGE,
    stop=STOPS,
    model=TEXT,
    id=TEXT,
    annotations=ANNOTATIONS,
    notes=st.lists(WORDS, max_size=1).map(tuple),
)


def anthropic_usage(rest, output, cached):
    return Usage(input=rest + cached, output=output, cached=cached)


def anthropic_replies(arguments, ends):
    return st.builds(
        Reply,
        message=messages(
            st.builds(TextPart, WORDS),
            st.builds(ReasoningPart, WORDS) | st.builds(ReasoningPart, TEXT, WORDS),
            calls(arguments),
        ),
        # In this format zeros mean «not known yet», so it cannot represent a usage of zeros only.
        usage=st.none() | st.builds(anthropic_usage, COUNT, st.integers(1, 10**6), COUNT),
        stop=STOPS | st.just("stop") | ends,
        model=TEXT,
        id=TEXT,
    )


@given(OPENAI_REPLIES, CHANCE)
def test_a_reply_round_trips_through_an_openai_stream(reply, chance):
    stream = encode_stream.openai_stream(reply, chance)
    assert fold_events(decode("openai", encode_stream.packets(stream, chance))) == reply


@given(anthropic_replies(TEXT, st.just("cut")), CHANCE)
def test_a_reply_round_trips_through_an_anthropic_stream(reply, chance):
    stream = encode_stream.anthropic_stream(reply, chance)
    assert fold_events(decode("anthropic", encode_stream.packets(stream, chance))) == reply


@given(OPENAI_WHOLE)
def test_a_reply_round_trips_through_a_full_openai_body(reply):
    assert decode_body("openai", encode_stream.openai_whole(reply)) == reply


@given(anthropic_replies(ARGUMENTS, st.nothing()), CHANCE)
def test_a_reply_round_trips_through_a_full_anthropic_body(reply, chance):
    assert decode_body("anthropic", encode_stream.anthropic_whole(reply, chance)) == reply
