"""Calls over HTTP, against a real server on the loopback interface."""

import asyncio
import json
import sys
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from itertools import chain, cycle, repeat

import pytest
from support.http_calls import APIS, REQUEST, endpoint, fold_events, send_request
from support.peer import (
    CUT,
    KEY,
    SILENCE,
    Answer,
    Peer,
    Seen,
    delta,
    error,
    finish,
    frames,
    reply,
    sse,
    stream,
)

from mimo_magics.client import http
from mimo_magics.client.endpoint import Endpoint
from mimo_magics.core.errors import (
    ApiError,
    BadOption,
    ConnectionFailed,
    IncompleteStream,
    InsufficientBalance,
    InvalidApiKey,
    MimoError,
    RateLimited,
    ServerBusy,
    WireError,
)
from mimo_magics.core.events import Accumulator, Event, Notice, TextDelta
from mimo_magics.core.messages import (
    Message,
    ReasoningPart,
    Request,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    user_message,
)
from mimo_magics.core.secret import Secret
from mimo_magics.core.settings import Api, Auth

ANTHROPIC_END = sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_closed", "_short_delays")]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
async def test_a_call_yields_the_reply_streamed_or_not(peer: Peer, api: Api, streamed: bool) -> None:
    request = Request(REQUEST.messages, REQUEST.params, stream=streamed)
    assert fold_events(await send_request(peer, api, request)) == reply("You said: hello")
    assert (
        peer.requests[0].path
        == {"openai": "/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}[api]
    )


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("bearer", {"authorization": f"Bearer {KEY}"}),
        ("api-key", {"api-key": KEY}),
        ("both", {"authorization": f"Bearer {KEY}", "api-key": KEY}),
        ("x-api-key", {"x-api-key": KEY}),
    ],
)
async def test_the_key_is_sent_in_the_header_of_the_auth_setting(
    peer: Peer, auth: Auth, expected: dict[str, str]
) -> None:
    await send_request(peer, "anthropic", auth=auth)
    headers = peer.requests[0].headers
    assert {
        name: headers[name] for name in ("authorization", "api-key", "x-api-key") if name in headers
    } == expected
    assert headers["anthropic-version"] == "2023-06-01"


async def test_consecutive_calls_share_one_connection(peer: Peer) -> None:
    for _ in range(3):
        await send_request(peer)
    assert [seen.connection for seen in peer.requests] == [1, 1, 1]


async def test_a_body_without_an_end_does_not_delay_the_end_of_the_reply(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "END_OF_BODY_TIMEOUT", 0.05)
    peer.answers(Answer([delta("hi"), finish(), b"data: [DONE]\n\n", SILENCE]))
    assert fold_events(await send_request(peer)).text == "hi"
    assert peer.settled()[0].disconnected


@pytest.mark.parametrize("api", APIS)
async def test_endless_comments_do_not_delay_the_end_of_the_reply(
    peer: Peer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "USAGE_TIMEOUT", 0.1)
    stopped = {"openai": finish(), "anthropic": ANTHROPIC_END}[api]

    def script(seen: Seen) -> Answer:
        return Answer(chain([*frames(seen, ["hi"], end=False), stopped], cycle([0.02, b": ping\n\n"])))

    peer.answers(script)
    received = fold_events(await send_request(peer, api))
    assert (received.text, received.stop) == ("hi", "end")
    assert peer.left()[0].disconnected
    assert len(peer.requests) == 1


@pytest.mark.parametrize("api", APIS)
async def test_a_stream_with_another_content_type_is_decoded_incrementally(
    peer: Peer, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "USAGE_TIMEOUT", 0.1)
    stopped = {"openai": finish(), "anthropic": ANTHROPIC_END}[api]
    received: list[Event] = []

    def script(seen: Seen) -> Answer:
        first = frames(seen, ["hi"], lambda: TextDelta("hi") in received, end=False)
        return Answer(
            chain(first, [stopped], cycle([0.02, b": ping\n\n"])), headers={"Content-Type": "text/plain"}
        )

    peer.answers(script)
    async with aclosing(http.stream(endpoint(peer, api), api, REQUEST)) as events:
        async for event in events:
            received.append(event)  # noqa: PERF401  the script reads it at the same time
    assert (fold_events(received).text, fold_events(received).stop, len(peer.requests)) == ("hi", "end", 1)


async def test_usage_that_arrives_soon_after_the_end_is_counted(peer: Peer) -> None:
    usage = sse({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10}})
    peer.answers(Answer([delta("hi"), finish(), 0.05, b": ping\n\n", 0.05, usage, b"data: [DONE]\n\n"]))
    assert fold_events(await send_request(peer)).usage == Usage(20, 10)


