"""Encoding of events and decoding of streams, for tests of the wire formats."""

import json
from collections.abc import Iterable
from typing import Any

from mimo_magics.core.errors import MimoError
from mimo_magics.core.events import Accumulator, Event
from mimo_magics.core.messages import Reply
from mimo_magics.wire.formats import Api, decode, decode_full


def fold_events(events: Iterable[Event]) -> Reply:
    accumulator = Accumulator()
    for event in events:
        accumulator.feed(event)
    return accumulator.reply


def decode_until_error(api: Api, packets: Iterable[bytes]) -> tuple[Reply, str]:
    """Return the reply and the error that ended it; the error is empty if there was none."""
    accumulator = Accumulator()
    try:
        for event in decode(api, packets):
            accumulator.feed(event)
    except MimoError as error:
        return accumulator.reply, f"{type(error).__name__}: {error}"
    return accumulator.reply, ""


def decode_stream(api: Api, stream: bytes) -> Reply:
    return fold_events(decode(api, [stream]))


def decode_body(api: Api, body: Any) -> Reply:
    return fold_events(decode_full(api, json.dumps(body).encode()))


def openai_stream(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


def anthropic_stream(*frames: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (frame["type"].encode(), json.dumps(frame).encode()) for frame in frames
    )


def single_bytes(stream: bytes) -> Iterable[bytes]:
    """Return the stream in packets of one byte."""
    return (stream[place : place + 1] for place in range(len(stream)))
