"""Server-sent events: parsing, independent of line endings and packet boundaries."""

import json

import pytest
from hypothesis import given, strategies as st
from openai._streaming import SSEDecoder
from support.decoded_streams import single_bytes

from mimo_magics.wire.sse import SSEParser


def frames(*packets):
    parser = SSEParser()
    return [frame for packet in packets for frame in parser.feed(packet)] + list(parser.close())


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_at_lf_cr_or_crlf(end):
    stream = end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])
    assert frames(stream) == [("a", "1"), ("", "2")]
    assert frames(*single_bytes(stream)) == [("a", "1"), ("", "2")]


def test_line_endings_may_be_mixed():
    assert frames(b"data: 1\r\n\ndata: 2\r\rdata: 3\n\r\ndata: 4\n\n") == [
        ("", "1"),
        ("", "2"),
        ("", "3"),
        ("", "4"),
    ]


@pytest.mark.parametrize("ends", [b"\r\n\n", b"\n\r\n", b"\r\r\n", b"\r\n\r", b"\n\r"])
def test_an_event_ends_at_its_blank_line_with_mixed_line_endings_byte_by_byte(ends):
    parser = SSEParser()
    events = [frame for packet in single_bytes(b"data: 1" + ends) for frame in parser.feed(packet)]
    assert events == [("", "1")]