async def test_closing_the_generator_closes_the_socket(peer: Peer) -> None:
    peer.answers(lambda seen: Answer(frames(seen, repeat("word "), 0.05)))
    async with aclosing(http.stream(endpoint(peer), "openai", REQUEST)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert peer.settled()[0].disconnected


# Retries


async def test_a_call_is_not_retried_after_its_first_event(peer: Peer) -> None:
    peer.answers(Answer([delta("half "), sse({"error": {"code": "503", "message": "gone"}})]))
    with pytest.raises(ServerBusy, match="HTTP 503 Service Unavailable: gone"):
        await send_request(peer)
    assert len(peer.requests) == 1


async def test_an_optional_field_that_a_gateway_refuses_is_left_out(peer: Peer) -> None:
    peer.answers(error(400, "Unknown parameter: stream_options"), lambda seen: stream(seen, reply("ok")))
    assert fold_events(await send_request(peer)) == reply("ok")
    assert ["stream_options" in seen.body for seen in peer.requests] == [True, False]


# Incomplete, invalid and failed responses


@pytest.mark.parametrize("end", [[CUT], []])
@pytest.mark.parametrize("api", APIS)
async def test_a_stream_without_an_end_is_incomplete(peer: Peer, api: Api, end: list[object]) -> None:
    peer.answers(lambda seen: Answer([*frames(seen, ["half"], end=False), *end]))
    accumulator = Accumulator()
    with pytest.raises(IncompleteStream):
        async with aclosing(http.stream(endpoint(peer, api), api, REQUEST)) as events:
            async for event in events:
                accumulator.feed(event)
    assert accumulator.reply.text == "half"


async def test_an_error_inside_a_stream_keeps_its_class(peer: Peer) -> None:
    peer.answers(
        Answer([delta("half"), sse({"error": {"code": "401", "message": "expired"}, "choices": []})])
    )
    with pytest.raises(InvalidApiKey, match="HTTP 401 Unauthorized: expired"):
        await send_request(peer)


async def test_an_event_that_is_not_json_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([delta("half"), b"data: {oops\n\n"]))
    with pytest.raises(WireError):
        await send_request(peer)


async def test_a_web_page_instead_of_a_reply_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([b"<html><title>Log in</title></html>"], headers={"Content-Type": "text/html"}))
    with pytest.raises(WireError):
        await send_request(peer)


async def test_a_complete_response_to_a_streamed_call_is_accepted(peer: Peer) -> None:
    body = b'{"id": "1", "model": "m", "choices": [{"finish_reason": "stop", "message": {"content": "hi"}}]}'
    peer.answers(Answer([body], headers={"Content-Type": "application/json"}))
    assert fold_events(await send_request(peer)).text == "hi"


async def test_an_error_in_a_body_with_status_200_is_raised(peer: Peer) -> None:
    body = b'{"error": {"code": "429", "message": "Too many requests", "type": "limitation"}}'
    peer.answers(Answer([body], headers={"Content-Type": "application/json"}))
    with pytest.raises(RateLimited):
        await send_request(peer)


async def test_a_key_in_an_error_message_is_redacted(peer: Peer) -> None:
    peer.answers(error(401, f"Incorrect API key provided: {KEY}."))
    with pytest.raises(InvalidApiKey) as failure:
        await send_request(peer)
    assert str(failure.value) == "HTTP 401 Unauthorized: Incorrect API key provided: (the key)."


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_key_in_an_error_object_is_redacted_in_all_fields(peer: Peer, streamed: bool) -> None:
    failed = {"error": {"code": "401", "message": f"Incorrect key {KEY}", "param": KEY}}
    full_response = Answer([json.dumps(failed).encode()], headers={"Content-Type": "application/json"})
    peer.answers(Answer([sse(failed)]) if streamed else full_response)
    with pytest.raises(InvalidApiKey) as failure:
        await send_request(peer)
    assert str(failure.value) == "HTTP 401 Unauthorized: Incorrect key (the key): (the key)"
    assert KEY not in repr(vars(failure.value))


@pytest.mark.parametrize("length", [370, 380, 390, 399, 400])
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_key_at_the_end_of_an_excerpt_is_redacted(
    peer: Peer, length: int, status: int, streamed: bool
) -> None:
    body = "x" * length + KEY + " and more" * 90
    kind = "text/event-stream" if streamed else "application/json"
    peer.answers(Answer([body.encode()], status, {"Content-Type": kind}))
    with pytest.raises(MimoError) as failure:
        await send_request(peer)
    assert KEY[:4] not in str(failure.value)


@pytest.mark.parametrize("end", [[b"data: [DONE]\n\n", CUT], [CUT]])
async def test_a_reply_with_an_end_is_complete_even_if_the_connection_breaks(
    peer: Peer, end: list[object]
) -> None:
    peer.answers(Answer([delta("whole"), finish(), 0.05, *end]))
    assert fold_events(await send_request(peer)) == replace(reply("whole", ""), usage=None, id="1")


