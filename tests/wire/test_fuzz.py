"""Any response gives events or a `MimoError`, and the reply can be sent back, shown and saved."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from support.decoded_streams import decode_until_error, single_bytes

from mimo_magics.core.errors import MimoError
from mimo_magics.core.events import Accumulator
from mimo_magics.core.messages import Message, Params, Reply, Request, ToolResult, user_message
from mimo_magics.core.serialization import to_dict
from mimo_magics.session.storage.validation import validate
from mimo_magics.wire.formats import FORMATS, decode_full

APIS = pytest.mark.parametrize("api", ["openai", "anthropic"])
BIG = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

# Values: mostly of the documented type, sometimes of any type

HALF = st.sampled_from(["\ud83c", "\udf42"])  # A surrogate pair, escaped in JSON.
TEXT = st.text(max_size=8) | HALF | st.sampled_from(["tide", "{}", '{"port": ', "NaN}", '"\\ud83c"}', "[1]"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)


def mostly(documented):
    return st.integers(0, 9).flatmap(lambda chance: documented if chance else ANYTHING)


def some(**fields):
    """Return objects in which any of these fields may be missing."""
    return st.fixed_dictionaries({}, optional={name: mostly(value) for name, value in fields.items()})


def several(value):
    return st.lists(mostly(value), max_size=3)


COUNT = st.none() | st.integers(0, 9)
PLACE = st.integers(0, 3)
ERROR = some(code=TEXT | COUNT, type=TEXT, message=TEXT, param=TEXT)

OPENAI_DELTA = some(
    content=TEXT,
    reasoning_content=TEXT,
    reasoning=TEXT,
    tool_calls=several(some(index=PLACE, id=TEXT, function=some(name=TEXT, arguments=TEXT))),
    annotations=several(some(url=TEXT, title=TEXT, summary=TEXT, url_citation=some(url=TEXT))),
    error_message=TEXT,
)
OPENAI_USAGE = some(
    prompt_tokens=COUNT,
    completion_tokens=COUNT,
    prompt_tokens_details=some(cached_tokens=COUNT),
    completion_tokens_details=some(reasoning_tokens=COUNT),
)
OPENAI_CHOICE = some(index=st.just(0), delta=OPENAI_DELTA, message=OPENAI_DELTA, finish_reason=TEXT)
OPENAI_FRAME = some(id=TEXT, model=TEXT, choices=several(OPENAI_CHOICE), usage=OPENAI_USAGE) | some(
    error=ERROR
)

INPUT = st.dictionaries(TEXT, ANYTHING, max_size=2)
BLOCK_TYPE = st.sampled_from(["text", "thinking", "tool_use", "redacted_thinking"])
DELTA_TYPE = st.sampled_from(["text_delta", "thinking_delta", "input_json_delta", "signature_delta"])
BLOCK = some(type=BLOCK_TYPE, text=TEXT, thinking=TEXT, signature=TEXT, id=TEXT, name=TEXT, input=INPUT)
ANTHROPIC_DELTA = some(
    type=DELTA_TYPE, text=TEXT, thinking=TEXT, partial_json=TEXT, signature=TEXT, stop_reason=TEXT
)
ANTHROPIC_USAGE = some(input_tokens=COUNT, output_tokens=COUNT, cache_read_input_tokens=COUNT)
ANTHROPIC_MESSAGE = some(
    id=TEXT,
    model=TEXT,
    content=several(BLOCK),
    stop_reason=TEXT,
    usage=ANTHROPIC_USAGE,
    error=ERROR,
    type=TEXT,
)
ANTHROPIC_TYPE = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop", "error"]
)
ANTHROPIC_FRAME = some(
    type=ANTHROPIC_TYPE,
    index=PLACE,
    message=ANTHROPIC_MESSAGE,
    content_block=BLOCK,
    delta=ANTHROPIC_DELTA,
    usage=ANTHROPIC_USAGE,
    error=st.none() | ERROR,
)

FRAMES = {"openai": OPENAI_FRAME, "anthropic": ANTHROPIC_FRAME}
BODIES = {"openai": OPENAI_FRAME, "anthropic": ANTHROPIC_MESSAGE}


def stream(frames):
    return b"".join(b"data: %s\n\n" % json.dumps(frame).encode() for frame in frames)


def assert_usable(reply: Reply) -> None:
    """Send a reply back with the next prompt, print it, and save it in a notebook."""
    results = tuple(ToolResult(call.id, call.name, "done") for call in reply.tool_calls)
    conversation = (user_message("Hi"), reply.message, Message("tool", results), user_message("And?"))
    for wire in FORMATS.values():
        for thinking in (None, False):
            body = wire.encode(Request(conversation, Params("mimo-v2-pro", thinking=thinking)))
            assert httpx.Request("POST", "http://host", json=body).content
    for shown in (repr(reply), str(reply)):
        shown.encode()
    saved = json.dumps(to_dict(reply), ensure_ascii=False).encode()
    assert validate(Reply, json.loads(saved)) == reply


@APIS
@BIG
@given(data=st.data())
def test_any_events_give_a_usable_reply_or_a_mimo_error(api, data):
    frames = data.draw(st.lists(FRAMES[api] | st.dictionaries(TEXT, ANYTHING), max_size=6))
    reply, _ = decode_until_error(api, [stream(frames)])
    assert_usable(reply)


@APIS
@BIG
@given(data=st.data())
def test_any_full_body_gives_a_usable_reply_or_a_mimo_error(api, data):
    body = json.dumps(data.draw(BODIES[api] | ANYTHING)).encode()
    assert_usable(decode_full_body(api, body))


@APIS
@given(packets=st.lists(st.binary(max_size=40)))
def test_any_bytes_give_a_usable_reply_or_a_mimo_error(api, packets):
    assert_usable(decode_until_error(api, packets)[0])
    assert_usable(decode_full_body(api, b"".join(packets)))


@APIS
@BIG
@given(data=st.data())
def test_a_damaged_stream_decodes_independently_of_packet_boundaries(api, data):
    """Replace one run of bytes by another, as nearly valid input reaches the most code."""
    healthy = stream(data.draw(st.lists(FRAMES[api], min_size=1, max_size=4)))
    start = data.draw(st.integers(0, len(healthy)))
    end = data.draw(st.integers(start, min(len(healthy), start + 20)))
    damaged = healthy[:start] + data.draw(st.binary(max_size=4)) + healthy[end:]
    outcome = decode_until_error(api, [damaged])
    assert_usable(outcome[0])
    assert decode_until_error(api, single_bytes(damaged)) == outcome


@APIS
@pytest.mark.parametrize(
    "deep", [b'{"a":' * 100_000, b"[" * 100_000, b'{"error":' + b"[" * 990 + b"]" * 990 + b"}"]
)
def test_an_event_that_is_nested_too_deep_is_a_mimo_error(api, deep):
    reply, error = decode_until_error(api, [b"data: " + deep + b"\n\n"])
    assert (reply, bool(error)) == (Reply(), True)
    assert decode_full_body(api, deep) == Reply()


def decode_full_body(api, body: bytes) -> Reply:
    """Return the reply of a full body up to the first error."""
    accumulator = Accumulator()
    try:
        for event in decode_full(api, body):
            accumulator.feed(event)
    except MimoError:
        pass
    return accumulator.reply
