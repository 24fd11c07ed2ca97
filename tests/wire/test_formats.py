"""Decoding of bytes to events in both wire formats."""

from __future__ import annotations

import json

import pytest
from support.decoded_streams import decode_stream, decode_until_error, fold_events
from support.format_cases import FORMAT_CASES, FormatCase, every_format, reply

from mimo_magics.core.errors import WireError
from mimo_magics.core.events import TextDelta
from mimo_magics.core.messages import TextPart, ToolCall
from mimo_magics.core.text import join_surrogates
from mimo_magics.wire.formats import decode, decode_full


@every_format
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_packets_may_end_anywhere(case: FormatCase, size: int) -> None:
    stream = case.stream(case.start, case.text("Keelung 基隆 🌊"), case.stop("length"))
    packets = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert decode_until_error(case.api, packets)[0].text == "Keelung 基隆 🌊"


@every_format
def test_a_stream_that_ends_without_a_reason_is_incomplete(case: FormatCase) -> None:
    stream = case.stream(case.start, case.text("Half"))
    unended = stream[: stream.rstrip().rindex(b"\n\n") + 2]  # The stream lacks its final event.
    assert decode_stream(case.api, unended) == reply(TextPart("Half"), stop="cut")


@every_format
def test_a_stream_that_ends_within_an_event_keeps_the_complete_events(case: FormatCase) -> None:
    stream = case.stream(case.start, case.text("Half"), case.text(" more"))
    assert decode_stream(case.api, stream[: stream.index(b" more")]) == reply(TextPart("Half"), stop="cut")


@every_format
def test_data_after_the_end_is_ignored(case: FormatCase) -> None:
    word = next(iter(case.stops))
    stream = case.stream(case.start, case.text("Hi"), case.stop(word))
    assert decode_stream(case.api, stream + b"data: not JSON at all\n\n") == reply(TextPart("Hi"), stop="end")


@every_format
@pytest.mark.parametrize("frame", [b"{oops", b'{"choices": [', b"[1", b'{"a": 1} {"b": 2}'])
def test_invalid_json_is_a_wire_error(case: FormatCase, frame: bytes) -> None:
    with pytest.raises(WireError):
        list(decode(case.api, [b"data: " + frame + b"\n\n"]))


@every_format
@pytest.mark.parametrize("frame", [b"ping", b"null", b'""', b'"ping"', b"7", b"[1]", b"[]", b"true"])
def test_a_keep_alive_is_ignored(case: FormatCase, frame: bytes) -> None:
    half = case.stream(case.start, case.text("Half"))
    first = half[: half.rindex(b"\n\n", 0, -2) + 2]  # The stream lacks its final event.
    rest = case.stream(case.text(" more"), case.stop(next(iter(case.stops))))
    assert decode_stream(case.api, first + b"data: " + frame + b"\n\n" + rest) == reply(
        TextPart("Half more"), stop="end"
    )


@every_format
@pytest.mark.parametrize("frame", [b"oops", b"{oops", b"[1", b"null", b"\xff\xfe"])
def test_invalid_events_after_a_complete_reply_are_ignored(case: FormatCase, frame: bytes) -> None:
    finished = case.stream(case.start, case.text("Hi"), case.stop(next(iter(case.stops))))
    unended = finished[: finished.rindex(b"\n\n", 0, -2) + 2]
    assert decode_stream(case.api, unended + b"data: " + frame + b"\n\n") == reply(TextPart("Hi"), stop="end")