async def test_the_done_event_alone_ends_a_reply(peer: Peer) -> None:
    peer.answers(Answer([delta("whole"), b"data: [DONE]\n\n"]))
    assert fold_events(await send_request(peer)).stop == "end"


async def test_a_response_without_a_finish_reason_is_complete(peer: Peer) -> None:
    body = b'{"id": "1", "choices": [{"finish_reason": null, "message": {"content": "hi"}}]}'
    peer.answers(Answer([body], headers={"Content-Type": "application/json"}))
    assert fold_events(await send_request(peer)).stop == "end"


async def test_a_response_without_choices_is_an_error(peer: Peer) -> None:
    peer.answers(Answer([b'{"id": "1", "choices": []}'], headers={"Content-Type": "application/json"}))
    with pytest.raises(WireError):
        await send_request(peer)


async def test_a_stream_with_the_content_type_of_text_is_decoded(peer: Peer) -> None:
    peer.answers(
        lambda seen: Answer(stream(seen, reply("hi")).pieces, headers={"Content-Type": "text/plain"})
    )
    assert fold_events(await send_request(peer)) == reply("hi")


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", ""])
@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\xef\xbb\xbf", b": PROCESSING\n\n", b":\n", b"id: 1\n", b"retry: 10\n\n", b"event: x\n"),
        *(b"\r\n\r\n", b"\xef\xbb\xbf: hi\n\n", b"id\n", b"\xef\xbb\xbf\n \n"),
    ],
)
async def test_a_stream_is_recognized_by_its_first_line(peer: Peer, head: bytes, content_type: str) -> None:
    peer.answers(
        lambda seen: Answer([head, *stream(seen, reply("hi")).pieces], headers={"Content-Type": content_type})
    )
    assert fold_events(await send_request(peer)) == reply("hi")


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [201, 202, 203, 206])
async def test_every_2xx_status_is_a_success(peer: Peer, api: Api, streamed: bool, status: int) -> None:
    request = replace(REQUEST, stream=streamed)
    peer.answers(lambda seen: replace(stream(seen, reply("hi")), status=status))
    assert fold_events(await send_request(peer, api, request)) == reply("hi")


@pytest.mark.parametrize("api", APIS)
async def test_a_refused_field_is_left_out_with_a_notice(peer: Peer, api: Api) -> None:
    request = replace(REQUEST, params=replace(REQUEST.params, thinking=True))
    peer.answers(
        error(422, "Extra inputs are not permitted: thinking"), lambda seen: stream(seen, reply("ok"))
    )
    events = await send_request(peer, api, request)
    assert (fold_events(events).text, ["thinking" in seen.body for seen in peer.requests]) == (
        "ok",
        [True, False],
    )
    assert [event.text for event in events if isinstance(event, Notice)] == [
        "The server does not support thinking; the request was repeated without it."
    ]


@pytest.mark.parametrize("api", APIS)
async def test_a_field_that_is_refused_again_is_an_error(peer: Peer, api: Api) -> None:
    request = replace(REQUEST, params=replace(REQUEST.params, thinking=True))
    peer.answers(error(400, "Unknown field thinking"))
    with pytest.raises(ApiError, match="Unknown field thinking"):
        await send_request(peer, api, request)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("api", APIS)
async def test_a_reply_in_the_other_format_is_an_error_that_names_the_option_and_is_not_retried(
    peer: Peer, api: Api, streamed: bool
) -> None:
    other = {"openai": "anthropic", "anthropic": "openai"}[api]
    path = {"openai": "/chat/completions", "anthropic": "/v1/messages"}[other]
    peer.answers(lambda seen: stream(replace(seen, path=path), reply("hi")))
    with pytest.raises(WireError, match=f"in the {other} format") as failure:
        await send_request(peer, api, replace(REQUEST, stream=streamed))
    assert (len(peer.requests), f"--api {other}" in failure.value.hint) == (1, True)


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b": PROCESSING\n\n", b"\n\n", b"data:\n\n"])
@pytest.mark.parametrize("api", APIS)
async def test_a_json_error_without_an_event_is_raised_and_not_retried(
    peer: Peer, api: Api, head: bytes
) -> None:
    failed = {"error": {"message": "Insufficient quota", "type": "insufficient_quota"}}
    peer.answers(Answer([head, json.dumps(failed, indent=2).encode()]))
    with pytest.raises(InsufficientBalance, match="Insufficient quota"):
        await send_request(peer, api)
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("body", "excerpt"),
    [
        (b"error: out of memory\n", "error: out of memory"),
        (b"upstream connect error\n\n", "upstream connect error"),
        (b"<html>\n<body>Log in</body></html>\n", "an HTML page instead of JSON"),
        (b"data: <html>Log in</html>\n\n", "an HTML page instead of JSON"),
    ],
)
@pytest.mark.parametrize("api", APIS)
async def test_plain_text_instead_of_a_stream_is_quoted_and_not_retried(
    peer: Peer, api: Api, body: bytes, excerpt: str
) -> None:
    peer.answers(Answer([body]))
    with pytest.raises(WireError, match=excerpt):
        await send_request(peer, api)
    assert len(peer.requests) == 1