def test_a_split_crlf_is_one_line_ending():
    assert frames(b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n") == [("", "1\n2")]


def test_a_split_crlf_does_not_consume_the_next_line_feed():
    assert frames(b"data: 1\r", b"\n", b"\n", b"data: 2\n\n") == [("", "1"), ("", "2")]


def test_empty_packets_change_nothing():
    assert frames(b"", b"data: 1\r", b"", b"\n", b"", b"\r\n", b"") == [("", "1")]


def test_an_event_is_yielded_at_its_blank_line():
    parser = SSEParser()
    assert list(parser.feed(b"data: 1\n")) == []
    assert list(parser.feed(b"\nda")) == [("", "1")]
    assert list(parser.feed(b"ta: 2\n\n")) == [("", "2")]


def test_the_first_unparsable_line_is_kept():
    parser = SSEParser()
    stream = b": hi\nid: 1\nretry: 5\n\nevent: x\ndata: 1\n\n<html>\n<body>\n"
    assert (list(parser.feed(stream)), parser.unread_line) == ([("x", "1")], "<html>")


def test_a_byte_order_mark_is_removed():
    assert frames(b"\xef\xbb\xbfdata: 1\n\n") == [("", "1")]


def test_comments_and_unknown_fields_are_ignored():
    assert frames(b": ping\n\n:\nid: 7\nretry: 100\ncolor: blue\ndata: 1\n: more\n\n") == [("", "1")]


def test_one_optional_space_after_the_colon_is_removed():
    assert frames(b"data:1\n\ndata: 2\n\ndata:  3\n\nevent:a\ndata:4\n\n") == [
        ("", "1"),
        ("", "2"),
        ("", " 3"),
        ("a", "4"),
    ]


def test_a_colon_in_the_data_is_data():
    assert frames(b"data: a: b\n\n") == [("", "a: b")]


def test_a_field_without_a_colon_is_empty():
    assert frames(b"data\ndata: 1\n\n") == [("", "\n1")]


def test_several_data_lines_are_joined():
    assert frames(b'data: {"a":\ndata: 1}\n\n') == [("", '{"a":\n1}')]


def test_an_event_name_applies_to_one_event():
    assert frames(b"event: a\ndata: 1\n\ndata: 2\n\n") == [("a", "1"), ("", "2")]


def test_the_last_event_name_is_used_and_a_name_without_data_is_dropped():
    assert frames(b"event: a\n\ndata: 1\n\nevent: b\nevent: c\ndata: 2\n\n") == [("", "1"), ("c", "2")]


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r", b"\r\n"])
def test_the_last_blank_line_is_optional(tail):
    assert frames(b"data: 1\n\ndata: 2" + tail) == [("", "1"), ("", "2")]


def test_an_empty_stream_has_no_events():
    assert frames() == frames(b"") == frames(b"\n\n\r\n") == frames(b": only a comment") == []


@pytest.mark.parametrize("char", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_json_with_unicode_line_separators_is_not_split(char):
    data = json.dumps({"text": f"a{char}b"}, ensure_ascii=False)
    assert frames(f"data: {data}\n\n".encode()) == [("", data)]


def test_invalid_utf8_becomes_replacement_characters():
    assert frames(b"data: a\xffb\n\n") == [("", "a\ufffdb")]


MIXED = (
    "\ufeffevent: 水\r\ndata: 潮汐 🌊\u2028\r\ndata:\r\n\r\n: ping\n\ndata: no name\rdata\r\rcolor: blue\n"
    "event: last\ndata: é\n\r\ndata: without an end"
).encode()
MIXED_FRAMES = [("水", "潮汐 🌊\u2028\n"), ("", "no name\n"), ("last", "é"), ("", "without an end")]


def test_a_stream_may_be_split_at_every_byte():
    assert frames(MIXED) == MIXED_FRAMES
    assert frames(*single_bytes(MIXED)) == MIXED_FRAMES
    for place in range(len(MIXED)):
        assert frames(MIXED[:place], MIXED[place:]) == MIXED_FRAMES


def test_a_stream_may_be_split_at_any_two_bytes():
    for first in range(len(MIXED)):
        for second in range(first, len(MIXED)):
            packets = MIXED[:first], MIXED[first:second], MIXED[second:]
            assert frames(*packets) == MIXED_FRAMES


def test_json_without_a_field_is_data():
    assert frames(b'{"error": "no"}\n\n') == [("", '{"error": "no"}')]
    assert frames(b'{\n"data": 1,\n"event": 2\n}\n') == [("", '{\n"data": 1,\n"event": 2\n}')]


def test_an_object_after_a_complete_one_is_a_separate_event():
    assert frames(b'data: {"a": 1}\ndata: {"b": 2}\ndata: [DONE]\n\n') == [
        ("", '{"a": 1}'),
        ("", '{"b": 2}'),
        ("", "[DONE]"),
    ]
    assert frames(b'data: {"a":\ndata: {"b": 2}}\n\n') == [("", '{"a":\n{"b": 2}}')]


LINES = st.lists(
    st.sampled_from(
        [b"data: 1", b"data:{}", b"data", b"event: a", b"event:", b": ping", b"id: 7", b"x", b"", b""]
    )
    # Braces could form an object, which ends its event without a blank line.
    | st.text(st.characters(exclude_characters="\r\n\0\ufeff{}", exclude_categories=["Cs"])).map(
        lambda text: b"data: " + text.encode()
    ),
    max_size=12,
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(lines=LINES, data=st.data())
def test_random_splits_and_line_endings_do_not_change_the_events(lines, data):
    stream = b"".join(line + data.draw(ENDS) for line in lines)
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    packets = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert frames(*packets) == frames(stream)
    assert frames(*single_bytes(stream)) == frames(stream)


@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_the_events_equal_those_of_the_openai_sdk(lines, end):
    """Compare with the parser of the OpenAI SDK, which also yields events without data.

    Unlike it, this parser separates objects without a blank line between them.
    """
    stream = end.join([*lines, b"", b""]).replace(b"data:{}" + end, b"data:{}" + end + end)
    other = [(sse.event or "", sse.data) for sse in SSEDecoder().iter_bytes(iter([stream]))]
    assert [frame for frame in frames(stream) if frame[1]] == [frame for frame in other if frame[1]]


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_any_bytes_give_events_independent_of_packet_boundaries(packets):
    assert frames(*packets) == frames(b"".join(packets))