@every_format
@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (b"data: error: out of memory", "ServerBusy: HTTP 500 Internal Server Error: out of memory"),
        (b"data: [ERROR] out of memory", "ServerBusy: HTTP 500 Internal Server Error: out of memory"),
        (b'data: "Error: out of memory"', "ServerBusy: HTTP 500 Internal Server Error: out of memory"),
        (
            b'data: [{"error": {"code": 429, "message": "busy"}}]',
            "RateLimited: HTTP 429 Too Many Requests: busy",
        ),
        (
            b'{"error": {"code": 402, "message": "Insufficient quota"}}',
            "InsufficientBalance: HTTP 402 Payment Required: Insufficient quota",
        ),
        (
            b'{\n  "error": {\n    "code": 402,\n    "message": "No"\n  }\n}',
            "InsufficientBalance: HTTP 402 Payment Required: No",
        ),
        (b'data: {"code": 401, "msg": "bad key"}', "InvalidApiKey: HTTP 401 Unauthorized: bad key"),
        (b'data: {"detail": "Not found"}', "ServerBusy: HTTP 500 Internal Server Error: Not found"),
        (b'data: {"object": "error", "message": "No", "code": 400}', "BadRequest: HTTP 400 Bad Request: No"),
        (
            b'[{\n"error": {\n"code": 429,\n"message": "busy"\n}\n}]',
            "RateLimited: HTTP 429 Too Many Requests: busy",
        ),
        (b' \t{"error": {"code": 429, "message": "busy"}}', "RateLimited: HTTP 429 Too Many Requests: busy"),
        (b"event: error\ndata: out of memory", "ServerBusy: HTTP 500 Internal Server Error: out of memory"),
        (b'event: error\ndata: {"message": "no"}', "ServerBusy: HTTP 500 Internal Server Error: no"),
        (
            b'event: error\ndata: {"code": "rate_limit", "message": "no"}',
            "RateLimited: HTTP 429 Too Many Requests: no",
        ),
        (
            b'data: {"success": false, "errors": [{"code": 403, "message": "No"}], "result": null}',
            "Forbidden: HTTP 403 Forbidden: No",
        ),
        (
            b'data: {"error_code": 17, "error_msg": "No quota"}',
            "ServerBusy: HTTP 500 Internal Server Error: No quota",
        ),
        (b'data: {"success": false, "message": "No"}', "ServerBusy: HTTP 500 Internal Server Error: No"),
        (b'data: {"status": "error", "message": "No"}', "ServerBusy: HTTP 500 Internal Server Error: No"),
        (
            b'data: {"base_resp": {"status_code": 1004, "status_msg": "No login"}}',
            "ServerBusy: HTTP 500 Internal Server Error: No login",
        ),
    ],
)
def test_a_plain_text_error_is_raised(case: FormatCase, frame: bytes, error: str) -> None:
    assert decode_until_error(case.api, [frame + b"\n\n"])[1] == error


@every_format
def test_events_separated_by_one_newline_are_separate(case: FormatCase) -> None:
    stream = case.stream(case.start, case.text("Hel"), case.text("lo"), case.stop(next(iter(case.stops))))
    assert decode_stream(case.api, stream.replace(b"\n\n", b"\n")) == reply(TextPart("Hello"), stop="end")


@every_format
def test_a_stream_in_the_other_format_is_an_error_that_names_it(case: FormatCase) -> None:
    (other,) = (each for each in FORMAT_CASES if each is not case)
    with pytest.raises(WireError) as raised:
        list(decode(case.api, [other.stream(other.start, other.text("Hi"))]))
    assert raised.value.hint == f"Use --api {other.api}, or %mimo_config api={other.api}."
    with pytest.raises(WireError) as raised:
        list(decode_full(case.api, json.dumps(other.full_body("", "Hi", ToolCall("c", "n", "{}"))).encode()))
    assert raised.value.hint == f"Use --api {other.api}, or %mimo_config api={other.api}."


@every_format
@pytest.mark.parametrize(
    "pieces",
    [("\ud83c\udf0a",), ("\ud83c", "\udf0a"), ("a\ud83c", "\udf0ab"), ("\ud83c", "x"), ("\udf0a", "")],
)
def test_surrogate_pairs_are_joined_across_events(case: FormatCase, pieces: tuple[str, ...]) -> None:
    stream = case.stream(case.start, *map(case.text, pieces), case.stop(next(iter(case.stops))))
    texts = [event.text for event in decode(case.api, [stream]) if isinstance(event, TextDelta)]
    assert "".join(texts) == join_surrogates("".join(pieces))
    assert all(text.encode() for text in texts)


@every_format
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"{}", b"\xff"),
        *(b'{"choices": null}', b'{"choices": [7]}', b'{"content": 7}', b'{"content": [7]}'),
    ],
)
def test_a_body_that_is_not_a_reply_is_a_wire_error(case: FormatCase, body: bytes) -> None:
    with pytest.raises(WireError):
        fold_events(decode_full(case.api, body))