async def test_a_huge_error_body_is_truncated(peer: Peer) -> None:
    peer.answers(Answer((b"x" * 65_536 for _ in range(10_000)), status=400))
    with pytest.raises(ApiError) as failure:
        await send_request(peer)
    assert len(str(failure.value)) < 500


async def test_a_read_timeout_is_an_error_that_is_not_retried(peer: Peer) -> None:
    peer.answers(Answer([SILENCE]))
    with pytest.raises(ConnectionFailed, match=r"^Read timeout: 127\.0\.0\.1:\d+ sent no response\.$"):
        await send_request(peer, timeout=2)
    assert len(peer.requests) == 1
    peer.answers(Answer([delta("half"), SILENCE]))
    with pytest.raises(IncompleteStream, match=r"^Read timeout: .* stopped sending during the reply"):
        await send_request(peer, timeout=2)


async def test_no_error_contains_the_key(peer: Peer) -> None:
    peer.answers(error(500), Answer([CUT]), error(401, KEY))
    with pytest.raises(MimoError) as failure:
        await send_request(peer)
    assert KEY not in "".join(contents(failure.value))


def contents(failure: BaseException) -> Iterable[str]:
    """Return everything that a verbose traceback could show of an error and its context."""
    seen: BaseException | None = failure
    while seen:
        yield repr(seen) + repr(vars(seen))
        trace = seen.__traceback__
        while trace:
            if "mimo_magics" in trace.tb_frame.f_code.co_filename:
                yield repr(trace.tb_frame.f_locals)
            trace = trace.tb_next
        seen = seen.__context__


# MiMo requires the reasoning of earlier tool calls


@pytest.mark.parametrize("reasoning_text", ["I need the clock.", ""])
@pytest.mark.parametrize("api", APIS)
async def test_a_tool_round_is_accepted_with_its_reasoning_or_a_placeholder(
    peer: Peer, api: Api, reasoning_text: str
) -> None:
    reasoning = (ReasoningPart(reasoning_text),) if reasoning_text else ()
    call = Message("assistant", (*reasoning, ToolCall("c1", "clock", "{}"), ToolCall("c2", "clock", "")))
    results = Message("tool", (ToolResult("c1", "clock", "12:00"), ToolResult("c2", "clock", "")))
    messages = (user_message("What time is it?"), call, results, user_message("And now?"))
    request = Request(messages, REQUEST.params, (Tool("clock"),))
    assert fold_events(await send_request(peer, api, request)).text.startswith("You said: ")


async def test_a_delta_needs_few_python_calls(peer: Peer) -> None:
    """Count Python functions and resumed generators, those of asyncio included, with one chunk for each delta."""
    words = 1_000
    peer.answers(lambda seen: Answer(frames(seen, ["word "] * words)))
    # The first call opens the connection.
    await send_request(peer)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        await send_request(peer)
    finally:
        sys.setprofile(None)
    assert calls / words <= 80, calls


@pytest.mark.parametrize("api", APIS)
async def test_concurrent_replies_are_not_mixed_up(peer: Peer, api: Api) -> None:
    peer.answers(lambda seen: Answer(frames(seen, [seen.prompt, " "] * 20, 0.001)))
    requests = [Request((user_message(f"n{number}"),), REQUEST.params) for number in range(30)]
    replies = await asyncio.gather(*(send_request(peer, api, request) for request in requests))
    assert [fold_events(events).text for events in replies] == [f"n{number} " * 20 for number in range(30)]


async def test_a_service_lists_its_models(peer: Peer) -> None:
    peer.models = ["mimo-v2.5-tts", "mimo-v2.6-pro"]
    assert await http.list_models(endpoint(peer)) == ("mimo-v2.5-tts", "mimo-v2.6-pro")
    peer.models = None
    assert await http.list_models(endpoint(peer)) == ()
    nowhere = Endpoint("http://127.0.0.1:9/v1", Secret(KEY), "bearer")
    assert await http.list_models(nowhere) == ()


@pytest.mark.parametrize("value", [{1}, float("nan"), b"x", object()])
async def test_a_request_that_is_not_json_serializable_is_not_sent(peer: Peer, value: object) -> None:
    request = replace(REQUEST, params=replace(REQUEST.params, extra={"x": value}))
    with pytest.raises(BadOption, match="not JSON serializable") as failure:
        await send_request(peer, request=request)
    assert (peer.requests, bool(failure.value.hint)) == ([], True)
