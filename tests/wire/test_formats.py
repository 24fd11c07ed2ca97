"""From bytes to events, in either wire format."""

from __future__ import annotations

import pytest
from support.dialects import Dialect, both, reply
from support.reading import fold, outcome, read

from mimo_magics.core.errors import WireError
from mimo_magics.core.messages import TextPart
from mimo_magics.wire.formats import decode, decode_full


@both
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_packets_may_end_anywhere(dialect: Dialect, size: int) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Keelung 基隆 🌊"), dialect.stop("length"))
    packets = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert outcome(dialect.api, packets)[0].text == "Keelung 基隆 🌊"


@both
def test_a_stream_that_ends_without_a_reason_is_incomplete(dialect: Dialect) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Half"))
    unended = stream[: stream.rstrip().rindex(b"\n\n") + 2]  # without the frame that ends it
    assert read(dialect.api, unended) == reply(TextPart("Half"), stop="cut")


@both
def test_a_stream_that_breaks_off_inside_a_frame_keeps_what_was_whole(dialect: Dialect) -> None:
    stream = dialect.stream(dialect.start, dialect.text("Half"), dialect.text(" more"))
    assert read(dialect.api, stream[: stream.index(b" more")]) == reply(TextPart("Half"), stop="cut")


@both
def test_nothing_is_read_after_the_end(dialect: Dialect) -> None:
    word = next(iter(dialect.stops))
    stream = dialect.stream(dialect.start, dialect.text("Hi"), dialect.stop(word))
    assert read(dialect.api, stream + b"data: not JSON at all\n\n") == reply(TextPart("Hi"), stop="end")


@both
@pytest.mark.parametrize("frame", [b"<html>", b"[1]", b"7", b'"text"', b"{oops"])
def test_a_frame_that_is_no_json_object_is_a_wire_error(dialect: Dialect, frame: bytes) -> None:
    with pytest.raises(WireError):
        list(decode(dialect.api, [b"event: message_delta\ndata: " + frame + b"\n\n"]))


@both
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"{}", b"\xff"),
        *(b'{"choices": null}', b'{"choices": [7]}', b'{"content": "Hi"}', b'{"content": [7]}'),
    ],
)
def test_a_body_that_is_no_reply_is_a_wire_error(dialect: Dialect, body: bytes) -> None:
    with pytest.raises(WireError):
        fold(decode_full(dialect.api, body))
